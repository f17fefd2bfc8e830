import Configuration
import Segmentation
import TestSupport
import Tensors
import Testing

@Suite("UPerHead on large maps")
struct UPerHeadStripTests {
  @Test("works by strips as over the whole map")
  func strips() throws {
    let node = try ConfigurationNode.parse(
      "{in_channels: [16, 16], pool_scales: [1], channels: 16, norm_cfg: {type: BN}}", file: "head.yaml")
    var head = UPerHead(try node.decode(UPerHead.Configuration.self), classes: 2, layer: 0)
    head.initialize(seed: 1)
    let maps = [Tensor.random([2, 45, 26, 16]), .random([2, 23, 13, 16], seed: 1)]
    let whole = withoutGradients { head(maps) }
    // Ten rows a strip, and so twelve.
    head.stripBytes = 4 * 2 * 26 * 32 * 10
    let strips = withoutGradients { head(maps) }
    #expect(strips.shape == whole.shape)
    let largest = zip(strips.values, whole.values).map { abs($0 - $1) }.max() ?? 1
    #expect(largest < 1e-5)
  }
}
