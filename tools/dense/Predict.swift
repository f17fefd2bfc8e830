import ArgumentParser
import Configuration
import Data
import Files
import Modeling
import Reporting
import Training

/// `dense predict CONFIG CHECKPOINT IMAGE...`
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Predict images: pictures and JSON, no annotations needed.",
    discussion: """
      Detectors give objects, numbered from 1 in the order of the classes; segmentors the class of each pixel; \
      classifiers the best five classes of the image. Pictures bear the names of their images; those of \
      several folders keep their subfolders where two have one name. Nothing is written over an input.
      """)

  @OptionGroup var config: ConfigOptions

  @Argument(
    help: "The checkpoint (safetensors or .pth).",
    completion: .file(extensions: ["safetensors", "pth", "pt"]))
  var checkpoint: String

  @Argument(help: "The images.", completion: .file())
  var images: [String]

  @Option(help: "A folder for pictures and label maps.", completion: .directory)
  var outDir: String?

  @Option(parsing: .unconditional, help: "The least score of an object that is drawn and listed.")
  var scoreThr: Float = 0.3

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
    try requireNames(["--out-dir": outDir])
    guard (0...1).contains(scoreThr) else { throw ValidationError("--score-thr must be in 0...1.") }
    if let tile {
      guard (32...100_000).contains(tile) else { throw ValidationError("--tile must be in 32...100000.") }
    }
    if let overlap {
      guard tile != nil else { throw ValidationError("--overlap is of tiles: give --tile too.") }
      guard (0...0.9).contains(overlap) else { throw ValidationError("--overlap must be in 0...0.9.") }
    }
  }

  private struct Report: Encodable { var images: [PredictedImage] }

  func run() throws {
    threads.prepare()
    try Output.reporting(json: json) {
      let configuration = try config.experiment()
      // A classifier's answer is a line an image.
      guard outDir != nil || json || ResultKind(of: configuration, components: .all) == .classes else {
        throw ValidationError("Give --out-dir for pictures, or --json.")
      }
      let endings = [".png", Self.labelMapEnding]
      let results = OutputNames(images, endings: endings)
      if let outDir {
        var plan = OutputPlan(keepingDataOf: configuration)
        for image in images { plan.keep(image, as: "an input") }
        plan.keep(checkpoint, as: "the checkpoint")
        try plan.claim(folder: outDir, for: "--out-dir", results: results, of: images, endings: endings)
      }
      if tile != nil, let kind = ResultKind(of: configuration, components: .all), kind != .objects {
        throw ValidationError("--tile joins the objects of a detector; this model is none.")
      }
      let predictor = try Predictor(configuration: configuration, components: .all, checkpoint: checkpoint)
      for note in predictor.notes { Output.message("note: \(note)") }
      if !json { try Output.print("\(predictor.loading) from \(checkpoint)") }
      var report = Report(images: [])
      for (index, path) in images.enumerated() {
        let (prediction, size) =
          if let tile {
            try predictor.predict(path, tile: tile, overlap: overlap ?? Self.usualOverlap)
          } else {
            try predictor.predict(path)
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
      if json { try Output.json(report) }
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
