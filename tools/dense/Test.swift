import ArgumentParser
import Configuration
import Data
import Detection
import Foundation
import Imaging
import Training

/// `dense test CONFIG CHECKPOINT`
struct Test: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Evaluate a checkpoint on the test data of its config.")

  @OptionGroup var config: ConfigOptions

  @Argument(
    help: "The checkpoint (safetensors or .pth).",
    completion: .file(extensions: ["safetensors", "pth", "pt"]))
  var checkpoint: String

  @Option(
    help: ArgumentHelp(
      "Result files. F.json: F.bbox.json and F.segm.json, as pycocotools reads them. A folder: label maps as PNG.",
      valueName: "path"))
  var out: String?

  @Option(help: "A folder for pictures of the predictions.", completion: .directory)
  var showDir: String?

  @Option(help: "A pattern, such as 'roi_head.*', of weights that the checkpoint may lack. May be repeated.")
  var allowMissing: [String] = []

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  private struct Report: Encodable {
    var checkpoint: String
    var images: Int
    var seconds: Double
    var metrics: AnyMetrics
  }

  /// The metrics' own object.
  private struct AnyMetrics: Encodable {
    var value: any Encodable & Sendable
    func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
  }

  func run() throws {
    threads.prepare()
    try Output.reporting(json: json) {
      let run = try TestRun(
        configuration: try config.experiment(), components: .all, checkpoint: checkpoint,
        allowMissing: allowMissing)
      if !json { print("\(run.loading) from \(checkpoint)") }
      let start = ContinuousClock.now
      var writer = try ResultWriter(out: out, showDir: showDir, dataset: run.loader.dataset)
      var images = 0
      let (summary, _) = try run.run(progress: ProgressLine(isQuiet: json)) { prediction, sample in
        images += 1
        try writer.add(prediction, for: sample)
      }
      let files = try writer.finish()
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      if json {
        try Output.json(
          Report(
            checkpoint: checkpoint, images: images, seconds: seconds, metrics: AnyMetrics(value: summary.json)
          ))
      } else {
        print(summary.table)
        print(
          summary.values.map { "\($0.name): \(String(format: "%.4f", $0.value))" }.joined(separator: "  "))
        for file in files { print("written: \(file)") }
        print(String(format: "%d images in %.1f s", images, seconds))
      }
    }
  }
}

/// Writes what `dense test` is asked for, prediction by prediction.
private struct ResultWriter {
  private let out: String?
  private let showDir: String?
  private let metainfo: DatasetMetainfo
  private var coco: CocoResultFiles?

  init(out: String?, showDir: String?, dataset: any Dataset) throws {
    (self.out, self.showDir, metainfo) = (out, showDir, dataset.metainfo)
    if let out, out.hasSuffix(".json") {
      guard let dataset = dataset as? CocoDataset else {
        throw ValidationError(
          "--out \(out): JSON results are of a CocoDataset; give a folder for label maps.")
      }
      coco = CocoResultFiles(stem: String(out.dropLast(5)), categoryIDs: dataset.categoryIDs)
    }
    for folder in [coco == nil ? out : nil, showDir] {
      if let folder {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      }
    }
  }

  mutating func add(_ prediction: Prediction, for sample: Sample) throws {
    let stem = ((sample.imagePath as NSString).lastPathComponent as NSString).deletingPathExtension
    switch prediction {
    case .instances(let instances):
      guard coco != nil || out == nil else {
        throw ValidationError("--out: a detector's results go into one file; give a name that ends in .json.")
      }
      coco?.add(instances, imageID: sample.imageID)
    case .labelMap(let map):
      if let out { try map.writePNG(to: "\(out)/\(stem).png") }
    }
    if let showDir {
      try Picture(of: prediction, on: sample.imagePath, metainfo: metainfo).writePNG(
        to: "\(showDir)/\(stem).png")
    }
  }

  mutating func finish() throws -> [String] { try coco?.write() ?? (out.map { [$0] } ?? []) }
}
