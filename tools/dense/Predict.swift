import ArgumentParser
import Configuration
import Data
import Distribution
import Files
import Foundation
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

  /// What is opened before the first image.
  private struct Prepared {
    var checkpoint: String
    var images: [String]
    var results: OutputNames
    var predictor: Predictor
  }

  private func prepare() throws -> Prepared {
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
    return Prepared(
      checkpoint: checkpoint, images: images, results: results,
      predictor: try Predictor(configuration: configuration, components: .all, checkpoint: checkpoint))
  }

  /// What an image came to: a prediction, or why there is none.
  private struct Outcome: Codable {
    var number: Int
    var image: PredictedImage?
    var message: String?
  }

  func run() throws {
    try Ranks.together(threads, json: json) { ranks in
      let prepared = try ranks.agreeing(on: { [.init("images", "\($0.images.count)")] }) { try prepare() }
      if ranks.isFirst {
        for note in prepared.predictor.notes { Output.message("note: \(note)") }
        if !json { try Output.print("\(prepared.predictor.loading) from \(prepared.checkpoint)") }
      }
      var outcomes: [Outcome] = []
      for number in stride(from: ranks.rank, to: prepared.images.count, by: ranks.size) {
        let outcome = try predict(number, prepared)
        if ranks.size == 1 { try say(outcome) }
        outcomes.append(outcome)
      }
      if ranks.size > 1 {
        let parts = try ranks.gather([UInt8](JSONEncoder().encode(outcomes)))
        outcomes = try parts.flatMap { try JSONDecoder().decode([Outcome].self, from: Foundation.Data($0)) }
          .sorted { $0.number < $1.number }
        if ranks.isFirst { for outcome in outcomes { try say(outcome) } }
      }
      let failed = outcomes.compactMap { outcome in
        outcome.message.map { Report.Failure(file: prepared.images[outcome.number], message: $0) }
      }
      if ranks.isFirst {
        let report = Report(images: outcomes.compactMap(\.image), failed: failed.isEmpty ? nil : failed)
        if let out { try AtomicFile.write(Output.encoded(report), to: out) }
        if json { try Output.json(report) }
        if !failed.isEmpty {
          Output.message("\(failed.count) of \(prepared.images.count) images could not be predicted")
        }
      }
      if !failed.isEmpty { throw ranks.shared(ExitCode.failure) }
    }
  }

  /// Predicts an image and writes what belongs to it.
  private func predict(_ number: Int, _ prepared: Prepared) throws -> Outcome {
    let path = prepared.images[number]
    let predictor = prepared.predictor
    let prediction: Prediction, size: ImageSize
    do {
      (prediction, size) =
        if let tile {
          try predictor.predict(path, tile: tile, overlap: overlap ?? Self.usualOverlap)
        } else {
          try predictor.predict(path)
        }
    } catch  where prepared.images.count > 1 {
      return Outcome(number: number, message: "\(error)")
    }
    var image = PredictedImage(
      file: path, size: size, prediction, classes: predictor.metainfo.classes, scoreThreshold: scoreThr)
    if let outDir {
      let stem = Folder.join(outDir, prepared.results.names[number])
      if prepared.results.isNew[number] { try write(prediction, of: path, to: stem, predictor.metainfo) }
      if prediction.labelMap != nil { image.labelMap = stem + Self.labelMapEnding }
    }
    return Outcome(number: number, image: image)
  }

  /// Tells people what an image came to.
  private func say(_ outcome: Outcome) throws {
    if let message = outcome.message { Output.message("error: \(message)") }
    if !json, let image = outcome.image { try Output.print(image.line) }
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
