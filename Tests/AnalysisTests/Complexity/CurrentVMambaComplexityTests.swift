import Analysis
import Tensors
import Testing

@Suite("complexity of VMamba's current release")
struct CurrentVMambaComplexityTests {
  /// A variant as its config builds it, by the rule of its tables; counted by the older rule; and with einsums.
  private static func rows(
    _ config: String, with overrides: [String] = [], shape: [Int]? = nil, _ parameters: Int, _ flops: Int,
    v3: Int, legacy: Int? = nil
  ) -> [PublishedComplexity] {
    func row(_ more: [String], _ rule: ScanRule?, _ flops: Int) -> PublishedComplexity {
      PublishedComplexity(
        "vmamba/\(config)", overrides: overrides + more, shape: shape, rule: rule, parameters: parameters,
        flops: flops)
    }
    return [row([], nil, flops), row(["model.backbone.forward_type=v3_noz"], nil, v3)]
      + (legacy.map { [row([], .legacy, $0)] } ?? [])
  }

  /// s1l20 of a size, of which only the classifier has a config.
  private static let s1l20 = ["model.backbone.depths=[2,2,20,2]", "model.backbone.ssm_ratio=1.0"]

  static let classifiers =
    rows(
      "vssm-tiny-s1l8_300e_imagenet-224", 30_249_064, 4_905_609_984, v3: 4_905_586_000, legacy: 4_870_837_252)
    + rows(
      "vssm-tiny-s2l5_300e_imagenet-224", 30_705_832, 4_857_742_080, v3: 4_857_745_912, legacy: 4_798_131_516)
    + rows(
      "vssm-small-s2l15_300e_imagenet-224", 50_147_752, 8_715_774_720, v3: 8_715_772_552,
      legacy: 8_623_046_816)
    + rows(
      "vssm-small-s1l20_300e_imagenet-224", 49_012_840, 8_612_211_456, v3: 8_612_153_872,
      legacy: 8_557_569_220)
    + rows(
      "vssm-base-s2l15_300e_imagenet-224", 88_557_800, 15_358_944_256, v3: 15_358_936_856,
      legacy: 15_235_313_324)
    + rows(
      "vssm-base-s1l20_300e_imagenet-224", 86_614_504, 15_220_859_904, v3: 15_220_894_064,
      legacy: 15_148_004_556)

  static let detectors =
    rows(
      "mask-rcnn_vssm-tiny-s1l8_fpn_1x_coco", 49_755_312, 271_163_376_640, v3: 271_163_360_640,
      legacy: 270_453_760_640)
    + rows(
      "mask-rcnn_vssm-tiny-s2l5_fpn_1x_coco", 50_212_080, 270_186_480_640, v3: 270_186_348_640,
      legacy: 268_969_983_640)
    + rows(
      "mask-rcnn_vssm-small-s2l15_fpn_1x_coco", 69_654_000, 348_921_840_640, v3: 348_921_708_640,
      legacy: 347_029_533_640)
    + rows(
      "mask-rcnn_vssm-small-s2l15_fpn_1x_coco", with: s1l20, 68_519_088, 346_808_304_640, v3: 346_808_288_640)
    + rows(
      "mask-rcnn_vssm-base-s2l15_fpn_1x_coco", 107_931_376, 485_492_208_640, v3: 485_496_108_640,
      legacy: 482_969_087_640)
    + rows(
      "mask-rcnn_vssm-base-s2l15_fpn_1x_coco", with: s1l20, 105_988_080, 482_674_160_640, v3: 482_674_800_640)

  static let segmentors =
    rows(
      "upernet_vssm-tiny-s1l8_160k_ade20k-512x512", 61_902_572, 948_780_189_696, v3: 948_780_490_112,
      legacy: 948_053_516_664)
    + rows(
      "upernet_vssm-tiny-s2l5_160k_ade20k-512x512", 62_359_340, 947_779_848_192, v3: 947_779_835_824,
      legacy: 946_534_179_328)
    + rows(
      "upernet_vssm-small-s2l15_160k_ade20k-512x512", 81_801_260, 1_028_404_856_832, v3: 1_028_404_888_464,
      legacy: 1_026_467_134_128)
    + rows(
      "upernet_vssm-small-s2l15_160k_ade20k-640x640", 81_801_260, 1_606_871_500_800, v3: 1_606_868_259_600)
    + rows(
      "upernet_vssm-small-s2l15_160k_ade20k-512x512", with: s1l20, 80_666_348, 1_026_240_595_968,
      v3: 1_026_241_222_784)
    + rows(
      "upernet_vssm-base-s2l15_160k_ade20k-512x512", 122_069_292, 1_170_340_890_624, v3: 1_170_344_288_224,
      legacy: 1_167_757_166_192)
    + rows(
      "upernet_vssm-base-s2l15_160k_ade20k-512x512", with: s1l20, 120_125_996, 1_167_455_209_472,
      v3: 1_167_455_317_632)

  @Test("is the published one", arguments: classifiers + detectors + segmentors)
  func agrees(row: PublishedComplexity) throws { try row.check() }

  @Test(
    "is the published one in a detector's backbone",
    arguments: [
      ("tiny-s1l8", 100_151_808_000), ("tiny-s2l5", 99_174_912_000), ("small-s2l15", 177_910_272_000),
      ("base-s2l15", 313_497_600_000),
    ])
  func backbones(name: String, flops: Int) throws {
    let counted = try Complexity(ofConfig: "vmamba/mask-rcnn_vssm-\(name)_fpn_1x_coco")
    #expect(counted.flops(ofModule: "backbone") == flops)
    #expect(counted.scanRule == .hardware)
  }

  @Test("is the published one in each operation")
  func operators() throws {
    let counts = try Complexity(ofConfig: "vmamba/vssm-small-s2l15_300e_imagenet-224").byOperator
    // The release runs its linear layers as convolutions.
    #expect((counts["conv"] ?? 0) + (counts["linear"] ?? 0) == 8_498_976_768)
    #expect(counts["selective_scan"] == 168_591_360 && counts["layer_norm"] == 48_168_960)
    #expect(counts["adaptive_avg_pool2d"] == 37_632 && counts.count == 5)
  }
}

extension VMambaComplexityTests {
  static let classifiers = [
    ("tiny", 22_893_448, 4_461_237_128, 5_626_895), ("small", 44_417_416, 9_112_136_024, 11_231_523),
    ("base", 76_254_056, 15_194_393_796, 18_020_115),
  ].map { name, parameters, legacy, hardware in
    (name: name, parameters: parameters, legacy: legacy, thousandsByHardware: hardware)
  }

  @Test("is the published one of the classifiers", arguments: classifiers)
  func classifier(name: String, parameters: Int, legacy: Int, thousandsByHardware: Int) throws {
    let config = "vmamba/vssm-\(name)_300e_imagenet-224"
    try PublishedComplexity(config, parameters: parameters, flops: legacy).check()
    // Known to six decimals of a billion.
    let hardware = try Complexity(ofConfig: config, rule: .hardware).flops
    #expect((hardware + 500) / 1000 == thousandsByHardware)
  }
}
