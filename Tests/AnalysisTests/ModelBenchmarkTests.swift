import Analysis
import Backbones
import Classification
import Configuration
import Detection
import Foundation
import Imaging
import Modeling
import Segmentation
import Testing

/// A small model of each kind, from the shipped configs.
enum BenchmarkedKind: String, CaseIterable, CustomTestStringConvertible {
  case classifier, detector, segmentor

  var testDescription: String { rawValue }

  private static let models = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("configs/_base_/models")
    .path

  private static let backbone = [
    "model.backbone.dims=[8,8,8,8]", "model.backbone.depths=[1,1,1,1]", "model.backbone.drop_path_rate=0.0",
  ]

  func configuration(_ changes: [String] = []) throws -> ConfigurationNode {
    switch self {
    case .classifier:
      let text = """
        model:
          type: ImageClassifier
          backbone: {type: VSSM, dims: [8, 8, 8, 8], depths: [1, 1, 1, 1]}
          head: {type: LinearClsHead, in_channels: 8}
        train_dataloader: {dataset: {type: OfNobody, data_root: /nowhere}}
        """
      return try ConfigurationNode.parse(text, file: "classifier.yaml")
    case .detector:
      return try .load(
        file: "\(Self.models)/mask-rcnn_vssm.yaml",
        overrides: Self.backbone + [
          "model.neck.in_channels=[8,8,8,8]", "model.neck.out_channels=8", "model.rpn_head.in_channels=8",
          "model.rpn_head.feat_channels=8", "model.roi_head.bbox_roi_extractor.out_channels=8",
          "model.roi_head.bbox_head.in_channels=8", "model.roi_head.bbox_head.fc_out_channels=8",
          "model.roi_head.mask_roi_extractor.out_channels=8", "model.roi_head.mask_head.in_channels=8",
          "model.roi_head.mask_head.conv_out_channels=8", "model.roi_head.mask_head.num_convs=1",
        ] + changes)
    case .segmentor:
      return try .load(
        file: "\(Self.models)/upernet_vssm.yaml",
        overrides: Self.backbone + [
          "model.decode_head.in_channels=[8,8,8,8]", "model.decode_head.channels=8",
          "model.auxiliary_head.in_channels=8", "model.auxiliary_head.channels=8",
        ] + changes)
    }
  }

  var classes: Int { [.classifier: 1000, .detector: 80, .segmentor: 150][self] ?? 0 }
}

@Suite("benchmark of a model")
struct ModelBenchmarkTests {
  private static var components: Components {
    var components = Components()
    components.addBackbones()
    components.addClassification()
    components.addDetection()
    components.addSegmentation()
    return components
  }

  private static func report(
    _ kind: BenchmarkedKind, _ mode: ModelBenchmark.Mode, multiplyAccumulates: Int? = nil
  ) throws -> ModelBenchmarkReport {
    let size = ImageSize(height: 64, width: 96)
    let subject = try StandaloneModel(
      kind.configuration(), components: components, size: size, isTraining: mode == .train)
    #expect(subject.classes == kind.classes)
    return try ModelBenchmark(
      subject, mode: mode, size: size, batch: 2, multiplyAccumulates: { _, _ in multiplyAccumulates }
    ).run(warmUp: 1, rounds: 2)
  }

  @Test(
    "needs no data for any kind of model in any mode", arguments: BenchmarkedKind.allCases,
    ModelBenchmark.Mode.allCases)
  func kinds(_ kind: BenchmarkedKind, _ mode: ModelBenchmark.Mode) throws {
    let report = try Self.report(kind, mode)
    #expect(report.milliseconds > 0 && report.productRate > 0)
    #expect(report.peakMemory > 0 && report.processMemory >= report.peakMemory / 2)
    #expect(report.flops == nil && report.ratio == nil)
    #expect(report.shape == [64, 96] && report.batch == 2)
    #expect(!report.operations.isEmpty && report.operations.count <= 10)
    #expect(report.operations.map(\.milliseconds) == report.operations.map(\.milliseconds).sorted(by: >))
    // Others may run at the same time, and are measured, too.
    if mode == .train { #expect(report.operations.contains { $0.name.hasSuffix("backward") }) }
    #expect((report.imagesPerSecond != nil) == (mode == .throughput))
  }

  @Test("counts two operations a multiply-accumulate, three times as many in training")
  func counting() throws {
    let forward = try Self.report(.classifier, .forward, multiplyAccumulates: 1000)
    #expect(forward.flops == 4000)
    // Seconds to milliseconds and back may round.
    let ratio = 4000 / (forward.milliseconds / 1000) / forward.productRate
    #expect(abs(try #require(forward.ratio) - ratio) <= 1e-12 * ratio)
    #expect(try Self.report(.classifier, .train, multiplyAccumulates: 1000).flops == 12_000)
  }

  @Test("takes the config's number of classes")
  func classes() throws {
    let node = try BenchmarkedKind.segmentor.configuration([
      "model.decode_head.num_classes=3", "model.auxiliary_head.num_classes=3",
    ])
    let subject = try StandaloneModel(node, components: Self.components)
    #expect(subject.classes == 3)
    #expect(subject.defaultSize == ImageSize(height: 512, width: 2048))
  }

  @Test("trains in the preprocessor's size, and in the one that is asked for")
  func sizes() throws {
    let node = try BenchmarkedKind.segmentor.configuration(["model.data_preprocessor.size=[64,64]"])
    let subject = try StandaloneModel(node, components: Self.components, isTraining: true)
    #expect(subject.defaultSize == ImageSize(height: 64, width: 64))
    let size = ImageSize(height: 96, width: 64)
    let wide = try StandaloneModel(node, components: Self.components, size: size, isTraining: true)
    let benchmark = try ModelBenchmark(wide, mode: .train, size: size, multiplyAccumulates: { _, _ in nil })
    #expect(try benchmark.run(warmUp: 1, rounds: 1).shape == [96, 64])
  }

  @Test(
    "refuses pictures smaller than a step of the coarsest map", arguments: BenchmarkedKind.allCases,
    [(31, 64), (64, 8)])
  func small(_ kind: BenchmarkedKind, _ size: (Int, Int)) throws {
    let error = #expect(throws: ConfigurationError.self) {
      _ = try StandaloneModel(
        kind.configuration(), components: Self.components, size: ImageSize(height: size.0, width: size.1))
    }
    #expect(error?.hint?.contains("32 or more") == true)
  }

  @Test(
    "refuses shapes that no picture has",
    arguments: [[], [64], [0, 64], [64, 64, 3], [70_000, 1], [60_000, 60_000]])
  func shapes(_ shape: [Int]) {
    #expect(throws: ConfigurationError.self) { _ = try StandaloneModel.size(shape) }
  }

  @Test("refuses a batch that the model cannot learn from")
  func batches() throws {
    let subject = try StandaloneModel(BenchmarkedKind.segmentor.configuration(), components: Self.components)
    guard subject.model.minimumBatch > 1 else { return }
    #expect(throws: ConfigurationError.self) {
      _ = try ModelBenchmark(subject, mode: .train, batch: 1, multiplyAccumulates: { _, _ in nil })
    }
  }
}
