import Configuration
import Foundation
import Imaging
import Layers
import Masks
import Modeling
import Tensors
import TestSupport
import Testing

import Data
import Training

/// A small model with a norm, buffers, a weight in another layout and random numbers of its own.
struct ToyModel: Model {
  struct Configuration: Decodable, Sendable {
    /// The iteration whose loss is not a number.
    var nanAt: Int?
    /// The norm; `BN` unless said otherwise.
    var norm: NormConfiguration?
    /// The probability that a branch is left out.
    var dropping: Float?
    enum CodingKeys: String, CodingKey {
      case nanAt = "nan_at"
      case norm = "norm_cfg"
      case dropping = "drop_path_rate"
    }
  }

  private let convolution = Conv2d(2, 8, kernel: 3, padding: 1)
  private let norm: any UnaryLayer
  private let dropPath: DropPath
  private let head = Linear(8, 1)
  private let configuration: Configuration

  init(_ configuration: Configuration) {
    self.configuration = configuration
    norm = (configuration.norm ?? NormConfiguration()).make(8)
    dropPath = DropPath(probability: configuration.dropping ?? 0.3, layer: 0)
  }

  var tree: ParameterTree {
    ["backbone": .tree(["conv": .layer(convolution), "norm": .layer(norm)]), "head": .layer(head)]
  }

  /// Numbers that depend on the sample's place in the data set.
  private static func pixels(of sample: Sample) -> [Float] {
    (0..<32).map { position -> Float in
      let step = position * 7 + sample.index * 13
      return Float(step % 11) / 5 - 1
    }
  }

  private func output(_ samples: [Sample]) -> Tensor {
    let images = Tensor(samples.flatMap(Self.pixels(of:)), shape: [samples.count, 4, 4, 2])
    return head(dropPath(norm(convolution(images))).relu().mean(axes: [1, 2]))
  }

  func losses(_ samples: [Sample]) throws -> Losses {
    let targets = Tensor(
      samples.map { Float($0.index % 3) + $0.scaleFactor.width }, shape: [samples.count, 1])
    let difference = output(samples) - targets
    var loss = (difference * difference).mean()
    if let step = ForwardMode.current.training?.step, step == configuration.nanAt {
      loss = loss * Tensor(.nan)
    }
    return Losses([.loss("loss_toy", loss), .figure("acc", 50)])
  }

  func predict(_ samples: [Sample]) throws -> [Prediction] {
    output(samples).values.map {
      Prediction(instances: InstancePrediction(boxes: Boxes(), scores: [$0], labels: [0], masks: nil))
    }
  }
}

/// Samples with nothing but a number and one random figure.
struct ToyDataset: Dataset {
  struct Configuration: Decodable, Sendable {
    var count: Int
    var classes: [String]?
    var isTest: Bool?
    var metainfo: [String: [String]]?
    /// Of which nothing is read.
    var annotationFile: String?
    /// The global number from which on samples cannot be read.
    var missingFrom: Int?

    enum CodingKeys: String, CodingKey {
      case count, classes, metainfo
      case annotationFile = "ann_file"
      case missingFrom = "missing_from"
      case isTest = "test_mode"
    }
  }

  struct Jitter: Transform {
    var missingFrom: Int?

    func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
      var sample = sample
      if let missingFrom, sample.number >= missingFrom {
        throw DataError(file: sample.imagePath, "is gone")
      }
      sample.scaleFactor.width = random.uniform()
      return sample
    }
  }

  let count: Int
  let metainfo: DatasetMetainfo
  let pipeline: Pipeline
  let isTest: Bool
  let annotationSources: [AnnotationSource]

  init(_ configuration: Configuration) {
    pipeline = Pipeline([Jitter(missingFrom: configuration.missingFrom)])
    annotationSources = configuration.annotationFile.map { [.file($0)] } ?? []
    count = configuration.count
    isTest = configuration.isTest ?? false
    metainfo = DatasetMetainfo(classes: configuration.classes ?? ["thing"])
  }

  func sample(at index: Int) throws -> Sample { Sample(imageID: index, imagePath: "toy/\(index).png") }
}

/// The mean score.
struct ToyMetric: Metric {
  let figures = [MetricFigure("toy/mAP"), MetricFigure("toy/nothing")]
  /// The scores by image: joined in their order, any split has the same sum.
  private(set) var state: [Int: Double] = [:]

  mutating func add(_ prediction: Prediction, for sample: Sample) throws {
    guard let found = prediction.instances else { return }
    state[sample.imageID] = found.scores.reduce(0) { $0 + Double($1) }
  }

  mutating func merge(_ state: [Int: Double]) throws { self.state.merge(state) { _, new in new } }

  func summary() throws -> MetricSummary {
    let count = state.count
    let mean = state.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value } / Double(count)
    return MetricSummary(
      values: [("toy/mAP", mean), ("toy/nothing", .nan)], table: "toy table of \(count)",
      json: ["toy": mean])
  }
}

struct NoSettings: Decodable, Sendable {}

extension Components {
  /// The toy parts.
  static var toy: Components {
    var components = Components()
    components.models.add("Toy") { (c: ToyModel.Configuration, _: ModelContext) in ToyModel(c) }
    components.data.datasets.add("ToyDataset") { (c: ToyDataset.Configuration, _: DataContext) in
      ToyDataset(c)
    }
    components.metrics.add("ToyMetric") { (_: NoSettings, _: MetricContext) in ToyMetric() }
    return components
  }
}

/// A toy config; `more` replaces keys of it.
func toyConfiguration(_ more: String = "", images: Int = 7) throws -> ExperimentConfiguration {
  let text = """
    model: {type: Toy}
    train_dataloader:
      batch_size: 2
      num_workers: 1
      sampler: {type: InfiniteSampler}
      dataset: {type: ToyDataset, count: \(images)}
    val_dataloader:
      dataset: {type: ToyDataset, count: 3, test_mode: true}
    val_cfg: {type: ValLoop}
    val_evaluator: {type: ToyMetric}
    train_cfg: {type: IterBasedTrainLoop, max_iters: 20, val_interval: 10}
    optim_wrapper:
      type: OptimWrapper
      optimizer: {type: AdamW, lr: 0.05, weight_decay: 0.1}
      paramwise_cfg: {custom_keys: {norm: {decay_mult: 0}, head: {lr_mult: 0.5}}}
      clip_grad: {max_norm: 1}
    param_scheduler:
      - {type: LinearLR, start_factor: 0.1, begin: 0, end: 5, by_epoch: false}
      - {type: PolyLR, power: 0.9, eta_min: 0.001, begin: 5, by_epoch: false}
    default_hooks:
      checkpoint: {type: CheckpointHook, interval: 10}
      logger: {type: LoggerHook, interval: 5}

    """
  var node = try ConfigurationNode.parse(text, file: "toy.yaml")
  if !more.isEmpty {
    for entry in try ConfigurationNode.parse(more, file: "more.yaml").entries ?? [] {
      node = node.setting(entry.key, to: entry.value)
    }
  }
  return try ExperimentConfiguration(node)
}

/// Trains quietly in a folder.
@discardableResult
func trainToy(
  _ configuration: ExperimentConfiguration, in folder: TemporaryFolder, resume: TrainingOptions.Resume = .no,
  seed: UInt64? = 3
) throws -> TrainingRun {
  let run = try TrainingRun(
    configuration: configuration, components: .toy,
    options: TrainingOptions(workDirectory: folder.path, resume: resume, seed: seed, isQuiet: true))
  try run.run()
  return run
}
