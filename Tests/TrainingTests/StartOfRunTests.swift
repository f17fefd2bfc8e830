import Checkpoints
import Configuration
import Data
import Foundation
import Imaging
import Layers
import Masks
import Modeling
import Tensors
import TestSupport
import Testing
import Training

/// Fails at its first prediction, or when it sums up.
private struct BrokenMetric: Metric {
  struct Settings: Decodable, Sendable { var sum: Bool }
  let settings: Settings
  let figures: [MetricFigure] = []
  var state: Int { 0 }
  mutating func merge(_ state: Int) throws {}
  mutating func add(_ prediction: Prediction, for sample: Sample) throws {
    if !settings.sum { throw TrainingError("the metric takes no \(sample.imagePath)") }
  }
  func summary() throws -> MetricSummary { throw TrainingError("the metric cannot sum up") }
}

/// Learns from two images or more.
private struct PairModel: Model {
  let inner: ToyModel
  var minimumBatch: Int { 2 }
  var tree: ParameterTree { inner.tree }
  func losses(_ samples: [Sample]) throws -> Losses { try inner.losses(samples) }
  func predict(_ samples: [Sample]) throws -> [Prediction] { try inner.predict(samples) }
}

/// All of its objects are crowds.
private struct CrowdDataset: Dataset {
  let metainfo = DatasetMetainfo(classes: ["thing"])
  let pipeline = Pipeline([Crowd()])
  let isTest = false
  let count = 4
  let warnings = ["3 of 7 annotations have no segmentation"]
  func sample(at index: Int) throws -> Sample { Sample(imageID: index, imagePath: "toy/\(index).png") }

  struct Crowd: Transform {
    func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
      var sample = sample
      sample.instances = Instances(boxes: Boxes([0, 0, 1, 1]), labels: [0], isIgnored: [true])
      return sample
    }
  }
}

@Suite("The start of a run")
struct StartOfRunTests {
  private struct NoSettings: Decodable, Sendable {}

  private func run(_ more: String, isDryRun: Bool = false, in folder: TemporaryFolder) throws -> TrainingRun {
    var components = Components.toy
    components.metrics.add("BrokenMetric") { (c: BrokenMetric.Settings, _: MetricContext) in
      BrokenMetric(settings: c)
    }
    components.models.add("Pair") { (c: ToyModel.Configuration, _: ModelContext) in
      PairModel(inner: ToyModel(c))
    }
    components.data.datasets.add("CrowdDataset") { (_: NoSettings, _: DataContext) in CrowdDataset() }
    return try TrainingRun(
      configuration: try toyConfiguration(more), components: components,
      options: TrainingOptions(workDirectory: folder.path, isQuiet: true, isDryRun: isDryRun))
  }

  @Test("tries the first validation, also in a dry run", arguments: [true, false])
  func triesValidation(isDryRun: Bool) throws {
    for (sums, message) in [(false, "the metric takes no toy/0.png"), (true, "the metric cannot sum up")] {
      let run = try run(
        "val_evaluator: {type: BrokenMetric, sum: \(sums)}", isDryRun: isDryRun, in: try TemporaryFolder())
      let error = #expect(throws: TrainingError.self) { try run.run() }
      #expect(error?.message == message)
      #expect(run.trainer.iteration == 0)
    }
  }

  @Test("changes nothing: neither weights nor statistics nor gradients")
  func changesNothing() throws {
    let run = try run("", isDryRun: true, in: try TemporaryFolder())
    let before = run.trainer.model.stateDict
    try run.run()
    #expect(run.trainer.model.stateDict == before)
    #expect(run.trainer.model.tree.parameters.allSatisfy { $0.parameter.gradient == nil })
  }

  @Test(
    "knows the size of an epoch's last batch",
    arguments: [
      (
        "{batch_size: 2, dataset: {type: ToyDataset, count: 7}}", 20,
        "7 images in batches of 2 leave 1 for the last"
      ),
      (
        "{batch_size: 1, dataset: {type: ToyDataset, count: 7}}", 20,
        "1, but the model learns from 2 images or more"
      ),
      ("{batch_size: 2, drop_last: true, dataset: {type: ToyDataset, count: 7}}", 20, nil),
      ("{batch_size: 2, dataset: {type: ToyDataset, count: 8}}", 20, nil),
      (
        "{batch_size: 2, sampler: {type: InfiniteSampler}, dataset: {type: ToyDataset, count: 7}}", 20, nil
      ),
      // The run is over before.
      ("{batch_size: 2, dataset: {type: ToyDataset, count: 7}}", 3, nil),
    ])
  func lastBatch(loader: String, iterations: Int, message: String?) throws {
    let more = """
      model: {type: Pair}
      train_dataloader: \(loader)
      train_cfg: {type: IterBasedTrainLoop, max_iters: \(iterations)}
      """
    do {
      _ = try run(more, in: try TemporaryFolder())
      #expect(message == nil)
    } catch let error as ConfigurationError {
      #expect(error.description.contains("train_dataloader.batch_size: \(message ?? "nothing")"), "\(error)")
    }
  }

  @Test("refuses an evaluation whose images may be replaced")
  func testMode() throws {
    for loader in [
      "{dataset: {type: ToyDataset, count: 3}}", "{dataset: {type: ToyDataset, count: 3, test_mode: false}}",
    ] {
      let error = #expect(throws: ConfigurationError.self) {
        _ = try run("val_dataloader: \(loader)", in: try TemporaryFolder())
      }
      #expect(error?.description.contains("val_dataloader.dataset.test_mode: is not true") == true)
    }
  }

  @Test("warns of a first batch without anything to learn from, and tells what the data set has to say")
  func warns() throws {
    let folder = try TemporaryFolder()
    let run = try run("train_dataloader: {batch_size: 2, dataset: {type: CrowdDataset}}", in: folder)
    try run.run()
    let log = try String(contentsOfFile: try #require(run.trainer.workDirectory).logFile, encoding: .utf8)
    #expect(log.contains("WARNING - first batch: all 2 objects are ignored"))
    #expect(log.contains("WARNING - 3 of 7 annotations have no segmentation"))
  }

  @Test("says which process computes on what")
  func facts() throws {
    let folder = try TemporaryFolder()
    let run = try run("", in: folder)
    let log = try String(contentsOfFile: try #require(run.trainer.workDirectory).logFile, encoding: .utf8)
    let lines = log.split(separator: "\n")
    #expect(lines[0].contains(" - INFO - dense \(RunFacts.version): "))
    for part in ["host: ", "processor: ", "kernels: ", "OpenBLAS core: ", "threads: "] {
      #expect(lines[1].contains(part), "\(part)")
    }
    #expect(lines[2].contains("config: toy.yaml"))
  }
}
