import TestSupport
import Testing

import Tensors

/// Weights `[O, I]` as both types take them, bfloat16 where the processor has it.
private func weights(_ weight: Tensor) -> [InferenceWeights] {
  [.float32(weight)] + (Precision.bfloat16.isAvailable ? [.bfloat16(HalfWeights(linear: weight))] : [])
}

/// Inputs of a layer or two, from sizes.
private struct Case {
  let x, scale, shift, bias, residual, second, secondBias: Tensor
  let weight: Tensor
  var norm: PrecedingNorm { PrecedingNorm(weight: scale, bias: shift, epsilon: 1e-5) }

  /// - Parameter size: Rows, inputs, outputs of the first layer, and of the second.
  init(_ size: [Int]) {
    x = .random([size[0], size[1]], seed: 1)
    (scale, shift) = (.random([size[1]], seed: 2), .random([size[1]], seed: 3))
    (weight, bias) = (.random([size[2], size[1]], seed: 4), .random([size[2]], seed: 5))
    let last = size[size.count - 1]
    (second, secondBias) = (.random([last, size[2]], seed: 6), .random([last], seed: 7))
    residual = .random([size[0], last], seed: 8)
  }
}

@Suite("linear layers in inference")
struct InferenceLinearTests {
  @Test(
    "norm, bias, residual and activation are those of separate operations, bit for bit",
    arguments: [
      // Beside the sizes of tiles and pieces; rows whose stride would fill the same lines of a cache.
      [1, 1, 1], [13, 7, 15], [29, 31, 49], [900, 70, 70], [60, 300, 700], [40, 1024, 33], [5, 5000, 3],
      [2500, 24, 96], [0, 4, 3], [4, 0, 3], [4, 3, 0],
    ])
  func separate(_ size: [Int]) {
    let x = Case(size)
    for hasNorm in [false, true] {
      let found = linear(
        x.x, weights: .float32(x.weight), after: hasNorm ? x.norm : nil, bias: x.bias, adding: x.residual,
        activation: .relu)
      let before =
        hasNorm ? layerNorm(x.x, weight: x.scale, bias: x.shift, epsilon: 1e-5) : x.x
      let wanted = (linear(before, weight: x.weight, bias: x.bias) + x.residual).relu()
      #expect(found.values == wanted.values)
    }
  }

  @Test("new numbers of a weight are taken")
  func changed() {
    let x = Tensor.random([30, 20], seed: 1)
    var weight = Tensor.random([40, 20], seed: 2)
    _ = linear(x, weights: .float32(weight))
    weight.add(.random([40, 20], seed: 3))
    let found = linear(x, weights: .float32(weight))
    #expect(found.values == linear(x, weight: weight).values)
  }

  @Test(
    "a perceptron is one layer after the other, bit for bit",
    arguments: [
      // Few rows and many; sides of tiles, panels and pairs; more between the layers than a cache holds.
      [5, 3, 4, 2], [100, 24, 96, 24], [768, 24, 96, 24], [1000, 17, 33, 5], [2500, 32, 47, 64],
      [800, 96, 1536, 40], [790, 8, 4100, 3], [800, 2100, 64, 8], [0, 4, 3, 2], [900, 3, 0, 2],
    ])
  func perceptrons(_ size: [Int]) {
    let x = Case(size)
    for (first, second) in zip(weights(x.weight), weights(x.second)) {
      for activation in [Activation.gelu, .relu, .silu, .sigmoid] {
        for isPlain in [false, true] {
          let (norm, residual) = isPlain ? (nil, nil) : (x.norm, x.residual)
          let found = perceptron(
            x.x, after: norm, (first, x.bias), activation, (second, isPlain ? nil : x.secondBias),
            adding: residual)
          let middle = linear(x.x, weights: first, after: norm, bias: x.bias, activation: activation)
          let wanted = linear(
            middle, weights: second, bias: isPlain ? nil : x.secondBias, adding: residual)
          #expect(found.shape == [size[0], size[3]])
          #expect(found.values == wanted.values)
        }
      }
    }
  }

  @Test("a row has the same bits alone, in a batch, and with any number of threads")
  func bits() {
    let x = Case([2000, 40, 100, 24])
    for (first, second) in zip(weights(x.weight), weights(x.second)) {
      func run(_ rows: Range<Int>) -> [Float] {
        let part = { (tensor: Tensor) in
          tensor.sliced(axis: 0, from: rows.lowerBound, to: rows.upperBound)
        }
        return perceptron(
          part(x.x), after: x.norm, (first, x.bias), .gelu, (second, x.secondBias), adding: part(x.residual)
        ).values
      }
      let whole = run(0..<2000)
      let before = Threads.count
      defer { Threads.count = before }
      for count in [1, 2, 5] {
        Threads.count = count
        #expect(run(0..<2000) == whole)
      }
      for rows in [3..<4, 500..<1400, 1999..<2000] {
        #expect(run(rows) == Array(whole[rows.lowerBound * 24..<rows.upperBound * 24]))
      }
    }
  }

  @Test("a perceptron counts as its parts, and so it does where nothing is computed")
  func counted() {
    let x = Case([900, 8, 16, 4])
    for (first, second) in zip(weights(x.weight), weights(x.second)) {
      let counts = countingOperations {
        perceptron(x.x, after: x.norm, (first, x.bias), .gelu, (second, nil), adding: x.residual)
      }.counts
      let apart = countingOperations {
        let before = layerNorm(x.x, weight: x.scale, bias: x.shift, epsilon: 1e-5)
        return linear(linear(before, weight: x.weight, activation: .gelu), weight: x.second)
      }.counts
      #expect(counts.total == apart.total && counts.total > 0)
    }
  }
}
