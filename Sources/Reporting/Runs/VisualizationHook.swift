import Configuration
import Data
import Files
import Foundation
import Imaging
import Modeling
import Training

/// Pictures of a validation's images with truth beside prediction (mm's `DetVisualizationHook` and `SegVisualizationHook`).
///
/// With `draw: true` every `interval`-th image, as in mm; without the key the worst images of each validation, in
/// `val_images`, under names that begin with their scores; with `draw: false` none.
public struct VisualizationHook: Hook {
  /// mm's keys.
  struct Configuration: Decodable, Sendable {
    var draws: Bool?
    var interval = 50
    var scoreThreshold: Float = 0.3

    enum CodingKeys: String, CodingKey {
      case draws = "draw"
      case interval, show
      case scoreThreshold = "score_thr"
      case waitTime = "wait_time"
      case testFolder = "test_out_dir"
    }

    init() {}

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      draws = try keys.decodeIfPresent(Bool.self, forKey: .draws)
      interval = try keys.decodeIfPresent(Int.self, forKey: .interval, in: 1...1_000_000_000) ?? interval
      scoreThreshold =
        try keys.decodeIfPresent(Float.self, forKey: .scoreThreshold, in: 0...1) ?? scoreThreshold
      if try keys.decodeIfPresent(Bool.self, forKey: .show) == true {
        throw keys.refusal(
          "there is no window to show pictures in: they are files of the run's folder", forKey: .show)
      }
      // Belongs to mm's windows.
      _ = try keys.decodeIfPresent(Double.self, forKey: .waitTime)
      if try keys.decodeIfPresent(String?.self, forKey: .testFolder) ?? nil != nil {
        throw keys.refusal("pictures of a test go where dense test --show-dir says", forKey: .testFolder)
      }
    }
  }

  /// An image that may be drawn when the validation is over: its pixels are read again then.
  private struct Candidate {
    var score: Double
    var prediction: Prediction
    var sample: Sample
  }

  /// So many of the worst are drawn, each side of so many pixels at most.
  private static let (most, side) = (8, 640)

  private let settings: Configuration
  private var count = 0
  private var worst: [Candidate] = []
  private var written: [String] = []

  /// Behind the log.
  public let priority = HookPriority.low

  init(_ settings: Configuration = Configuration()) { self.settings = settings }

  /// Begins anew.
  public mutating func beforeValidation(_ trainer: Trainer) throws { (count, worst) = (0, []) }

  /// Draws an image, or remembers it.
  public mutating func afterPrediction(
    _ trainer: Trainer, _ prediction: Prediction, for sample: Sample
  ) throws {
    guard let workDirectory = trainer.workDirectory, settings.draws != false else { return }
    let number = trainer.iteration + count
    count += 1
    if settings.draws == true {
      guard number.isMultiple(of: settings.interval) else { return }
      let name = "val_\(Self.stem(sample))_\(number)"
      draw(prediction, sample, to: "\(workDirectory.visualization)/vis_image/\(name).png", name, trainer)
      return
    }
    guard let score = prediction.score(against: sample, scoreThreshold: settings.scoreThreshold),
      worst.count < Self.most || score < worst.last?.score ?? 1
    else { return }
    var kept = sample
    (kept.image, kept.instances, kept.variants) = (nil, nil, [])
    let place = worst.firstIndex { score < $0.score } ?? worst.count
    worst.insert(Candidate(score: score, prediction: prediction, sample: kept), at: place)
    if worst.count > Self.most { worst.removeLast() }
  }

  /// Draws the worst, in the place of those of the validation before.
  public mutating func afterValidation(_ trainer: Trainer, _ summary: MetricSummary) throws {
    guard let folder = trainer.workDirectory?.runFolder, !worst.isEmpty else { return }
    for file in written { try? FileManager.default.removeItem(atPath: file) }
    written = []
    for (rank, candidate) in worst.enumerated() {
      var name = String(format: "%.2f_", candidate.score) + Self.stem(candidate.sample)
      if written.contains("\(folder)/val_images/\(name).png") { name += "_\(candidate.sample.index)" }
      let file = "\(folder)/val_images/\(name).png"
      written.append(file)
      draw(candidate.prediction, candidate.sample, to: file, "val_images/\(rank)", trainer)
    }
    worst = []
  }

  private func draw(
    _ prediction: Prediction, _ sample: Sample, to file: String, _ name: String, _ trainer: Trainer
  ) {
    trainer.attempt("\(file) was not written") {
      guard FileManager.default.fileExists(atPath: sample.imagePath) else { return }
      let picture = try Picture(
        comparing: prediction, with: sample,
        metainfo: (trainer.validationDataset ?? trainer.trainingDataset).metainfo,
        scoreThreshold: settings.scoreThreshold, side: Self.side)
      try Folder.make(Folder.split(file).folder)
      try picture.writePNG(to: file)
      trainer.write(picture.image, name: name)
    }
  }

  private static func stem(_ sample: Sample) -> String {
    Folder.splitExtension(Folder.split(sample.imagePath).name).stem
  }
}
