import Checkpoints
import Configuration
import Foundation
import Modeling
import Tensors
import TestSupport
import Testing

import Data
import Training

@Suite("A test run")
struct TestRunTests {
  @Test("repeats the figures of the last validation")
  func repeats() throws {
    let folder = try TemporaryFolder()
    let run = try trainToy(try toyConfiguration(), in: folder)
    let log = try String(contentsOfFile: try #require(run.trainer.workDirectory).logFile, encoding: .utf8)
    let test = try TestRun(
      configuration: try toyConfiguration(), components: .toy,
      checkpoint: "\(folder.path)/iter_20.safetensors")
    var seen: [String] = []
    let (summary, timing) = try test.run { _, sample in seen.append(sample.imagePath) }
    let figure = try #require(summary.values.first)
    #expect(log.contains("[3/3]  \(figure.name): \(String(format: "%.4f", figure.value))"))
    #expect(seen == ["toy/0.png", "toy/1.png", "toy/2.png"])
    #expect(timing.batches == 3)
    #expect(test.loading.description == "9 of 9 tensors loaded")
    let json = try JSONEncoder().encode(Boxed(value: summary.json))
    #expect(String(decoding: json, as: UTF8.self).hasPrefix("{\"toy\":"))
  }

  private struct Boxed: Encodable {
    var value: any Encodable & Sendable
    func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
  }

  @Test("refuses weights that are not finite", arguments: [Float.nan, .infinity])
  func notFinite(value: Float) throws {
    let folder = try TemporaryFolder()
    try trainToy(try toyConfiguration(), in: folder)
    let path = "\(folder.path)/iter_20.safetensors"
    var file = try Safetensors(file: path)
    file.tensors["head.bias"] = StoredTensor(Tensor([value], shape: [1]))
    try file.write(to: path)
    for open in [
      { _ = try TestRun(configuration: try toyConfiguration(), components: .toy, checkpoint: path) },
      { _ = try Predictor(configuration: try toyConfiguration(), components: .toy, checkpoint: path) },
    ] {
      let error = #expect(throws: CheckpointError.self) { try open() }
      #expect(error?.description.contains("its weights are not finite: head.bias hold") == true)
    }
  }

  @Test("a predictor names the classes as the checkpoint does, and says so where the config has others")
  func namesClasses() throws {
    let folder = try TemporaryFolder()
    try trainToy(try toyConfiguration(), in: folder)
    func predictor(_ keys: String) throws -> Predictor {
      try Predictor(
        configuration: try toyConfiguration(
          "val_dataloader: {dataset: {type: ToyDataset, count: 3, test_mode: true\(keys)}}"),
        components: .toy, checkpoint: "\(folder.path)/iter_20.safetensors")
    }
    let plain = try predictor("")
    #expect(plain.notes.isEmpty)
    let other = try predictor(", metainfo: {classes: [cow]}")
    #expect(other.metainfo.classes == plain.metainfo.classes && other.notes.count == 1)
    #expect(other.notes.first?.contains("cow") == true, "\(other.notes)")
  }

  @Test("takes several metrics")
  func several() throws {
    let folder = try TemporaryFolder()
    try trainToy(try toyConfiguration(), in: folder)
    let test = try TestRun(
      configuration: try toyConfiguration("test_evaluator: [{type: ToyMetric}, {type: ToyMetric}]"),
      components: .toy, checkpoint: "\(folder.path)/iter_20.safetensors")
    #expect(try test.run().summary.values.count == 4)
  }

  @Test("shows both lists where the classes differ")
  func otherClasses() throws {
    let folder = try TemporaryFolder()
    try trainToy(try toyConfiguration(), in: folder)
    let error = #expect(throws: CheckpointError.self) {
      _ = try TestRun(
        configuration: try toyConfiguration(
          "val_dataloader: {dataset: {type: ToyDataset, count: 3, test_mode: true, classes: [cat, dog]}}"),
        components: .toy, checkpoint: "\(folder.path)/iter_20.safetensors")
    }
    let message = error?.description ?? ""
    #expect(message.contains("was trained with other classes"))
    #expect(message.contains("thing       cat"))
    #expect(message.contains("-           dog"))
  }
}

@Suite("Training checkpoints")
struct TrainingCheckpointTests {
  @Test("hold weights under plain names and the optimiser's state beside them")
  func layout() throws {
    let folder = try TemporaryFolder()
    try trainToy(try toyConfiguration(), in: folder)
    let file = try Safetensors(file: "\(folder.path)/iter_20.safetensors")
    #expect(file.tensors["backbone.conv.weight"]?.shape == [8, 2, 3, 3])
    #expect(file.tensors["optimizer/exp_avg/backbone.conv.weight"]?.shape == [8, 2, 3, 3])
    #expect(file.tensors["optimizer/exp_avg_sq/head.bias"]?.shape == [1])
    #expect(file.tensors["backbone.norm.running_mean"] != nil)
    let expected = [
      "format": "pt", "iteration": "20", "epoch": "5", "optimizer_step": "20", "seed": "3", "version": "1",
      "classes": "[\"thing\"]", "data": "{\"batch_size\":2,\"images\":7}",
    ]
    for (key, value) in expected { #expect(file.metadata[key] == value, "\(key)") }
    #expect(file.metadata["schedule"]?.hasPrefix("{\"rates\":[") == true)
  }

  @Test(
    "explain what is wrong with them",
    arguments: [
      ("version", "2", "newer version"), ("version", "x", "'version' is 'x'"),
      ("classes", "[1", "'classes' cannot be read"), ("iteration", "-3", "not that of a training checkpoint"),
      ("iteration", "9223372036854775807", "not that of a training checkpoint"),
      ("seed", "none", "not that of a training checkpoint"),
      ("schedule", "{}", "'schedule' cannot be read"),
      ("schedule", "{\"rates\":[-1]}", "not that of a training checkpoint"),
      ("version", "0", "'version' is '0'"), ("data", "\u{1b}[2J", #"cannot be read: \u{1b}[2J"#),
    ])
  func faults(key: String, value: String, message: String) throws {
    let folder = try TemporaryFolder()
    try trainToy(try toyConfiguration(), in: folder)
    let path = "\(folder.path)/iter_20.safetensors"
    var file = try Safetensors(file: path)
    file.metadata[key] = value
    try file.write(to: path)
    let error = #expect(throws: CheckpointError.self) { _ = try TrainingCheckpoint(file: path) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  @Test("without a state are no place to go on from")
  func weightsOnly() throws {
    let folder = try TemporaryFolder()
    let run = try trainToy(try toyConfiguration(), in: folder)
    let path = "\(folder.path)/weights.safetensors"
    try Safetensors(run.trainer.model.stateDict).write(to: path)
    let error = #expect(throws: CheckpointError.self) {
      try trainToy(try toyConfiguration(), in: folder, resume: .file(path))
    }
    #expect(error?.description.contains("holds weights only") == true)
  }

  /// A data set of a test with one step.
  private struct SteppedDataset: Dataset {
    let count: Int
    let step: any Transform
    let metainfo = DatasetMetainfo(classes: ["thing"])
    var pipeline: Pipeline { Pipeline([step]) }
    let isTest = true
    func sample(at index: Int) -> Sample { Sample(imageID: index, imagePath: "toy/\(index).png") }
  }

  /// Says that a sample was flipped.
  private struct Flip: Transform {
    func callAsFunction(_ sample: Sample, random: inout RandomGenerator) -> Sample? {
      var sample = sample
      sample.isFlipped = true
      return sample
    }
  }

  @Test(
    "takes no variant and no mirrored image for the image's own prediction",
    arguments: [
      (true, "toy/0.png: the pipeline makes 2 variants"), (false, "toy/0.png: the pipeline has flipped it"),
    ])
  func refusesChangedImages(isVaried: Bool, message: String) throws {
    let folder = try TemporaryFolder()
    try trainToy(try toyConfiguration(), in: folder)
    var components = Components.toy
    components.data.datasets.add("SteppedDataset") { (c: ToyDataset.Configuration, _: DataContext) in
      let step: any Transform =
        isVaried ? TestTimeAug([[ToyDataset.Jitter(), ToyDataset.Jitter()]]) : Flip()
      return SteppedDataset(count: c.count, step: step)
    }
    let test = try TestRun(
      configuration: try toyConfiguration("test_dataloader: {dataset: {type: SteppedDataset, count: 2}}"),
      components: components, checkpoint: "\(folder.path)/iter_20.safetensors")
    let error = #expect(throws: DataError.self) { try test.run() }
    #expect(try #require(error).description.contains(message))
  }
}
