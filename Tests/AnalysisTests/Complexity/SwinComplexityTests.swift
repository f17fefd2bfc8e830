import Analysis
import Tensors
import Testing

@Suite("complexity of Swin and DeiT")
struct SwinComplexityTests {
  static let published = [
    PublishedComplexity(
      "swin/mask-rcnn_swin-tiny_fpn_1x_coco", parameters: 47_794_602, flops: 267_008_739_328),
    PublishedComplexity(
      "swin/mask-rcnn_swin-small_fpn_1x_coco", parameters: 69_112_506, flops: 359_234_799_616),
    PublishedComplexity(
      "swin/mask-rcnn_swin-base_fpn_1x_coco", parameters: 107_141_800, flops: 503_883_621_376),
    PublishedComplexity(
      "swin/upernet_swin-tiny_160k_ade20k-512x512", parameters: 59_941_862, flops: 945_664_200_960),
    PublishedComplexity(
      "swin/upernet_swin-small_160k_ade20k-512x512", parameters: 81_259_766, flops: 1_038_884_695_296),
    PublishedComplexity(
      "swin/upernet_swin-base_160k_ade20k-512x512", parameters: 121_279_716, flops: 1_189_031_224_320),
    PublishedComplexity(
      "swin/upernet_swin-small_160k_ade20k-640x640", parameters: 81_259_766, flops: 1_614_082_896_384),
  ]

  @Test("is the published one", arguments: published)
  func agrees(row: PublishedComplexity) throws { try row.check() }

  @Test(
    "is that of timm's classifiers, which pool without a counted operation",
    arguments: [
      ("swin/swin-tiny_300e_imagenet-224", 28_288_354, 4_509_194),
      ("swin/swin-small_300e_imagenet-224", 49_606_258, 8_768_535),
      ("swin/swin-base_300e_imagenet-224", 87_768_224, 15_467_826),
      ("deit/deit-small_300e_imagenet-224", 22_050_664, 4_608_338),
      ("deit/deit-base_300e_imagenet-224", 86_567_656, 17_582_740),
    ])
  func classifiers(config: String, parameters: Int, thousands: Int) throws {
    let counted = try Complexity(ofConfig: config)
    #expect(counted.parameters == parameters)
    // Known to six decimals of a billion.
    let rest = counted.flops - (counted.byOperator["adaptive_avg_pool2d"] ?? 0)
    #expect((rest + 500) / 1000 == thousands)
  }

  @Test("of DeiT-B is that at 384 pixels by default where its positions are")
  func larger() throws {
    let counted = try Complexity(
      ofConfig: "deit/deit-base_300e_imagenet-224", ["model.backbone.img_size=384"])
    #expect(counted.shape == [384, 384] && counted.parameters == 86_859_496)
    #expect((counted.flops + 500) / 1000 == 55_539_742)
  }

  @Test(
    "is the published one in each operation",
    arguments: [
      (
        "upernet_swin-tiny_160k_ade20k-512x512",
        [
          "conv": 845_692_010_496, "linear": 95_442_223_104, "matmul": 3_250_915_584,
          "upsample_bilinear2d": 587_202_560, "layer_norm": 444_334_080, "batch_norm": 244_369_408,
          "adaptive_avg_pool2d": 3_145_728,
        ]
      ),
      (
        "mask-rcnn_swin-tiny_fpn_1x_coco",
        [
          "conv": 156_980_720_640, "linear": 106_467_352_576, "matmul": 3_105_242_112,
          "layer_norm": 433_920_000, "upsample_nearest2d": 21_504_000,
        ]
      ),
    ])
  func operators(config: String, counts: [String: Int]) throws {
    #expect(try Complexity(ofConfig: "swin/\(config)").byOperator == counts)
  }
}
