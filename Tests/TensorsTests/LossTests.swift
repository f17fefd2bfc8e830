import Foundation
import TestSupport
import Testing

import Tensors

@Suite("losses")
struct LossTests {
  static let labels: [Int32] = [0, 4, 255, 2, 1, 1, 255, 3]

  @Test("cross entropy: the logarithm of the label's share, 0 where ignored")
  func crossEntropyValues() {
    let x = Tensor.random([2, 4, 5], in: -4...4)
    let loss = crossEntropy(x, labels: Self.labels, ignoreIndex: 255)
    let logarithm = x.logSoftmax(axis: -1).values
    #expect(loss.shape == [2, 4])
    for (row, label) in Self.labels.enumerated() {
      let expected = label == 255 ? 0 : -logarithm[row * 5 + Int(label)]
      #expect(abs(loss.values[row] - expected) < 1e-6)
    }
    let ignoringZero = crossEntropy(x, labels: Self.labels.map { $0 == 255 ? 0 : $0 }, ignoreIndex: 0)
    #expect(ignoringZero.values[0] == 0 && ignoringZero.values[2] == 0 && ignoringZero.values[1] != 0)
  }

  @Test("cross entropy: gradients", arguments: [nil, [0.5, 2, 1, 3, 0]] as [[Float]?])
  func crossEntropyGradients(weights: [Float]?) {
    let x = Tensor.random([2, 4, 5])
    #expect(
      gradientMismatches(at: [x]) {
        crossEntropy($0[0], labels: Self.labels, ignoreIndex: 255, classWeights: weights)
      } == [])
    #expect(crossEntropy(.zeros([0, 5]), labels: [], ignoreIndex: nil, classWeights: weights).shape == [0])
  }

  @Test("cross entropy: class weights are factors")
  func classWeights() {
    let x = Tensor.random([8, 5])
    let weights: [Float] = [0.5, 2, 1, 3, 0]
    let plain = crossEntropy(x, labels: Self.labels, ignoreIndex: 255).values
    let weighted = crossEntropy(x, labels: Self.labels, ignoreIndex: 255, classWeights: weights).values
    for (row, label) in Self.labels.enumerated() where label != 255 {
      #expect(abs(weighted[row] - plain[row] * weights[Int(label)]) < 1e-6)
    }
  }

  @Test("any number of classes and positions", arguments: [1, 2, 5, 31, 32, 33, 150], [1, 15, 37])
  func sizes(classes: Int, positions: Int) {
    let x = Tensor.random([positions, classes], in: -4...4).withGradient()
    let labels = (0..<positions).map { Int32($0 * 7 % classes) }
    let loss = crossEntropy(x, labels: labels, ignoreIndex: nil)
    loss.sum().backward()
    let (numbers, softmax) = (x.values, x.detached.softmax(axis: 1).values)
    let gradient = x.gradient?.values ?? []
    for position in 0..<positions {
      let row = numbers[position * classes..<(position + 1) * classes].map { exp(Double($0)) }
      let total = row.reduce(0, +)
      let own = Int(labels[position])
      #expect(abs(Double(loss.values[position]) + log(row[own] / total)) < 2e-6)
      for index in 0..<classes {
        let share = row[index] / total
        #expect(abs(Double(softmax[position * classes + index]) - share) < 3e-7)
        #expect(abs(Double(gradient[position * classes + index]) - share + (index == own ? 1 : 0)) < 1e-6)
      }
    }
  }

  @Test("an ignored position gives no gradient, even from logits that are no numbers")
  func ignoredNotANumber() {
    for classes in [3, 40] {
      let numbers = (0..<2 * classes).map { $0 < classes ? Float.nan : Float($0) * 0.01 }
      let x = Tensor(numbers, shape: [2, classes]).withGradient()
      let loss = crossEntropy(x, labels: [255, 1], ignoreIndex: 255)
      loss.sum().backward()
      let gradient = x.gradient?.values ?? []
      #expect(loss.values[0] == 0 && gradient.prefix(classes).allSatisfy { $0 == 0 })
      #expect(gradient.suffix(classes).allSatisfy { $0.isFinite && $0 != 0 })
    }
  }

  @Test("large logits give their distance, not infinity")
  func large() {
    let x = Tensor([1000, 0, -1000], shape: [1, 3])
    #expect(crossEntropy(x, labels: [2], ignoreIndex: nil).values == [2000])
    let binary = binaryCrossEntropy(
      logits: Tensor([200, -200, 200, -200], shape: [4]), targets: Tensor([0, 1, 1, 0], shape: [4]))
    #expect(binary.values == [200, 200, 0, 0])
  }

  @Test("binary cross entropy")
  func binary() {
    let (x, t) = (Tensor.random([7, 5], in: -3...3), Tensor.random([7, 5], in: 0...1, seed: 1))
    for (loss, (x, t)) in zip(binaryCrossEntropy(logits: x, targets: t).values, zip(x.values, t.values)) {
      let p = 1 / (1 + exp(-Double(x)))
      let expected = -Double(t) * log(p) - (1 - Double(t)) * log(1 - p)
      #expect(abs(Double(loss) - expected) < 1e-6)
    }
    #expect(gradientMismatches(at: [x]) { binaryCrossEntropy(logits: $0[0], targets: t) } == [])
  }

  @Test("absolute differences")
  func absolute() {
    let (x, t) = (Tensor([1, 2, 3, -4], shape: [4]).withGradient(), Tensor([2, 2, 1, 1], shape: [4]))
    let loss = l1(x, t)
    #expect(loss.values == [1, 0, 2, 5])
    loss.sum().backward()
    #expect(x.gradient?.values == [-1, 0, 1, -1])
  }

  @Test("the average of weighted losses")
  func reduction() {
    let losses = Tensor([1, 2, 3, 4], shape: [4])
    let weights = Tensor([1, 0, 1, 0.5], shape: [4])
    #expect(weightedSum(losses).scalar == 2.5)
    #expect(weightedSum(losses, weights: weights).scalar == 1.5)
    #expect(abs(weightedSum(losses, weights: weights, averagingFactor: 3).scalar - 2) < 1e-6)
    #expect(weightedSum(.zeros([0]), averagingFactor: 0).scalar == 0)
    #expect(
      gradientMismatches(at: [losses]) { weightedSum($0[0], weights: weights, averagingFactor: 3) } == [])
  }

  @Test(
    "label smoothing: a part of the target is shared by all classes", arguments: [2, 5, 31, 33, 150],
    [false, true])
  func labelSmoothing(classes: Int, isWeighted: Bool) {
    let x = Tensor.random([9, classes], in: -4...4)
    let labels = (0..<9).map { $0 == 4 ? 255 : Int32($0 * 7 % classes) }
    let weights = isWeighted ? (0..<classes).map { Float($0 % 4) * 0.5 } : nil
    func loss(_ x: Tensor) -> Tensor {
      crossEntropy(x, labels: labels, ignoreIndex: 255, classWeights: weights, labelSmoothing: 0.1)
    }
    let (found, logarithms) = (loss(x).values, x.logSoftmax(axis: 1).values.map { Double($0) })
    for (row, label) in labels.enumerated() {
      func term(_ c: Int) -> Double { -Double(weights?[c] ?? 1) * logarithms[row * classes + c] }
      let all = (0..<classes).reduce(0) { $0 + term($1) }
      let expected = label == 255 ? 0 : 0.9 * term(Int(label)) + 0.1 / Double(classes) * all
      #expect(abs(Double(found[row]) - expected) < 1e-5)
    }
    #expect(gradientMismatches(at: [x]) { loss($0[0]) } == [])
    let none = crossEntropy(
      .zeros([0, classes]), labels: [], ignoreIndex: nil, classWeights: weights, labelSmoothing: 0.1)
    #expect(none.shape == [0])
  }

  @Test("smooth L1: squared near 0, absolute further on", arguments: [1, 0.11, 3] as [Float])
  func smooth(beta: Float) {
    // No difference is near beta or 0, where the second derivative or the first one jumps.
    let t = Tensor.random([7, 5], seed: 1)
    let x = t + Tensor((0..<35).map { Float($0 - 17) * 0.25 + 0.06 }, shape: [7, 5])
    for (loss, (x, t)) in zip(smoothL1(x, t, beta: beta).values, zip(x.values, t.values)) {
      let d = abs(Double(x) - Double(t))
      let expected = d < Double(beta) ? d * d / Double(2 * beta) : d - Double(beta) / 2
      #expect(abs(Double(loss) - expected) < 1e-6)
    }
    #expect(gradientMismatches(at: [x], step: 5e-3, tolerance: 4e-3) { smoothL1($0[0], t, beta: beta) } == [])
    #expect(gradientMismatches(at: [.zeros([0, 4])]) { smoothL1($0[0], .zeros([0, 4]), beta: beta) } == [])
  }

  @Test("smooth L1 with beta 0 is the absolute difference")
  func smoothWithoutBeta() {
    let (x, t) = (Tensor([1, 2, 3, -4], shape: [4]).withGradient(), Tensor([2, 2, 1, 1], shape: [4]))
    let loss = smoothL1(x, t, beta: 0)
    #expect(loss.values == [1, 0, 2, 5])
    loss.sum().backward()
    #expect(x.gradient?.values == [-1, 0, 1, -1])
  }
}
