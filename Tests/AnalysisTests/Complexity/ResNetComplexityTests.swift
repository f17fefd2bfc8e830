import Analysis
import Tensors
import Testing

@Suite("complexity of ResNet")
struct ResNetComplexityTests {
  private static let deep = ["model.backbone.depth=101"]

  static let published = [
    PublishedComplexity(
      "resnet/mask-rcnn_r50_fpn_1x_coco", parameters: 44_396_336, flops: 260_152_304_640),
    PublishedComplexity(
      "resnet/mask-rcnn_r50_fpn_1x_coco", overrides: deep, parameters: 63_388_464, flops: 336_434_160_640),
    PublishedComplexity(
      "resnet/upernet_r50_160k_ade20k-512x512", parameters: 66_516_108, flops: 952_616_667_136),
    PublishedComplexity(
      "resnet/upernet_r50_160k_ade20k-512x512", overrides: deep, parameters: 85_508_236,
      flops: 1_030_408_423_424),
  ]

  @Test("is the published one: a detector as it is built, a segmentor in evaluation", arguments: published)
  func agrees(row: PublishedComplexity) throws { try row.check() }
}
