import Analysis
import ArgumentParser
import Configuration
import Files
import Imaging
import Modeling
import Reporting
import Tensors
import Training

/// The words `[CONFIG] [CHECKPOINT...] IMAGE...`.
struct StudyWords {
  /// Nil where the first checkpoint's own is meant.
  var config: String?
  /// Files; none: initial values are meant.
  var checkpoints: [String] = []
  /// Still folders, patterns and lists.
  var images: [String]

  /// Tells the words apart by their endings; a folder with a checkpoint in it is a work directory.
  ///
  /// - Throws: `ValidationError` where something is missing.
  init(_ words: [String]) throws {
    var rest = words[...]
    if let first = rest.first,
      ["yaml", "yml"].contains(Folder.splitExtension(first).extension.lowercased())
    {
      config = rest.removeFirst()
    }
    while let first = rest.first {
      if CheckpointWords.endings.contains(Folder.splitExtension(first).extension.lowercased()) {
        checkpoints.append(first)
      } else if Folder.isFolder(first), let best = try? WorkDirectory.bestCheckpoint(in: first) {
        checkpoints.append(best)
      } else {
        break
      }
      rest.removeFirst()
    }
    images = Array(rest)
    guard config != nil || !checkpoints.isEmpty else {
      throw ValidationError(
        "Missing expected argument '<config>': a config (YAML), or a checkpoint with its own.")
    }
    guard !images.isEmpty else { throw ValidationError("Missing expected argument '<images> ...'") }
  }

  /// The config, or that of the first checkpoint.
  func load(_ replacements: OverrideOptions) throws -> ConfigurationNode {
    try replacements.load(config, carriedBy: checkpoints[0])
  }
}

/// `dense analyze receptive-field [CONFIG] [CHECKPOINT...] IMAGE...`
struct AnalyzeReceptiveField: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "receptive-field",
    abstract: "How much each pixel has to do with the middle of a backbone's last map.",
    usage: "dense analyze receptive-field [<config>] [<checkpoint> ...] <image> ... [<options>]",
    discussion: """
      The effective receptive field (arXiv:1701.04128), as VMamba's analyze/erf.py has it: the positive derivatives of \
      the map's middle by the pixels, the mean over the images. Of several checkpoints the fields stand beside each \
      other; without one, and first with --initial, the field is that of the initial values, from which training from \
      scratch begins. The table tells the side of the smallest square around the middle that holds more than each \
      share of the map, which is weighed in three ways: log10(x + 1), the power of 0.2, and plain.

      Images are stretched to --shape and normalised as the model does it; nothing but the config's model is looked at.
      """)

  @Argument(
    help: ArgumentHelp(
      "The config file (YAML), unless the checkpoint's own is meant; checkpoints or work directories; and images, folders, "
        + "patterns or @lists of them.",
      valueName: "[config] [checkpoint ...] images"), completion: .file())
  var words: [String]

  @OptionGroup var replacements: OverrideOptions

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Height and width that images are brought to.", valueName: "pixels"))
  var shape: [Int] = [512, 512]

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Shares of the map, between 0 and 1.", valueName: "share"))
  var thresholds: [Double] = [0.2, 0.3, 0.5, 0.99]

  @Flag(help: "Take the map behind the norm with which the backbone returns it.")
  var norm = false

  @Flag(help: "Show the field of the initial values first.")
  var initial = false

  @Option(
    help: ArgumentHelp("A file for the picture of the fields.", valueName: "file.png"),
    completion: .file(extensions: ["png"]))
  var out: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    try requireNames(["--out": out])
    _ = try StudyWords(words)
    guard !thresholds.isEmpty, thresholds.allSatisfy({ (0...1).contains($0) }) else {
      throw ValidationError("--thresholds: numbers in 0...1 are wanted.")
    }
    do { _ = try StandaloneModel.size(shape) } catch { throw ValidationError("\(error).") }
  }

  func run() throws {
    threads.prepare()
    try Output.reporting(json: json) {
      let named = try StudyWords(words)
      let images = try InputImages.files(named.images)
      var plan = OutputPlan()
      for image in images { plan.keep(image, as: "an input") }
      for checkpoint in named.checkpoints { plan.keep(checkpoint, as: "a checkpoint") }
      if let config = named.config { plan.keep(config, as: "the config") }
      if let out {
        try Folder.makeWritable(Folder.split(out).folder)
        try plan.claim(out, for: "--out \(out)", of: "all images", remedy: "name another file")
      }
      let study = try BackboneStudy(try named.load(replacements), components: .all)
      let size = try StandaloneModel.size(shape)
      let tensors = try images.map { try study.image($0, size: size) }
      guard let first = tensors.first else { return }
      var report = ReceptiveFieldReport(
        images: images.count, shape: Array(first.shape[1...2]), isNormalized: norm, thresholds: thresholds)
      let weights: [String?] =
        (initial || named.checkpoints.isEmpty ? [nil] : []) + named.checkpoints.map { $0 }
      for checkpoint in weights {
        if let checkpoint {
          let loading = try study.load(checkpoint)
          if !json { try Output.print("backbone: \(loading) from \(checkpoint)") }
        }
        guard let field = ReceptiveField(of: study.backbone, images: tensors, isNormalized: norm) else {
          throw ConfigurationError(keyPath: "model.backbone", message: "returns no map")
        }
        report.add(field, checkpoint: checkpoint)
      }
      if let out { try report.picture.writePNG(to: out) }
      if json {
        try Output.json(report)
      } else {
        try Output.print(report.text())
        if let out { try Output.print("written: \(out)") }
      }
    }
  }
}
