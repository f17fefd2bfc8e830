import Checkpoints
import Classification
import Configuration
import Data
import Foundation
import Imaging
import Modeling
import Reporting
import TestSupport
import Testing
import Training

/// A classifier from a config to results, on pictures of the test's own.
@Suite("a classifier's run")
struct ClassifierRunTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try ColouredPictures.write([0, 1, 2, 1], to: folder.path)
  }

  private func configuration(_ overrides: [String] = [], backbone: String = "Small") throws
    -> ExperimentConfiguration
  {
    let text = """
      model:
        type: ImageClassifier
        data_preprocessor: {mean: [128, 128, 128], std: [64, 64, 64], to_rgb: true}
        backbone: {type: \(backbone)}
        head: {type: LinearClsHead, in_channels: 6, loss: {type: LabelSmoothLoss, label_smooth_val: 0.1}}
      train_dataloader: &train
        batch_size: 4
        dataset:
          type: ColouredPictures
          data_root: \(folder.path)
          labels: [0, 1, 2, 1]
          metainfo: {classes: [rouge, "vert/\\u00e9", bleu]}
          pipeline: &pipeline [{type: LoadImageFromFile}]
      val_dataloader:
        batch_size: 2
        sampler: {type: DefaultSampler, shuffle: false}
        dataset:
          type: ColouredPictures
          data_root: \(folder.path)
          labels: [0, 1, 2, 1]
          metainfo: {classes: [rouge, "vert/\\u00e9", bleu]}
          test_mode: true
          pipeline: *pipeline
      train_cfg: {type: IterBasedTrainLoop, max_iters: 60, val_interval: 60}
      val_cfg: {type: ValLoop}
      optim_wrapper: {type: OptimWrapper, optimizer: {type: AdamW, lr: 0.05}}
      val_evaluator: {type: Accuracy, topk: [1, 3]}
      default_hooks: {checkpoint: {type: CheckpointHook, by_epoch: false, interval: 60}}
      """
    let file = "\(folder.path)/a.yaml"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    return try ExperimentConfiguration(ConfigurationNode.load(file: file, overrides: overrides))
  }

  private func train(_ configuration: ExperimentConfiguration, to name: String) throws -> String {
    let run = try TrainingRun(
      configuration: configuration, components: .classifiers,
      options: TrainingOptions(workDirectory: "\(folder.path)/\(name)", isQuiet: true))
    try run.run()
    return try String(contentsOfFile: try #require(run.trainer.workDirectory).logFile, encoding: .utf8)
  }

  @Test("overfits four pictures; test, result file, pictures and prediction say so")
  func whole() throws {
    let log = try train(configuration(), to: "run")
    #expect(log.contains("accuracy/top1: 100.0000"), "\(log.suffix(1500))")
    let checkpoint = "\(folder.path)/run/iter_60.safetensors"
    let configuration = try configuration()
    #expect(ResultKind(of: configuration, components: .classifiers) == .classes)
    #expect(ResultKind.classes.mismatch(with: "x.json") == nil)
    #expect(ResultKind.classes.mismatch(with: "x")?.contains("a name that ends in .json") == true)

    let test = try TestRun(configuration: configuration, components: .classifiers, checkpoint: checkpoint)
    let out = "\(folder.path)/out/results.json"
    var writer = try ResultWriter(
      out: out, showDir: "\(folder.path)/show", dataset: test.loader.dataset, plan: OutputPlan())
    let (summary, _) = try test.run { try writer.add($0, for: $1) }
    #expect(try writer.finish() == [out])
    #expect(summary.values.map(\.value) == [100, 100])
    let results = try JSONDecoder().decode(
      Results.self, from: Foundation.Data(contentsOf: URL(fileURLWithPath: out)))
    #expect(results.classes == ["rouge", "vert/é", "bleu"])
    #expect(results.images.map(\.category) == ["rouge", "vert/é", "bleu", "vert/é"])
    #expect(results.images.allSatisfy { $0.scores.count == 3 && $0.score == $0.scores.max() })
    #expect(FileManager.default.fileExists(atPath: "\(folder.path)/show/3.png"))

    let predictor = try Predictor(
      configuration: configuration, components: .classifiers, checkpoint: checkpoint)
    let path = "\(folder.path)/1.png"
    let (prediction, size) = try predictor.predict(path)
    let image = PredictedImage(
      file: path, size: size, prediction, metainfo: predictor.metainfo, showing: ShownPart())
    // The same of an image in memory, and beside another.
    let loaded = try Image.decode(file: path)
    #expect(try predictor.predict(loaded) == prediction)
    let two = try ["1", "2"].map { try predictor.prepare(file: "\(folder.path)/\($0).png") }
    #expect(try predictor.predict(two)[0] == prediction)
    #expect(image.line.contains("1.png: vert/é ") && image.line.contains("rouge"), "\(image.line)")
    let json = try JSONDecoder().decode(Predicted.self, from: JSONEncoder().encode(image))
    #expect(json.classes.count == 3 && json.classes[0].category == "vert/é" && json.classes[0].score > 0.8)
    try Picture(of: prediction, on: path, metainfo: predictor.metainfo)
      .writePNG(to: "\(folder.path)/picture.png")
  }

  private struct Results: Decodable {
    struct Row: Decodable {
      var file, category: String
      var score: Float
      var scores: [Float]
    }
    var classes: [String]
    var images: [Row]
  }

  private struct Predicted: Decodable {
    struct Row: Decodable {
      var category: String
      var score: Float
    }
    var classes: [Row]
  }

  @Test(
    "a checkpoint starts a model of other classes, and a detector's backbone of it",
    arguments: ["Small", "Rooted"])
  func startingWeights(backbone: String) throws {
    _ = try train(configuration(backbone: backbone), to: "first")
    let file = "\(folder.path)/first/iter_60.safetensors"
    func log(_ overrides: [String]) throws -> String {
      try train(
        configuration(
          overrides + ["randomness={seed: 7}", "train_cfg.max_iters=1", "train_cfg.val_interval=1"],
          backbone: backbone),
        to: "other")
    }
    let others = [
      "train_dataloader.dataset.metainfo.classes=[a,b,c,d]",
      "val_dataloader.dataset.metainfo.classes=[a,b,c,d]",
    ]
    let own = try log(
      ["model.backbone.init_cfg={type: Pretrained, checkpoint: \(file)\(prefix(backbone))}"] + others)
    #expect(own.contains("weights: backbone: 2 of"), "\(own.prefix(3000))")
    let whole = try log(["model.pretrained=\(file)"])
    #expect(whole.contains("weights: 4 of 4 tensors loaded"), "\(whole.prefix(3000))")
  }

  private func prefix(_ backbone: String) -> String { backbone == "Small" ? ", prefix: backbone" : "" }

  @Test("a run that cannot be says what it needs before the first step")
  func mismatches() throws {
    for (overrides, expected) in [
      (["val_evaluator={_delete_: true, type: IoUMetric}"], "IoUMetric needs a data set of label maps"),
      (["val_evaluator={_delete_: true, type: CocoMetric}"], "needs a data set that knows its objects"),
      (["train_dataloader.dataset.labels=[null, null, null, null]"], "needs a data set of classes"),
      (["val_evaluator.topk=5"], "5, but there are 3 classes"),
    ] {
      let text = message { _ = try train(configuration(overrides), to: "no") }
      #expect(text.contains(expected), "\(text)")
    }
  }

  @Test("a check of its data counts the images of each class")
  func check() throws {
    let dataset = try #require(try configuration().trainDataloader).dataset
    let report = try DatasetCheck(components: Components.classifiers.data, scope: "mmpretrain").run([dataset])
    #expect(report.classes.map(\.images) == [1, 2, 1] && report.classes[1].name == "vert/é")
    #expect(report.images == 4 && report.annotations == 4 && report.errorCount == 0)
    #expect(report.text().contains("vert/é"))
  }
}
