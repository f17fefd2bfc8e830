import TestSupport
import Testing

import Tensors

/// Sizes of a 3x3 convolution with stride 1.
struct WinogradCase: Sendable, CustomTestStringConvertible {
  var images = 1
  var height: Int
  var width: Int
  var inputs: Int
  var outputs: Int
  var padding = (1, 1)

  var testDescription: String {
    "\(images) x \(height) x \(width), \(inputs) -> \(outputs), padding \(padding)"
  }

  /// The ends of the ranges, and one pixel or channel beside the sizes of tiles and blocks.
  static let edges: [WinogradCase] = [
    .init(height: 1, width: 1, inputs: 1, outputs: 1),
    .init(height: 3, width: 3, inputs: 2, outputs: 3, padding: (0, 0)),
    .init(height: 1, width: 2, inputs: 5, outputs: 1, padding: (2, 1)),
    .init(height: 4, width: 8, inputs: 16, outputs: 32), .init(height: 5, width: 7, inputs: 15, outputs: 17),
    .init(images: 3, height: 41, width: 41, inputs: 70, outputs: 70),
    .init(images: 2, height: 41, width: 6, inputs: 33, outputs: 48, padding: (0, 2)),
    .init(images: 3, height: 1, width: 41, inputs: 64, outputs: 31, padding: (1, 0)),
    .init(images: 2, height: 16, width: 16, inputs: 47, outputs: 49, padding: (2, 2)),
    .init(height: 14, width: 14, inputs: 512, outputs: 40),
  ]

  /// Sides 1...41, channels 1...70, batches 1...3, paddings 0...2, the same in every run.
  static let sample: [WinogradCase] = {
    var random = RandomGenerator(seed: 3, purpose: .dataOrder)
    var cases: [WinogradCase] = []
    while cases.count < 120 {
      let next = WinogradCase(
        images: 1 + random.integer(below: 3), height: 1 + random.integer(below: 41),
        width: 1 + random.integer(below: 41), inputs: 1 + random.integer(below: 70),
        outputs: 1 + random.integer(below: 70), padding: (random.integer(below: 3), random.integer(below: 3)))
      if next.height + 2 * next.padding.0 > 2, next.width + 2 * next.padding.1 > 2 { cases.append(next) }
    }
    return cases
  }()

  var x: Tensor { .random([images, height, width, inputs], seed: 1) }
  var weight: Tensor { .random([outputs, 3, 3, inputs], seed: 2) }
  var bias: Tensor { .random([outputs], seed: 3) }
}

/// The largest difference, against the largest expected number.
private func deviation(_ a: Tensor, _ b: Tensor) -> Float {
  let largest = b.values.reduce(0) { max($0, abs($1)) }
  return zip(a.values, b.values).reduce(0) { max($0, abs($1.0 - $1.1)) } / max(largest, 1e-30)
}

@Suite("Winograd's method")
struct WinogradTests {
  /// Result and gradients of all inputs.
  private func run(_ conv: WinogradCase, _ method: ConvolutionMethod) throws -> [Tensor] {
    let leaves = [conv.x, conv.weight, conv.bias].map { $0.withGradient() }
    let y = conv2d(
      leaves[0], weight: leaves[1], bias: leaves[2], padding: conv.padding, method: method)
    y.backward(from: .random(y.shape, seed: 4))
    return try [y] + leaves.map { try #require($0.gradient) }
  }

  @Test("the direct convolution, forward and backward", arguments: WinogradCase.edges + WinogradCase.sample)
  func direct(_ conv: WinogradCase) throws {
    let (found, expected) = (try run(conv, .winograd), try run(conv, .columns))
    for (name, pair) in zip(["y", "gx", "gw", "gb"], zip(found, expected)) {
      let off = deviation(pair.0, pair.1)
      #expect(pair.0.shape == pair.1.shape)
      #expect(off <= 1e-5, "\(name) is off by \(off)")
    }
  }

  @Test("gradients", arguments: WinogradCase.edges.filter { $0.inputs < 60 })
  func gradients(_ conv: WinogradCase) {
    #expect(
      gradientMismatches(at: [conv.x, conv.weight, conv.bias], samples: 8) {
        conv2d($0[0], weight: $0[1], bias: $0[2], padding: conv.padding, method: .winograd)
      } == [])
  }

  @Test("is chosen where it is faster")
  func choice() {
    func chosen(_ conv: WinogradCase) -> ConvolutionMethod? {
      let (x, weight) = (conv.x, conv.weight)
      let automatic = conv2d(x, weight: weight, padding: conv.padding).values
      let columns = conv2d(x, weight: weight, padding: conv.padding, method: .columns).values
      let winograd = conv2d(x, weight: weight, padding: conv.padding, method: .winograd).values
      if columns == winograd { return nil }
      return automatic == winograd ? .winograd : automatic == columns ? .columns : nil
    }
    #expect(chosen(.init(height: 48, width: 64, inputs: 256, outputs: 128)) == .winograd)
    #expect(chosen(.init(height: 48, width: 64, inputs: 8, outputs: 8)) == .columns)
    #expect(chosen(.init(height: 5, width: 5, inputs: 256, outputs: 256)) == .columns)
  }

  @Test("weights written in place are transformed anew")
  func writtenWeights() {
    let conv = WinogradCase(height: 9, width: 9, inputs: 20, outputs: 20)
    let x = conv.x
    var weight = conv.weight
    func y() -> [Float] { conv2d(x, weight: weight, padding: (1, 1), method: .winograd).values }
    let before = y()
    #expect(y() == before)
    weight.add(.random(weight.shape, seed: 7))
    let fresh = Tensor(weight.values, shape: weight.shape)
    #expect(y() == conv2d(x, weight: fresh, padding: (1, 1), method: .winograd).values)
    #expect(y() != before)
  }
}
