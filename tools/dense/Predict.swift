import ArgumentParser
import Configuration
import Data
import Files
import Imaging
import Modeling
import Reporting
import Training

/// `dense predict [CONFIG] CHECKPOINT IMAGE...`
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Predict images: pictures and JSON, no annotations needed.",
    usage: "dense predict [<config>] <checkpoint> <image> ... [<options>]",
    discussion: """
      Detectors give objects, numbered from 1 in the order of the classes; segmentors the class of each pixel; \
      classifiers the best five classes of the image. Pictures bear the names of their images; those of \
      several folders keep their subfolders where two have one name. Nothing is written over an input.

      Images are files; folders, of which all pictures are taken, in the order of their names (frame 2 before frame 10); \
      patterns in quotes; and lists, @FILE with one name a line. Where one of several images cannot be predicted, it \
      is named and the others are, and the exit status is 1.
      """)

  @Argument(
    help: ArgumentHelp(
      "The config file (YAML), unless the checkpoint's own is meant; the checkpoint (safetensors or .pth) or a work "
        + "directory, which stands for its best checkpoint, else its newest; and the images.",
      valueName: "[config] checkpoint images"), completion: .file())
  var words: [String]

  @OptionGroup var replacements: OverrideOptions

  @Option(help: "A folder for pictures and label maps.", completion: .directory)
  var outDir: String?

  @Option(parsing: .unconditional, help: "The least score of an object that is drawn and listed.")
  var scoreThr: Float = 0.3

  @Option(
    help: ArgumentHelp("A file for the object that --json prints.", valueName: "file.json"),
    completion: .file(extensions: ["json"]))
  var out: String?

  @Option(
    parsing: .unconditional,
    help: "Cut images into tiles of so many pixels a side, and join what is found (detectors).")
  var tile: Int?

  @Option(parsing: .unconditional, help: "The share of a tile's side that neighbours have in common.")
  var overlap: Double?

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    try requireNames(["--out-dir": outDir, "--out": out])
    _ = try CheckpointWords(words, wantsMore: true)
    guard (0...1).contains(scoreThr) else { throw ValidationError("--score-thr must be in 0...1.") }
    if let tile {
      guard (32...100_000).contains(tile) else { throw ValidationError("--tile must be in 32...100000.") }
    }
    if let overlap {
      guard tile != nil else { throw ValidationError("--overlap is of tiles: give --tile too.") }
      guard (0...0.9).contains(overlap) else { throw ValidationError("--overlap must be in 0...0.9.") }
    }
  }

  private struct Report: Encodable {
    /// An image that was passed over, and why.
    struct Failure: Encodable {
      var file: String
      var message: String
    }
    var images: [PredictedImage] = []
    var failed: [Failure]?
  }

  func run() throws {
    threads.prepare()
    try Output.reporting(json: json) {
      let named = try CheckpointWords(words, wantsMore: true)
      let checkpoint = try named.checkpointFile()
      let configuration = try replacements.experiment(named.config, carriedBy: checkpoint)
      // A classifier's answer is a line an image.
      guard outDir != nil || out != nil || json || ResultKind(of: configuration, components: .all) == .classes
      else { throw ValidationError("Give --out-dir for pictures, --out for a file of JSON, or --json.") }
      let images = try InputImages.files(named.rest)
      let endings = [".png", Self.labelMapEnding]
      let results = OutputNames(images, endings: endings)
      var plan = OutputPlan(keepingDataOf: configuration)
      for image in images { plan.keep(image, as: "an input") }
      plan.keep(checkpoint, as: "the checkpoint")
      if let out {
        try Folder.makeWritable(Folder.split(out).folder)
        try plan.claim(out, for: "--out \(out)", of: "all images", remedy: "name another file")
      }
      if let outDir {
        try plan.claim(folder: outDir, for: "--out-dir", results: results, of: images, endings: endings)
      }
      if tile != nil, let kind = ResultKind(of: configuration, components: .all), kind != .objects {
        throw ValidationError("--tile joins the objects of a detector; this model is none.")
      }
      let predictor = try Predictor(configuration: configuration, components: .all, checkpoint: checkpoint)
      for note in predictor.notes { Output.message("note: \(note)") }
      if !json { try Output.print("\(predictor.loading) from \(checkpoint)") }
      var report = Report()
      for (index, path) in images.enumerated() {
        let prediction: Prediction, size: ImageSize
        do {
          (prediction, size) =
            if let tile {
              try predictor.predict(path, tile: tile, overlap: overlap ?? Self.usualOverlap)
            } else {
              try predictor.predict(path)
            }
        } catch  where images.count > 1 {
          Output.message("error: \(error)")
          report.failed = (report.failed ?? []) + [Report.Failure(file: path, message: "\(error)")]
          continue
        }
        var image = PredictedImage(
          file: path, size: size, prediction, classes: predictor.metainfo.classes, scoreThreshold: scoreThr)
        if let outDir {
          let stem = Folder.join(outDir, results.names[index])
          if results.isNew[index] { try write(prediction, of: path, to: stem, predictor.metainfo) }
          if prediction.labelMap != nil { image.labelMap = stem + Self.labelMapEnding }
        }
        if !json { try Output.print(image.line) }
        report.images.append(image)
      }
      if let out { try AtomicFile.write(Output.encoded(report), to: out) }
      if json { try Output.json(report) }
      if let failed = report.failed {
        Output.message("\(failed.count) of \(images.count) images could not be predicted")
        throw ExitCode.failure
      }
    }
  }

  private static let usualOverlap = 0.2

  /// A picture may bear the name of its image; the map of its classes needs another.
  private static let labelMapEnding = "_labels.png"

  private func write(
    _ prediction: Prediction, of path: String, to stem: String, _ metainfo: DatasetMetainfo
  ) throws {
    try Picture(of: prediction, on: path, metainfo: metainfo, scoreThreshold: scoreThr)
      .writePNG(to: stem + ".png")
    if let map = prediction.labelMap { try map.writePNG(to: stem + Self.labelMapEnding) }
  }
}
