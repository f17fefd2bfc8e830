import TestSupport
import Testing

import Tensors

@Suite("dropping")
struct DroppingTests {
  static func generators(_ count: Int) -> [RandomGenerator] {
    (0..<count).map { RandomGenerator(seed: 5, sample: $0, purpose: .dropPath(layer: 0)) }
  }

  @Test("whole channels of a sample, the rest scaled up")
  func channels() {
    let y = channelDropout(.ones([8, 3, 2, 50]), probability: 0.25, generators: Self.generators(8))
    let kept: Float = 1 / 0.75
    for sample in 0..<8 {
      let first = Array(y.values[sample * 300..<sample * 300 + 50])
      #expect(first.allSatisfy { $0 == 0 || $0 == kept })
      for position in 1..<6 {
        let start = sample * 300 + position * 50
        #expect(Array(y.values[start..<start + 50]) == first)
      }
    }
    let dropped = y.values.filter { $0 == 0 }.count
    #expect(400...800 ~= dropped, "\(dropped) of 2400 dropped, 600 expected")
  }

  @Test("whole samples, the rest scaled up")
  func samples() {
    let y = stochasticDepth(.ones([400, 3]), probability: 0.25, generators: Self.generators(400))
    let kept: Float = 1 / 0.75
    for sample in 0..<400 {
      let row = Array(y.values[sample * 3..<sample * 3 + 3])
      #expect(row == [0, 0, 0] || row == [kept, kept, kept])
    }
    let dropped = y.values.filter { $0 == 0 }.count / 3
    #expect(70...130 ~= dropped, "\(dropped) of 400 dropped, 100 expected")
  }

  @Test("a sample's fate does not depend on the batch it is in")
  func keyed() {
    let x = Tensor.random([6, 2, 40])
    let all = channelDropout(x, probability: 0.5, generators: Self.generators(6))
    let last = channelDropout(
      x.sliced(axis: 0, from: 5, to: 6), probability: 0.5, generators: [Self.generators(6)[5]])
    #expect(all.sliced(axis: 0, from: 5, to: 6).values == last.values)
  }

  @Test("gradients", arguments: [[3, 4, 5], [2, 1], [0, 4]])
  func gradients(shape: [Int]) {
    let generators = Self.generators(shape[0])
    #expect(
      gradientMismatches(at: [.random(shape)]) {
        channelDropout($0[0], probability: 0.5, generators: generators)
      } == [])
    #expect(
      gradientMismatches(at: [.random(shape)]) {
        stochasticDepth($0[0], probability: 0.5, generators: generators)
      } == [])
  }

  @Test(
    "a residual of some samples, and its gradients",
    arguments: [
      ([], []), ([0], [2]), ([1, 2], [1.5, 0]), ([0, 1, 2], [1, 1, 1]), ([0, 1, 2], [0, 2, 2]),
    ])
  func residual(places: [Int], factors: [Float]) {
    let (x, branch) = (Tensor.random([3, 2, 5], seed: 1), Tensor.random([places.count, 2, 5], seed: 2))
    var expected = x.values
    for (source, place) in places.enumerated() {
      for i in 0..<10 { expected[10 * place + i] += factors[source] * branch.values[10 * source + i] }
    }
    #expect(x.adding(branch, toSamples: places, times: factors).values == expected)
    #expect(
      gradientMismatches(at: [x, branch]) { $0[0].adding($0[1], toSamples: places, times: factors) } == [])
    #expect(
      gradientMismatches(at: [x]) {
        let x = $0[0] * 3
        return x.adding(x.samples(places) * x.samples(places), toSamples: places, times: factors)
      } == [])
  }

  @Test("probability 1 leaves nothing")
  func certain() {
    let y = stochasticDepth(.ones([2, 3]), probability: 1, generators: Self.generators(2))
    #expect(y.values.allSatisfy { $0 == 0 })
  }

  @Test("single numbers, by the generators' own sequence", arguments: [1, 3, 64, 65, 999, 40_001])
  func numbers(width: Int) {
    let x = Tensor.random([3, width], in: 1...2)
    let y = dropout(x, probability: 0.3, generators: Self.generators(3)).values
    let (numbers, scale) = (x.values, 1 / (1 - Float(0.3)))
    var expected: [Float] = []
    for (sample, generator) in Self.generators(3).enumerated() {
      var generator = generator
      for i in 0..<width {
        expected.append(generator.uniform() < 0.3 ? 0 : numbers[sample * width + i] * scale)
      }
    }
    #expect(y == expected)
    #expect(dropout(x, probability: 0, generators: Self.generators(3)).values == x.values)
    #expect(dropout(x, probability: 1, generators: Self.generators(3)).values.allSatisfy { $0 == 0 })
  }

  @Test("single numbers: gradients", arguments: [[3, 4, 5], [2, 1], [0, 4], [2, 0], [1, 7, 7, 3]])
  func numberGradients(shape: [Int]) {
    let generators = Self.generators(shape[0])
    #expect(
      gradientMismatches(at: [.random(shape)]) {
        dropout($0[0], probability: 0.5, generators: generators)
      } == [])
  }
}
