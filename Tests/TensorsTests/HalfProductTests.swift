import TestSupport
import Testing

import Tensors

/// bfloat16 is tried where the processor has it: elsewhere nothing of it runs.
private let isAvailable = Precision.bfloat16.isAvailable

extension Tensor {
  /// Rounded to bfloat16, to nearest even.
  fileprivate var rounded: [Double] {
    values.map { value in
      let bits = value.bitPattern
      return Double(Float(bitPattern: (bits &+ 0x7fff &+ (bits >> 16 & 1)) & 0xffff_0000))
    }
  }
}

extension Activation {
  fileprivate static let all: [Activation?] = [nil, .relu, .gelu, .silu, .sigmoid]
}

/// Whether all numbers are those wanted, but for the rounding of float sums of `terms` terms of about 1.
private func areSums(_ found: [Float], _ wanted: [Double], terms: Int) -> Bool {
  let room = 1e-6 * Double(terms + 4).squareRoot() * 4
  return found.count == wanted.count
    && zip(found, wanted).allSatisfy { abs(Double($0) - $1) <= room * max(1, abs($1)) }
}

@Suite("linear with weights as bfloat16", .enabled(if: isAvailable))
struct HalfProductTests {
  /// x W of rounded numbers in double precision.
  private static func reference(_ x: Tensor, _ weight: Tensor) -> [Double] {
    let (rows, inputs, outputs) = (
      x.shape.dropLast().reduce(1, *), weight.shape[1], weight.shape[0]
    )
    let (a, w) = (x.rounded, weight.rounded)
    return (0..<rows * outputs).map { at in
      let (row, output) = (at / outputs * inputs, at % outputs * inputs)
      return (0..<inputs).reduce(0) { $0 + a[row + $1] * w[output + $1] }
    }
  }

  @Test(
    "is the product of rounded numbers with float sums",
    arguments: [
      // Sizes beside those of tiles (14 x 32), panels (16) and pairs; few and many inputs; nothing at all.
      [1, 1, 1], [1, 2, 1], [3, 5, 4], [13, 7, 15], [14, 32, 32], [15, 33, 17], [29, 31, 49], [16, 64, 3],
      [100, 3, 40], [257, 96, 100], [5, 2049, 18], [3, 5000, 33], [900, 70, 70], [60, 300, 700],
      [0, 4, 3], [4, 0, 3], [4, 3, 0],
    ])
  func product(_ size: [Int]) {
    let x = Tensor.random([size[0], size[1]], seed: 1)
    let weight = Tensor.random([size[2], size[1]], seed: 2)
    let y = linear(x, half: HalfWeights(linear: weight))
    #expect(y.shape == [size[0], size[2]])
    #expect(areSums(y.values, Self.reference(x, weight), terms: size[1]))
  }

  @Test(
    "bias, residual and activation are those of separate operations",
    arguments: [[14, 32, 32], [27, 9, 21]])
  func epilogue(_ size: [Int]) {
    let (x, half) = (
      Tensor.random([size[0], size[1]], seed: 1), HalfWeights(linear: .random([size[2], size[1]], seed: 2))
    )
    let (bias, residual) = (Tensor.random([size[2]], seed: 3), Tensor.random([size[0], size[2]], seed: 4))
    let plain = linear(x, half: half)
    for activation in Activation.all {
      for (hasBias, hasResidual) in [(true, true), (true, false), (false, true), (false, false)] {
        let found = linear(
          x, half: half, bias: hasBias ? bias : nil, adding: hasResidual ? residual : nil,
          activation: activation)
        var wanted = hasBias ? plain + bias : plain
        if hasResidual { wanted = wanted + residual }
        wanted = activation?(wanted) ?? wanted
        #expect(zip(found.values, wanted.values).allSatisfy { abs($0 - $1) < 2e-6 * max(1, abs($1)) })
      }
    }
  }

  @Test(
    "a norm before it is that of a separate operation, bit for bit",
    arguments: [[14, 32, 32], [27, 9, 21], [900, 70, 70], [60, 300, 700], [5, 5000, 3]])
  func norm(_ size: [Int]) {
    let (x, half) = (
      Tensor.random([size[0], size[1]], seed: 1), HalfWeights(linear: .random([size[2], size[1]], seed: 2))
    )
    let (scale, shift) = (Tensor.random([size[1]], seed: 3), Tensor.random([size[1]], seed: 4))
    let found = linear(
      x, half: half, after: PrecedingNorm(weight: scale, bias: shift, epsilon: 1e-5), activation: .gelu)
    let normalised = layerNorm(x, weight: scale, bias: shift, epsilon: 1e-5)
    #expect(found.values == linear(normalised, half: half, activation: .gelu).values)
  }

  @Test("a row has the same bits alone, in a batch, and with any number of threads")
  func bits() {
    let half = HalfWeights(linear: .random([70, 2100], seed: 2))
    let x = Tensor.random([523, 2100], seed: 1)
    let whole = linear(x, half: half)
    let before = Threads.count
    defer { Threads.count = before }
    for count in [1, 2, 5] {
      Threads.count = count
      #expect(linear(x, half: half).values == whole.values)
    }
    for row in [0, 13, 14, 522] {
      let alone = linear(x.sliced(axis: 0, from: row, to: row + 1), half: half)
      #expect(alone.values == Array(whole.values[row * 70..<(row + 1) * 70]))
    }
  }

  @Test("some outputs are those of the whole")
  func part() throws {
    let half = HalfWeights(linear: .random([70, 9], seed: 2))
    let x = Tensor.random([20, 9], seed: 1)
    let part = try #require(half[32..<61])
    #expect(linear(x, half: part).values == linear(x, half: half).sliced(axis: 1, from: 32, to: 61).values)
    #expect(half[1..<9] == nil)
  }

  @Test("what is not a number or infinite stays so; denormal numbers are zeros")
  func specials() {
    let x = Tensor([.nan, 1, .infinity, 0, Float(bitPattern: 9999), 0], shape: [3, 2])
    let y = linear(x, half: HalfWeights(linear: Tensor([1, 1], shape: [1, 2])), activation: .relu).values
    #expect(y[0].isNaN && y[1] == .infinity && y[2] == 0)
  }
}

@Suite("convolution with weights as bfloat16", .enabled(if: isAvailable))
struct HalfConvolutionTests {
  private static func half(_ weight: Tensor, stride: Int = 1, padding: Int = 0, dilation: Int = 1)
    -> HalfWeights
  {
    HalfWeights(
      convolution: weight, stride: (stride, stride), padding: (padding, padding),
      dilation: (dilation, dilation))
  }

  @Test(
    "over columns: the convolution of rounded numbers",
    arguments: [
      // Side, inputs, outputs, kernel, stride, padding, dilation.
      [7, 3, 5, 3, 2, 1, 1], [9, 3, 20, 7, 2, 3, 1], [6, 8, 9, 1, 1, 0, 1], [5, 4, 33, 1, 2, 0, 1],
      [8, 5, 6, 3, 1, 2, 2], [4, 15, 17, 3, 1, 1, 1], [30, 40, 7, 2, 2, 0, 1], [2, 3, 4, 3, 1, 0, 1],
    ])
  func columns(_ s: [Int]) {
    let x = Tensor.random([2, s[0], s[0], s[1]], seed: 1)
    let weight = Tensor.random([s[2], s[3], s[3], s[1]], seed: 2)
    let found = conv2d(
      x, half: Self.half(weight, stride: s[4], padding: s[5], dilation: s[6]), stride: (s[4], s[4]),
      padding: (s[5], s[5]), dilation: (s[6], s[6]))
    let wanted = conv2d(
      Tensor(x.rounded.map { Float($0) }, shape: x.shape),
      weight: Tensor(weight.rounded.map { Float($0) }, shape: weight.shape), stride: (s[4], s[4]),
      padding: (s[5], s[5]), dilation: (s[6], s[6]))
    #expect(found.shape == wanted.shape)
    #expect(
      areSums(found.values, wanted.values.map { Double($0) }, terms: s[1] * s[3] * s[3] + 4))
  }

  /// Root of the mean square difference, as a part of that of the numbers.
  private static func error(_ found: Tensor, _ wanted: Tensor) -> Double {
    let square = zip(found.values, wanted.values).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
    return (square / max(1e-30, wanted.values.reduce(0.0) { $0 + Double($1 * $1) })).squareRoot()
  }

  @Test(
    "by Winograd's method: an error of about a hundredth",
    arguments: [
      // Images, height, width, inputs, outputs, padding.
      [1, 4, 4, 16, 16, 1], [2, 9, 7, 17, 33, 1], [1, 1, 1, 16, 20, 1], [3, 14, 14, 64, 48, 1],
      [1, 70, 41, 31, 16, 2], [1, 6, 5, 40, 40, 0], [0, 6, 5, 40, 40, 1],
    ])
  func winograd(_ s: [Int]) {
    let x = Tensor.random([s[0], s[1], s[2], s[3]], seed: 1)
    let weight = Tensor.random([s[4], 3, 3, s[3]], seed: 2)
    let (bias, padding) = (Tensor.random([s[4]], seed: 3), (s[5], s[5]))
    let plain = conv2d(x, weight: weight, bias: bias, padding: padding)
    let residual = Tensor.random(plain.shape, seed: 4)
    let half = Self.half(weight, padding: s[5])
    for activation in Activation.all {
      let found = conv2d(
        x, half: half, bias: bias, padding: padding, adding: residual, activation: activation)
      let wanted = activation?(plain + residual) ?? plain + residual
      #expect(found.shape == wanted.shape && Self.error(found, wanted) < 0.025)
    }
    #expect(Self.error(conv2d(x, half: half, bias: bias, padding: padding), plain) < 0.02)
  }

  @Test("an image has the same bits alone, in a batch, and with any number of threads")
  func bits() {
    let half = Self.half(.random([40, 3, 3, 24], seed: 2), padding: 1)
    let x = Tensor.random([3, 61, 90, 24], seed: 1)
    let whole = conv2d(x, half: half, padding: (1, 1))
    let before = Threads.count
    defer { Threads.count = before }
    for count in [1, 3] {
      Threads.count = count
      #expect(conv2d(x, half: half, padding: (1, 1)).values == whole.values)
    }
    let alone = conv2d(x.sliced(axis: 0, from: 1, to: 2), half: half, padding: (1, 1))
    #expect(alone.values == whole.sliced(axis: 0, from: 1, to: 2).values)
  }
}
