import TestSupport
import Testing

import Tensors

/// Attention by single operations: logits, mask and probabilities of everything at once.
private func attentionByDefinition(
  _ qkv: Tensor, heads: Int, scale: Float, bias: Tensor? = nil, mask: Tensor? = nil
) -> Tensor {
  let (b, n, c) = (qkv.shape[0], qkv.shape[1], qkv.shape[2] / 3)
  let parts = qkv.reshaped([b, n, 3, heads, c / heads]).permuted([2, 0, 3, 1, 4])
  let (q, k, v) = (
    parts.sliced(axis: 0, from: 0, to: 1).reshaped([b, heads, n, c / heads]),
    parts.sliced(axis: 0, from: 1, to: 2).reshaped([b, heads, n, c / heads]),
    parts.sliced(axis: 0, from: 2, to: 3).reshaped([b, heads, n, c / heads])
  )
  var logits = matmul(q, k, transposingB: true) * scale
  if let bias { logits = logits + bias }
  if let mask { logits = logits + mask }
  return matmul(logits.softmax(axis: -1), v).permuted([0, 2, 1, 3]).reshaped([b, n, c])
}

/// Tokens of one head and channel whose logits are -300 everywhere, so that the result is the mean of their values 0, 1, 2 ...
private func tokensFarBelowZero(_ count: Int) -> Tensor {
  let values: [Float] = (0..<3 * count).map { place in
    switch place % 3 {
    case 0: -30
    case 1: 10
    default: Float(place / 3)
    }
  }
  return Tensor(values, shape: [1, count, 3])
}

/// Sizes of an attention in windows.
struct WindowCase: Sendable, CustomTestStringConvertible {
  var images = 1
  var rows = 1
  var columns = 1
  var window: Int
  var shift = 0
  var heads: Int
  var headWidth: Int
  var hasBias = true

  var testDescription: String {
    "B \(images) \(rows)x\(columns) windows of \(window), shift \(shift), \(heads) x \(headWidth)"
  }

  static let all: [WindowCase] = [
    .init(images: 2, rows: 2, columns: 3, window: 4, shift: 2, heads: 2, headWidth: 5),
    .init(window: 7, heads: 3, headWidth: 32),
    .init(window: 7, shift: 3, heads: 1, headWidth: 6),
    .init(images: 3, rows: 5, columns: 2, window: 3, shift: 1, heads: 4, headWidth: 17),
    .init(rows: 2, columns: 2, window: 1, heads: 1, headWidth: 1),
    .init(images: 2, rows: 1, columns: 4, window: 2, shift: 1, heads: 6, headWidth: 3, hasBias: false),
    .init(rows: 6, columns: 1, window: 5, shift: 2, heads: 2, headWidth: 40, hasBias: false),
  ]

  var positions: Int { window * window }
  var scale: Float { 0.7 }

  var inputs: [Tensor] {
    let map = Tensor.random([images, rows * window, columns * window, 3 * heads * headWidth], seed: 1)
    return hasBias ? [map, .random([heads, positions, positions], seed: 2)] : [map]
  }

  func callAsFunction(_ inputs: [Tensor]) -> Tensor {
    windowAttention(
      inputs[0], heads: heads, window: window, shift: shift, scale: scale, bias: hasBias ? inputs[1] : nil)
  }

  /// Windows `[B * rows * columns, w * w, C]` of a map.
  private func cut(_ map: Tensor) -> Tensor {
    map.reshaped([map.shape[0], rows, window, columns, window, map.shape[3]]).permuted([0, 1, 3, 2, 4, 5])
      .reshaped([map.shape[0] * rows * columns, positions, map.shape[3]])
  }

  /// The map, rolled by -shift, its windows' regions as a mask, and all rolled back.
  func byDefinition(_ inputs: [Tensor]) -> Tensor {
    let channels = heads * headWidth
    let (height, width) = (rows * window, columns * window)
    let rolled = inputs[0].rolled([-shift, -shift], axes: [1, 2])
    func region(_ place: Int, _ size: Int) -> Int {
      place < size - window ? 0 : place < size - shift ? 1 : 2
    }
    let regions = cut(
      Tensor(
        (0..<height * width).map { Float(3 * region($0 / width, height) + region($0 % width, width)) },
        shape: [1, height, width, 1]))
    let difference =
      regions.reshaped([rows * columns, 1, positions, 1])
      - regions.reshaped([rows * columns, 1, 1, positions])
    let mask = Tensor(
      (0..<images).flatMap { _ in difference.values.map { $0 == 0 ? 0 : -100 } },
      shape: [images * rows * columns, 1, positions, positions])
    let y = attentionByDefinition(
      cut(rolled), heads: heads, scale: scale, bias: hasBias ? inputs[1] : nil, mask: shift > 0 ? mask : nil)
    return y.reshaped([images, rows, columns, window, window, channels]).permuted([0, 1, 3, 2, 4, 5])
      .reshaped([images, height, width, channels]).rolled([shift, shift], axes: [1, 2])
  }
}

@Suite("attention in windows")
struct WindowAttentionTests {
  @Test("the definition", arguments: WindowCase.all)
  func definition(_ windows: WindowCase) {
    let (y, expected) = (windows(windows.inputs), windows.byDefinition(windows.inputs))
    #expect(y.shape == expected.shape)
    #expect(zip(y.values, expected.values).allSatisfy { abs($0 - $1) <= 2e-6 })
  }

  @Test("gradients", arguments: WindowCase.all)
  func gradients(_ windows: WindowCase) {
    let leaves = windows.inputs.map { $0.withGradient() }
    let others = windows.inputs.map { $0.withGradient() }
    let (y, expected) = (windows(leaves), windows.byDefinition(others))
    let cotangent = Tensor.random(y.shape, seed: 5)
    y.backward(from: cotangent)
    expected.backward(from: cotangent)
    for (leaf, other) in zip(leaves, others) {
      let (found, wanted) = (leaf.gradient?.values ?? [], other.gradient?.values ?? [0])
      #expect(found.count == wanted.count && zip(found, wanted).allSatisfy { abs($0 - $1) <= 1e-5 })
    }
    #expect(gradientMismatches(at: windows.inputs, samples: 12) { windows($0) } == [])
  }

  @Test("a gradient only where one is wanted")
  func someGradients() throws {
    let windows = WindowCase.all[0]
    let bias = windows.inputs[1].withGradient()
    let y = windows([windows.inputs[0], bias])
    y.backward(from: Tensor.ones(y.shape))
    #expect(try #require(bias.gradient).shape == bias.shape)
  }

  @Test("logits far below zero: what is behind a row in memory takes no share")
  func farBelow() {
    let y = windowAttention(
      tokensFarBelowZero(9).reshaped([1, 3, 3, 3]), heads: 1, window: 3, shift: 0, scale: 1)
    #expect(y.values.allSatisfy { abs($0 - 4) < 1e-5 })
  }

  @Test("an image gives the same bits in any batch")
  func batch() {
    let windows = WindowCase.all[3]
    let all = windows(windows.inputs).values
    let one = windows([windows.inputs[0].sliced(axis: 0, from: 1, to: 2), windows.inputs[1]]).values
    #expect(Array(all[one.count..<2 * one.count]) == one)
  }

  @Test("no images")
  func empty() {
    let x = Tensor.zeros([0, 4, 4, 6]).withGradient()
    let y = windowAttention(x, heads: 1, window: 2, shift: 1, scale: 1)
    y.backward(from: y.detached)
    #expect(y.shape == [0, 4, 4, 2] && x.gradient?.shape == [0, 4, 4, 6])
  }

  @Test("dropped probabilities are the same in the backward pass, and make no difference on average")
  func dropping() {
    let windows = WindowCase(images: 2, rows: 2, columns: 2, window: 3, shift: 1, heads: 2, headWidth: 4)
    let dropout = AttentionDropout(probability: 0.3, generators: DroppingTests.generators(2))
    func dropped(_ inputs: [Tensor]) -> Tensor {
      windowAttention(
        inputs[0], heads: 2, window: 3, shift: 1, scale: 0.7, bias: inputs[1], dropout: dropout)
    }
    #expect(gradientMismatches(at: windows.inputs, samples: 24) { dropped($0) } == [])
    // Values of 1 give the sum of a row's kept probabilities.
    let ones = windows.inputs[0].shape.dropLast().product
    let map = Tensor.ones([2, 6, 6, 24])
    let sums = dropped([map, windows.inputs[1]]).values
    #expect(abs(sums.reduce(0, +) / Float(ones * 8) - 1) < 0.05 && sums.contains { abs($0 - 1) > 0.1 })
  }
}

@Suite("attention")
struct AttentionTests {
  /// B, N, heads, d.
  static let cases = [
    (2, 5, 2, 3), (1, 1, 1, 1), (1, 197, 3, 8), (2, 300, 1, 4), (0, 4, 2, 2), (1, 17, 1, 33),
  ]

  private func input(_ sizes: (Int, Int, Int, Int)) -> Tensor {
    Tensor.random([sizes.0, sizes.1, 3 * sizes.2 * sizes.3], seed: 3)
  }

  @Test("the definition and its gradients", arguments: cases)
  func definition(_ sizes: (Int, Int, Int, Int)) {
    let (x, other) = (input(sizes).withGradient(), input(sizes).withGradient())
    let y = attention(x, heads: sizes.2, scale: 0.6)
    let expected = attentionByDefinition(other, heads: sizes.2, scale: 0.6)
    #expect(y.shape == expected.shape)
    #expect(zip(y.values, expected.values).allSatisfy { abs($0 - $1) <= 2e-6 })
    let cotangent = Tensor.random(y.shape, seed: 5)
    y.backward(from: cotangent)
    expected.backward(from: cotangent)
    let (found, wanted) = (x.gradient?.values ?? [], other.gradient?.values ?? [0])
    #expect(found.count == wanted.count && zip(found, wanted).allSatisfy { abs($0 - $1) <= 1e-5 })
    if x.count > 0, sizes.1 < 100 {
      #expect(gradientMismatches(at: [input(sizes)]) { attention($0[0], heads: sizes.2, scale: 0.6) } == [])
    }
  }

  @Test("logits far below zero: what is behind a row in memory takes no share", arguments: [1, 9, 16, 31])
  func farBelow(_ tokens: Int) {
    let y = attention(tokensFarBelowZero(tokens), heads: 1, scale: 1)
    #expect(y.values.allSatisfy { abs($0 - Float(tokens - 1) / 2) < 1e-5 })
  }

  @Test("dropped probabilities are the same in the backward pass")
  func dropping() {
    let dropout = AttentionDropout(probability: 0.4, generators: DroppingTests.generators(2))
    let x = input((2, 70, 2, 3))
    let mismatches = gradientMismatches(at: [x], samples: 16) {
      attention($0[0], heads: 2, scale: 0.6, dropout: dropout)
    }
    #expect(mismatches == [])
    #expect(
      attention(x, heads: 2, scale: 0.6).values
        != attention(x, heads: 2, scale: 0.6, dropout: dropout).values)
  }
}
