import Analysis
import ArgumentParser
import Configuration
import Files
import Imaging
import Modeling
import Reporting
import Tensors
import Training

/// `dense analyze scale [CONFIG] [CHECKPOINT] --shapes ...`
struct AnalyzeScale: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scale",
    abstract: "Metric, FLOPs, time and memory over sizes of pictures.",
    usage: "dense analyze scale [<config>] [<checkpoint>] --shapes <size> ... [<options>]",
    discussion: """
      Time is that of one picture of noise with initial values, from pixels to predictions (the median of --rounds); \
      memory is what the backbone's tensors hold at most, worked out from their shapes, and the weights. With a \
      checkpoint the test data are evaluated at every size: Resize and CenterCrop of the test's pipeline get the size, \
      ResizeEdge one in the same ratio to the crop as before.
      """)

  @Argument(
    help: ArgumentHelp(
      "The config file (YAML), unless the checkpoint's own is meant; and a checkpoint or work directory, whose figures "
        + "are wanted.", valueName: "[config] [checkpoint]"), completion: .file())
  var words: [String]

  @OptionGroup var replacements: OverrideOptions

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Sizes: 512 for a square, 512x1024 for height and width.", valueName: "size"))
  var shapes: [String]

  @Option(parsing: .unconditional, help: "Runs for the time of a size.")
  var rounds = 3

  @Option(
    help: ArgumentHelp("A file for the plot: .svg or .png.", valueName: "file"), completion: .file())
  var out: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  /// Height and width of each size.
  private func sizes() throws -> [ImageSize] {
    guard !shapes.isEmpty else { throw ValidationError("--shapes: one size or more is wanted.") }
    return try shapes.map { text in
      let sides = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
      guard (1...2).contains(sides.count), let height = sides[0], let width = sides[sides.count - 1] else {
        throw ValidationError("--shapes: '\(text)' is no size; write 512 or 512x1024, height first.")
      }
      do { return try StandaloneModel.size([height, width]) } catch { throw ValidationError("\(error).") }
    }
  }

  /// The config and the checkpoint among the words.
  private func named() throws -> (config: String?, checkpoint: String?) {
    guard words.count <= 2 else { throw ValidationError("Unexpected argument '\(words[2])'") }
    let endsAsConfig = ["yaml", "yml"].contains(Folder.splitExtension(words[0]).extension.lowercased())
    if words.count == 1, endsAsConfig { return (words[0], nil) }
    let named = try CheckpointWords(words, wantsMore: false)
    return (named.config, named.checkpoint)
  }

  func validate() throws {
    try requireNames(["--out": out])
    _ = try sizes()
    _ = try named()
    guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be in 1...1000.") }
    if let out, !["svg", "png"].contains(Folder.splitExtension(out).extension) {
      throw ValidationError("--out: \(out): the extension has to be .svg or .png.")
    }
  }

  func run() throws {
    threads.prepare()
    try Output.reporting(json: json) {
      let (config, named) = try named()
      let checkpoint = try named.map(CheckpointWords.file)
      let node = try replacements.load(config, carriedBy: checkpoint ?? "")
      var plan = OutputPlan(keepingDataOf: try ExperimentConfiguration(node, deferringMistakes: true))
      if let checkpoint { plan.keep(checkpoint, as: "the checkpoint") }
      if let out {
        try Folder.makeWritable(Folder.split(out).folder)
        try plan.claim(out, for: "--out \(out)", of: "the plot", remedy: "name another file")
      }
      let study = ScaleStudy(node, components: .all, checkpoint: checkpoint, rounds: rounds)
      let report = try study.run(try sizes()) { Output.message($0) }
      if let out {
        let name = Folder.splitExtension(Folder.split(config ?? checkpoint ?? "model").name).stem
        let figure = ScaleFigure([(name, report)])
        if out.hasSuffix(".svg") {
          try AtomicFile.write(Array(figure.svg.utf8), to: out)
        } else {
          try figure.picture.writePNG(to: out)
        }
      }
      if json {
        try Output.json(report)
      } else {
        try Output.print(report.text())
        if let out { try Output.print("written: \(out)") }
      }
    }
  }
}
