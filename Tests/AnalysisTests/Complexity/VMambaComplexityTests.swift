import Analysis
import Configuration
import Tensors
import Testing

@Suite("complexity of VMamba of February 2024")
struct VMambaComplexityTests {
  private static func detector(_ size: String, _ parameters: Int, _ legacy: Int, _ hardware: Int)
    -> [PublishedComplexity]
  {
    [(nil, legacy), (ScanRule.legacy, legacy), (.hardware, hardware)].map { rule, flops in
      PublishedComplexity(
        "vmamba/mask-rcnn_vssm-\(size)_fpn_1x_coco", rule: rule, parameters: parameters, flops: flops)
    }
  }

  private static func segmentor(
    _ name: String, _ parameters: Int, _ legacy: Int, _ hardware: Int, shape: [Int]? = nil
  ) -> [PublishedComplexity] {
    [(nil, legacy), (ScanRule.hardware, hardware)].map { rule, flops in
      PublishedComplexity(
        "vmamba/upernet_vssm-\(name)", shape: shape, rule: rule, parameters: parameters, flops: flops)
    }
  }

  static let published =
    detector("tiny", 42_399_696, 262_093_532_640, 285_883_020_640)
    + detector("small", 63_923_664, 357_006_236_640, 400_260_276_640)
    + detector("base", 95_627_632, 482_127_568_640, 539_797_328_640)
    + segmentor("tiny_160k_ade20k-512x512", 54_546_956, 939_493_317_440, 963_853_165_152)
    + segmentor("small_160k_ade20k-512x512", 76_070_924, 1_036_684_516_736, 1_080_975_662_496)
    + segmentor("base_160k_ade20k-512x512", 109_765_548, 1_166_887_735_664, 1_225_941_913_504)
    + segmentor("small_160k_ade20k-640x640", 76_070_924, 1_619_811_094_400, 1_689_017_528_400)
    + segmentor(
      "small_160k_ade20k-512x512", 76_070_924, 1_619_811_094_400, 1_689_017_528_400, shape: [640, 2560])

  @Test("is the published one, by both rules of counting scans", arguments: published)
  func agrees(row: PublishedComplexity) throws { try row.check() }

  @Test(
    "is the published one in each part of a detector",
    arguments: [
      ("tiny", 91_081_964_000, 53_105_664_000), ("small", 185_994_668_000, 53_105_664_000),
      ("base", 310_132_960_000, 54_088_704_000),
    ])
  func parts(size: String, backbone: Int, neck: Int) throws {
    let counted = try Complexity(ofConfig: "vmamba/mask-rcnn_vssm-\(size)_fpn_1x_coco")
    #expect(counted.shape == [1280, 800])
    #expect(
      counted.modules.map(\.name) == [
        "backbone", "neck", "rpn_head", "roi_head.bbox_head", "roi_head.mask_head",
      ])
    #expect(
      counted.modules.map(\.flops) == [backbone, neck, 50_615_792_640, 14_304_256_000, 52_985_856_000])
  }

  @Test(
    "is the published one in each operation",
    arguments: [
      (
        "mask-rcnn_vssm-tiny_fpn_1x_coco",
        [
          "conv": 157_588_976_640, "linear": 70_927_360_000, "einsum": 17_497_500_000,
          "selective_scan": 15_409_232_000, "layer_norm": 648_960_000, "upsample_nearest2d": 21_504_000,
        ]
      ),
      (
        "upernet_vssm-tiny_160k_ade20k-512x512",
        [
          "conv": 846_314_864_640, "linear": 57_982_058_496, "einsum": 17_917_500_000,
          "selective_scan": 15_779_641_568, "layer_norm": 664_535_040, "upsample_bilinear2d": 587_202_560,
          "batch_norm": 244_369_408, "adaptive_avg_pool2d": 3_145_728,
        ]
      ),
      (
        "upernet_vssm-base_160k_ade20k-512x512",
        [
          "conv": 850_396_184_576, "linear": 219_043_332_096, "einsum": 56_906_500_000,
          "selective_scan": 38_253_674_960, "layer_norm": 1_452_277_760,
          "upsample_bilinear2d": 587_202_560,
          "batch_norm": 244_369_408, "adaptive_avg_pool2d": 4_194_304,
        ]
      ),
    ])
  func operators(config: String, counts: [String: Int]) throws {
    #expect(try Complexity(ofConfig: "vmamba/\(config)").byOperator == counts)
  }
}
