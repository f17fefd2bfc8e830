import Configuration
import Data
import Detection
import Foundation
import Imaging
import Masks
import Modeling
import Outside
import Testing
import Training

/// Every part that is added from outside, with its kind.
let added: [(kind: String, name: String)] = [
  ("backbone", "PatchBackbone"), ("neck", "LateralNeck"), ("rpn_head", "CellProposalHead"),
  ("roi_head", "PlainRoIHead"), ("bbox_head", "MeanBoxHead"), ("mask_head", "SharedMaskHead"),
  ("roi_extractor", "FinestExtractor"), ("decode head", "BarHead"), ("loss", "BrierLoss"),
  ("box loss", "PseudoHuberLoss"), ("model", "PixelModel"), ("metric", "FoundMetric"),
  ("transform", "DarkSideLeft"), ("data set", "SquaresDataset"), ("sampler", "BackwardsSampler"),
  ("hook", "CountdownHook"), ("optimizer", "HeavyBall"), ("parameter scheduler", "StaircaseLR"),
]

@Suite struct OutsideTests {
  private let pictures: Pictures

  init() throws { pictures = try Pictures() }

  enum Task: CaseIterable { case detection, segmentation, pixels }

  private func configuration(_ task: Task) throws -> ExperimentConfiguration {
    switch task {
    case .detection: try pictures.detector()
    case .segmentation: try pictures.segmentor()
    case .pixels: try pictures.pixels()
    }
  }

  private func train(
    _ configuration: ExperimentConfiguration, resume: TrainingOptions.Resume = .no
  ) throws -> Trainer {
    let run = try TrainingRun(
      configuration: configuration, components: .withOutside,
      options: TrainingOptions(workDirectory: pictures.work, resume: resume, isQuiet: true))
    try run.run()
    return run.trainer
  }

  @Test(arguments: added) func catalogueNamesPartWithItsKeys(kind: String, name: String) throws {
    let catalogue = try #require(Components.withOutside.everyCatalogue.first { $0.kind == kind })
    #expect(catalogue.components.contains { $0.name == name })
  }

  @Test func catalogueKnowsKeysAndDefaults() throws {
    let catalogue = try #require(Components.withOutside.everyCatalogue.first { $0.kind == "backbone" })
    let backbone = try #require(catalogue.components.first { $0.name == "PatchBackbone" })
    #expect(backbone.settings.map(\.key) == ["dims"])
    #expect(backbone.settings.first?.defaultValue == "8")
  }

  @Test func configsNameEveryPart() throws {
    let texts = try Task.allCases.map { try configuration($0).node.yaml() }
    let missing = added.filter { part in !texts.contains { $0.contains("type: \(part.name)") } }
    #expect(missing.map(\.name) == [])
  }

  @Test(arguments: Task.allCases) func trainsTestsAndPredicts(_ task: Task) throws {
    let configuration = try configuration(task)
    let trainer = try train(configuration)
    // The hook's countdown is shorter than the loop.
    #expect(trainer.iteration == 6)
    #expect(trainer.stopReason == "the countdown is over")
    // Half the rate behind four steps.
    #expect(trainer.rates.map { ($0 * 1000).rounded() } == [10])

    let figures = try String(contentsOfFile: pictures.figures, encoding: .utf8)
    #expect(figures.contains(#""steps_left": 0"#))
    #expect(figures.contains(#""outside/found": "#))

    let checkpoint = "\(pictures.work)/iter_6.safetensors"
    let test = try TestRun(
      configuration: configuration, components: .withOutside, checkpoint: checkpoint)
    let (summary, _) = try test.run()
    let names = summary.values.map(\.name)
    #expect(names.contains("outside/found"))
    #expect(names.contains(task == .detection ? "coco/segm_mAP" : "mIoU"))

    let predictor = try Predictor(
      configuration: configuration, components: .withOutside, checkpoint: checkpoint)
    let (prediction, size) = try predictor.predict("\(pictures.path)/7.png")
    #expect(predictor.metainfo.classes == ["blue", "green"])
    #expect(size == ImageSize(height: 32, width: 32))
    if task == .detection {
      let found = try #require(prediction.instances)
      #expect(found.masks?.count == found.labels.count)
    } else {
      #expect(prediction.labelMap?.pixels.count == 32 * 32)
    }
  }

  @Test func resumedRunHasStatesOfOutsideParts() throws {
    let whole = try train(try pictures.detector(steps: 9))
    let weights = whole.model.parameters.map(\.parameter.value.values)
    try FileManager.default.removeItem(atPath: pictures.work)
    _ = try train(try pictures.detector(steps: 6))
    // The hook goes on counting at 6, and the optimiser with its momentum.
    let resumed = try train(try pictures.detector(steps: 9), resume: .newest)
    #expect(resumed.iteration == 9)
    #expect(resumed.model.parameters.map(\.parameter.value.values) == weights)
  }

  @Test func partsOfMetricsMerge() throws {
    let configuration = try pictures.pixels()
    let components = Components.withOutside
    let experiment = Experiment(configuration, components: components)
    let settings = try #require(configuration.testDataloader)
    let dataset = try experiment.loader(settings, for: .evaluation, seed: 0).dataset
    let evaluators = configuration.testEvaluators.filter { $0.type == "FoundMetric" }
    func metric() throws -> any Metric {
      try #require(try experiment.metrics(evaluators, for: dataset).first)
    }
    var (first, second) = (try metric(), try metric())
    try first.add(Prediction(), for: dataset.sample(at: 0))
    try second.add(
      Prediction(
        instances: InstancePrediction(
          boxes: .init([0, 0, 1, 1]), scores: [1],
          labels: [try #require(dataset.sample(at: 1).annotations.first).label]
        )), for: dataset.sample(at: 1))
    try first.merge(stored: try second.storedState())
    #expect(try first.summary().values.map(\.value) == [0.5])
  }

  @Test func cocoMetricJudgesOutsideDataset() throws {
    let configuration = try pictures.detector()
    let experiment = Experiment(configuration, components: .withOutside)
    let settings = try #require(configuration.testDataloader)
    let dataset = try experiment.loader(settings, for: .evaluation, seed: 0).dataset
    let evaluators = configuration.testEvaluators.filter { $0.type == "CocoMetric" }
    var metric = try #require(try experiment.metrics(evaluators, for: dataset).first)
    for index in 0..<dataset.count {
      let sample = try dataset.load(index: index, number: index, seed: 0)
      let truth = try #require(sample.instances)
      let found = InstancePrediction(
        boxes: truth.boxes, scores: [1], labels: truth.labels,
        masks: truth.masks?.map { RunLengthMask($0.bitmap) })
      try metric.add(Prediction(instances: found), for: sample)
    }
    let values = try metric.summary().values
    #expect(values.first { $0.name == "coco/bbox_mAP" }?.value == 1)
    #expect(values.first { $0.name == "coco/segm_mAP" }?.value == 1)
  }

  @Test func programAddsRegistryOfItsOwn() throws {
    var components = Components.withOutside
    components[Colours.self].rules.add("Grey") { (_: Colours.Settings, _: Void) in 128 }
    let rule = try ComponentConfiguration(ConfigurationNode.parse("{type: Grey}", file: "rule.yaml"))
    #expect(try components[Colours.self].rules.build(rule, scope: nil, in: ()) == 128)
    #expect(components.everyCatalogue.contains { $0.kind == "colour rule" && $0.names == ["Grey"] })
  }

  @Test func misspeltKeyOfOutsidePartIsNamed() throws {
    let configuration = try pictures.detector(backboneKeys: "dim: 8")
    let error = #expect(throws: ConfigurationError.self) {
      try Experiment(configuration, components: .withOutside).check(for: .training)
    }
    let text = try #require(error).description
    #expect(text.contains("model.backbone.dim: "))
    #expect(text.contains("Did you mean 'dims'?"))
    #expect(text.hasPrefix("outside.yaml:"))
  }

  @Test func misspeltNameOfOutsidePartIsNamed() throws {
    let catalogue = Components.withOutside
    let hook = try ComponentConfiguration(ConfigurationNode.parse("{type: CountdownHok}", file: "hook.yaml"))
    let error = #expect(throws: ConfigurationError.self) {
      try catalogue.training.hooks.build(
        hook, scope: nil, in: HookContext(loop: TrainLoop(.epochs, length: 1)))
    }
    #expect(try #require(error).description.contains("Did you mean 'CountdownHook'?"))
  }

  @Test func partsThatDoNotFitAreNamed() throws {
    let configuration = try pictures.detector(backboneKeys: "dims: 4")
    let error = #expect(throws: ConfigurationError.self) {
      try Experiment(configuration, components: .withOutside).model(classes: ["blue", "green"])
    }
    #expect(try #require(error).keyPath == "model.neck.in_channels")
  }

  @Test func dataCheckReadsOutsideInventory() throws {
    let settings = try #require(try pictures.detector().trainDataloader)
    let check = DatasetCheck(components: Components.withOutside.data, scope: "mmdet")
    let sound = try check.run([settings.dataset])
    #expect(sound.images == 8)
    #expect(sound.annotations == 8)
    #expect(sound.errorCount == 0)
    #expect(sound.faults.map(\.kind) == ["square_near_edge"])

    let broken = "\(pictures.path)/3.png"
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: broken))
    let report = try check.run([settings.dataset])
    #expect(report.faults.filter { $0.severity == .error }.map(\.file) == [broken])
  }
}

/// A kind of parts that the package knows nothing of.
private struct Colours: ComponentGroup {
  struct Settings: Decodable, Sendable {}

  var rules = Registry<Int, Void>(kind: "colour rule")
  var catalogues: [any ComponentCatalogue] { [rules] }
}
