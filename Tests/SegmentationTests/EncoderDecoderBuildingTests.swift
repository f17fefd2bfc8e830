import Modeling
import Backbones
import Configuration
import Data
import Foundation
import Imaging
import Segmentation
import Testing

@Suite("building UperNet")
struct EncoderDecoderBuildingTests {
  private static let config = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("configs/_base_/models/upernet_vssm.yaml").path

  private func build(_ overrides: [String]) -> String {
    do { return "\(try model(overrides).parameters.count) weights" } catch { return "\(error)" }
  }

  private func model(_ overrides: [String] = []) throws -> any Model {
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
      in: ModelContext(classes: ["a", "b"], components: components))
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

  @Test("a batch of one image with batch norm behind a 1x1 pooling is refused, with the remedy")
  func batchOfOne() throws {
    let model = try model()
    let error = #expect(throws: DataError.self) { try model.losses([Sample(imagePath: "one.png")]) }
    #expect(error?.message.contains("set batch_size to 2 or more") == true)
  }

  @Test("parts that fit")
  func fits() { #expect(build([]).hasSuffix(" weights")) }

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
      ("model.decode_head.norm_cfg.type=GN", "model.decode_head.norm_cfg.type: 'GN' is not known"),
      ("model.test_cfg.mode=slide", "model.test_cfg.mode: 'slide' is not known"),
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
