import Backbones
import Configuration
import Data
import Foundation
import Imaging
import Layers
import Modeling
import Segmentation
import Tensors
import TestSupport
import Testing

@Suite("building UperNet")
struct EncoderDecoderBuildingTests {
  private static let config = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("configs/_base_/models/upernet_vssm.yaml").path

  private func build(_ overrides: [String]) -> String {
    do { return "\(try model(overrides).parameters.count) weights" } catch { return "\(error)" }
  }

  private func model(_ overrides: [String] = [], classes: [String] = ["a", "b"]) throws -> any Model {
    let small = [
      "model.backbone.dims=[8,16,24,32]", "model.backbone.depths=[1,1,1,1]",
      "model.decode_head.in_channels=[8,16,24,32]",
      "model.decode_head.channels=16", "model.auxiliary_head.in_channels=24",
      "model.auxiliary_head.channels=16",
    ]
    let node = try ConfigurationNode.load(file: Self.config, overrides: small + overrides)
    var components = Components()
    components.addBackbones()
    components.addSegmentation()
    let model = try components.models.build(
      ComponentConfiguration(node["model"] ?? node), scope: nil,
      in: ModelContext(
        classes: classes, labels: LabelMeaning(classCount: classes.count, ignoreIndex: Located(7)),
        components: components))
    return model
  }

  @Test(
    "an image below the coarsest stride is an error that names it", arguments: [(1, 1), (31, 64), (64, 8)])
  func smallImages(height: Int, width: Int) throws {
    let model = try model()
    var sample = Sample(imagePath: "small.png")
    sample.image = Image(height: height, width: width, colour: [1, 2, 3])
    sample.size = ImageSize(height: height, width: width)
    sample.originalSize = sample.size
    let error = #expect(throws: DataError.self) { try model.predict([sample]) }
    #expect(error?.file == "small.png")
  }

  @Test(
    "five images have the logits of each alone, to the last bit",
    arguments: [
      [], ["model.decode_head.channels=96"],
      [
        "model.decode_head={type: FCNHead, in_channels: 32, in_index: 3, channels: 64, num_convs: 2, _delete_: true}"
      ],
    ])
  func batches(_ changes: [String]) throws {
    let model = try #require(try model(changes) as? EncoderDecoder)
    model.initialize(seed: 1)
    let images = Tensor.random([5, 96, 64, 3], seed: 3)
    let all = ForwardMode.evaluation { model.logits(images) }
    for image in 0..<5 {
      let alone = ForwardMode.evaluation {
        model.logits(images.sliced(axis: 0, from: image, to: image + 1))
      }
      #expect((all.sliced(axis: 0, from: image, to: image + 1).values == alone.values) as Bool)
    }
  }

  @Test("a batch of one image with batch norm behind a 1x1 pooling is refused, with the remedy")
  func batchOfOne() throws {
    let model = try model()
    #expect(model.minimumBatch == 2)
    #expect(try self.model(["model.decode_head.norm_cfg.type=LN"]).minimumBatch == 1)
    #expect(try self.model(["model.decode_head.pool_scales=[2,3]"]).minimumBatch == 1)
    let error = #expect(throws: DataError.self) { try model.losses([Sample(imagePath: "one.png")]) }
    #expect(error?.message.contains("set batch_size to 2 or more") == true)
  }

  @Test("losses are there outside training too, as a validation asks for them")
  func lossesInEvaluation() throws {
    let model = try model()
    model.initialize(seed: 1)
    var sample = Sample(imagePath: "one.png")
    sample.image = Image(height: 64, width: 96, colour: [1, 2, 3])
    sample.size = ImageSize(height: 64, width: 96)
    sample.originalSize = sample.size
    sample.labelMap = LabelMap(height: 64, width: 96, pixels: (0..<64 * 96).map { Int32($0 % 2) })
    let losses = try ForwardMode.evaluation { try model.losses([sample]) }
    #expect(losses.total.scalar.isFinite && losses.total.scalar > 0)
  }

  @Test(
    "parts that fit",
    arguments: [
      [], ["model.decode_head.ignore_index=7", "model.auxiliary_head.ignore_index=255"],
      ["model.decode_head.out_channels=1", "model.decode_head.loss_decode.use_sigmoid=true"],
      [
        "model.decode_head.loss_decode=[{type: CrossEntropyLoss}, {type: LabelSmoothLoss, label_smooth_val: 0.1}]"
      ],
    ])
  func fits(overrides: [String]) {
    let message = build(overrides)
    #expect(message.hasSuffix(" weights"), "\(message)")
  }

  @Test("one class under softmax has nothing to learn and is refused")
  func oneClass() throws {
    let error = #expect(throws: ConfigurationError.self) {
      try model(["model.decode_head.num_classes=1"], classes: ["thing"])
    }
    #expect(try #require(error).description.contains("model.decode_head.num_classes: one score a pixel"))
  }

  @Test("decides by strips of rows as over the whole map", arguments: [(97, 61), (33, 65), (200, 31)])
  func decides(height: Int, width: Int) throws {
    let model = try #require(try model() as? EncoderDecoder)
    var sample = Sample(imagePath: "a.png")
    sample.size = ImageSize(height: 61, width: 95)
    sample.originalSize = ImageSize(height: height, width: width)
    let logits = Tensor.random([1, 16, 24, 2])
    let scores = SegmentationScores(
      logits: logits, paddedSize: ImageSize(height: 64, width: 96))
    let own = model.resized(logits, 64, 96).sliced(axis: 1, from: 0, to: 61)
      .sliced(axis: 2, from: 0, to: 95)
    let whole = model.resized(own, height, width).indicesOfMaxima
    #expect(try model.decide(scores, for: sample).labelMap?.pixels == whole)
  }

  @Test("warns of a batch without a class")
  func warns() throws {
    let model = try model()
    var sample = Sample(imagePath: "a.png", labelMapPath: "a_label.png")
    sample.labelMap = LabelMap(height: 1, width: 2, pixels: [255, 255])
    #expect(model.warnings(about: [sample]).first?.contains("a_label.png") == true)
    sample.labelMap = LabelMap(height: 1, width: 2, pixels: [255, 1])
    #expect(model.warnings(about: [sample]).isEmpty)
  }

  @Test(
    "parts that do not fit are errors with their place",
    arguments: [
      (
        "model.decode_head.in_channels=[8,16,24,40]",
        "model.decode_head.in_channels: 40 for map 3, which has 32 channels"
      ),
      (
        "model.decode_head.in_index=[0,1,2,7]",
        "model.decode_head.in_index: 7 is no map of the backbone, which gives 4"
      ),
      ("model.decode_head.in_index=[0,1]", "model.decode_head.in_index: 2 maps for 4 widths"),
      (
        "model.auxiliary_head.in_channels=8",
        "model.auxiliary_head.in_channels: 8 for map 2, which has 24 channels"
      ),
      ("model.auxiliary_head.in_index=-9", "model.auxiliary_head.in_index: -9 is no map"),
      ("model.decode_head.channels=0", "model.decode_head.channels: 0 is not in 1...65536"),
      ("model.decode_head.norm_cfg.type=IN", "model.decode_head.norm_cfg.type: 'IN' is not known"),
      ("model.test_cfg.mode=tiles", "model.test_cfg.mode: 'tiles' is not known"),
      ("model.test_cfg={mode: slide, stride: 8}", "model.test_cfg.crop_size: mode: slide needs a window's"),
      (
        "model.test_cfg={mode: slide, crop_size: [64, 64]}",
        "model.test_cfg.stride: mode: slide needs the windows' distance"
      ),
      (
        "model.test_cfg={mode: slide, crop_size: [64, 64], stride: [65, 64]}",
        "pixels between them would have no class"
      ),
      (
        "model.test_cfg={mode: slide, crop_size: [0, 64], stride: [0, 64]}",
        "model.test_cfg.crop_size: [height, width], both positive"
      ),
      (
        "model.test_cfg={mode: slide, crop_size: [64, 3], stride: [64, 3]}",
        "model.test_cfg.crop_size: 3 x 64 is less than the backbone takes, 4 pixels a side"
      ),
      ("model.decode_head.ignore_index=9", "model.decode_head.ignore_index: is 9, but"),
      ("model.auxiliary_head.ignore_index=0", "model.auxiliary_head.ignore_index: is 0, but"),
      ("model.data_preprocessor.seg_pad_val=200", "model.data_preprocessor.seg_pad_val: is 200, but"),
      ("model.decode_head.out_channels=3", "model.decode_head.out_channels: 3 for 2 classes"),
      ("model.decode_head.out_channels=1", "model.decode_head.out_channels: one score a pixel"),
      ("model.decode_head.loss_decode.type=NoLoss", "unknown loss 'NoLoss'"),
      (
        "model.decode_head.loss_decode.class_weight=[1,2,3]",
        "model.decode_head.loss_decode.class_weight: 3 numbers for 2 classes"
      ),
      ("model.decode_head.type=PSPHead", "unknown decode head 'PSPHead'"),
      (
        "model.decode_head.pool_scales=[0]",
        "model.decode_head.pool_scales: [0] is not a list of numbers in 1...64"
      ),
    ])
  func misfits(override: String, expected: String) {
    let message = build([override])
    #expect(message.contains(expected), "\(message)")
  }
}
