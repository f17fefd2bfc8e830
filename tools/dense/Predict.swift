import ArgumentParser
import Configuration
import Data
import Detection
import Foundation
import Imaging
import Training

/// `dense predict CONFIG CHECKPOINT IMAGE...`
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Predict images: pictures and JSON, no annotations needed.",
    discussion: "Categories are numbered from 1 in the order of the classes.")

  @OptionGroup var config: ConfigOptions

  @Argument(
    help: "The checkpoint (safetensors or .pth).",
    completion: .file(extensions: ["safetensors", "pth", "pt"]))
  var checkpoint: String

  @Argument(help: "The images.", completion: .file())
  var images: [String]

  @Option(help: "A folder for pictures and label maps.", completion: .directory)
  var outDir: String?

  @Option(help: "The least score of an object that is drawn and listed.")
  var scoreThr: Float = 0.3

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard outDir != nil || json else { throw ValidationError("Give --out-dir for pictures, or --json.") }
    guard (0...1).contains(scoreThr) else { throw ValidationError("--score-thr must be in 0...1.") }
  }

  private struct Report: Encodable { var images: [PredictedImage] }

  func run() throws {
    threads.prepare()
    try Output.reporting(json: json) {
      let predictor = try Predictor(
        configuration: try config.experiment(), components: .all, checkpoint: checkpoint)
      if !json { print("\(predictor.loading) from \(checkpoint)") }
      if let outDir {
        try FileManager.default.createDirectory(atPath: outDir, withIntermediateDirectories: true)
      }
      var report = Report(images: [])
      for path in images {
        let (prediction, size) = try predictor.predict(path)
        var image = PredictedImage(
          file: path, size: size, prediction, classes: predictor.metainfo.classes, scoreThreshold: scoreThr)
        if let outDir { try write(prediction, of: path, to: outDir, predictor.metainfo, &image) }
        if !json { print(image.line) }
        report.images.append(image)
      }
      if json { try Output.json(report) }
    }
  }

  private func write(
    _ prediction: Prediction, of path: String, to folder: String, _ metainfo: DatasetMetainfo,
    _ image: inout PredictedImage
  ) throws {
    let stem = ((path as NSString).lastPathComponent as NSString).deletingPathExtension
    try Picture(of: prediction, on: path, metainfo: metainfo, scoreThreshold: scoreThr)
      .writePNG(to: "\(folder)/\(stem).png")
    if case .labelMap(let map) = prediction {
      image.labelMap = "\(folder)/\(stem)_labels.png"
      try map.writePNG(to: "\(folder)/\(stem)_labels.png")
    }
  }
}

/// One image of `dense predict --json`.
private struct PredictedImage: Encodable {
  struct Instance: Encodable {
    var categoryID: Int
    var category: String
    var score: Float
    var box: [Double]
    var segmentation: CocoRunLengths?

    enum CodingKeys: String, CodingKey {
      case category, score, segmentation
      case categoryID = "category_id"
      case box = "bbox"
    }
  }

  var file: String
  var height: Int
  var width: Int
  var instances: [Instance]?
  var labelMap: String?
  var pixels: [String: Int]?

  enum CodingKeys: String, CodingKey {
    case file, height, width, instances, pixels
    case labelMap = "label_map"
  }

  init(file: String, size: ImageSize, _ prediction: Prediction, classes: [String], scoreThreshold: Float) {
    (self.file, height, width) = (file, size.height, size.width)
    switch prediction {
    case .instances(let found):
      instances = found.scores.indices.filter { found.scores[$0] >= scoreThreshold }.map { index in
        Instance(
          categoryID: found.labels[index] + 1, category: classes[found.labels[index]],
          score: found.scores[index],
          box: cornerForm(found.boxes[index]), segmentation: found.masks.map { CocoRunLengths($0[index]) })
      }
    case .labelMap(let map):
      var counts = [Int](repeating: 0, count: classes.count)
      for label in map.pixels { counts[Int(label)] += 1 }
      pixels = Dictionary(zip(classes, counts)) { $0 + $1 }
    }
  }

  /// For the terminal.
  var line: String {
    if let instances { return "\(file): \(instances.count) objects" }
    let shares = (pixels ?? [:]).sorted { $0.value > $1.value }.map { name, count in
      "\(name) \(String(format: "%.1f", 100 * Double(count) / Double(max(1, height * width)))) %"
    }
    return "\(file): \(shares.joined(separator: ", "))"
  }
}
