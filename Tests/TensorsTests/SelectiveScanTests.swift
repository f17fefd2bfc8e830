import Foundation
import TestSupport
import Testing

import Tensors

/// One scan by its definition in double precision: `delta` before bias and softplus, everything `[L][...]`.
private func scanByDefinition(
  u: [Double], delta: [Double], a: [Double], b: [[Double]], c: [[Double]], skip: Double
) -> [Double] {
  var h = [Double](repeating: 0, count: a.count)
  return u.indices.map { t in
    let dt = delta[t] > 20 ? delta[t] : log1p(exp(delta[t]))
    var y = skip * u[t]
    for n in a.indices {
      h[n] = exp(dt * a[n]) * h[n] + dt * u[t] * b[t][n]
      y += c[t][n] * h[n]
    }
    return y
  }
}

/// Sizes of a scan.
struct ScanCase: Sendable, CustomTestStringConvertible {
  var images = 1
  var length: Int
  var channels: Int
  var states: Int
  var groups = 1
  var hasSkip = true
  var hasBias = true

  var testDescription: String { "B \(images) L \(length) D \(channels) N \(states) G \(groups)" }

  static let all: [ScanCase] = [
    .init(images: 2, length: 7, channels: 8, states: 1, groups: 4),
    .init(length: 20, channels: 6, states: 8),
    .init(length: 33, channels: 6, states: 4, groups: 2, hasSkip: false),
    .init(images: 2, length: 21, channels: 4, states: 4, hasBias: false),
    .init(length: 131, channels: 32, states: 16, groups: 4),
    .init(length: 1, channels: 1, states: 3),
    .init(length: 300, channels: 17, states: 5),
    .init(images: 2, length: 40, channels: 150, states: 4),
    .init(length: 37, channels: 33, states: 64),
    .init(length: 270, channels: 48, states: 1),
    .init(length: 200, channels: 50, states: 6),
  ]

  /// u, delta, A, B, C and those of D and deltaBias that there are.
  var inputs: [Tensor] {
    var inputs = [
      Tensor.random([images, length, channels], seed: 1),
      Tensor.random([images, length, channels], in: -3...1, seed: 2),
      Tensor.random([channels, states], in: -4 ... -0.2, seed: 3),
      Tensor.random([images, length, groups, states], seed: 4),
      Tensor.random([images, length, groups, states], seed: 5),
    ]
    if hasSkip { inputs.append(Tensor.random([channels], seed: 6)) }
    if hasBias { inputs.append(Tensor.random([channels], seed: 7)) }
    return inputs
  }

  func callAsFunction(_ inputs: [Tensor]) -> Tensor {
    selectiveScan(
      u: inputs[0], delta: inputs[1], A: inputs[2], B: inputs[3], C: inputs[4], D: hasSkip ? inputs[5] : nil,
      deltaBias: hasBias ? inputs[hasSkip ? 6 : 5] : nil)
  }

  var expected: [Float] {
    let v = inputs.map { $0.values.map(Double.init) }
    var y = [Float](repeating: 0, count: images * length * channels)
    for image in 0..<images {
      for d in 0..<channels {
        let group = d / (channels / groups)
        let places = (0..<length).map { (image * length + $0) * channels + d }
        let rows = (0..<length).map { ((image * length + $0) * groups + group) * states }
        let bias = hasBias ? v[hasSkip ? 6 : 5][d] : 0
        let result = scanByDefinition(
          u: places.map { v[0][$0] }, delta: places.map { v[1][$0] + bias },
          a: (0..<states).map { v[2][d * states + $0] }, b: rows.map { Array(v[3][$0..<$0 + states]) },
          c: rows.map { Array(v[4][$0..<$0 + states]) }, skip: hasSkip ? v[5][d] : 0)
        for (place, value) in zip(places, result) { y[place] = Float(value) }
      }
    }
    return y
  }
}

/// Sizes of four scans over an image.
struct CrossScanCase: Sendable, CustomTestStringConvertible {
  var images = 1
  var height: Int
  var width: Int
  var channels: Int
  var states: Int
  var rank: Int
  var sets = 4

  var testDescription: String {
    "B \(images) \(height)x\(width) D \(channels) N \(states) R \(rank) K \(sets)"
  }

  static let all: [CrossScanCase] = [
    .init(height: 6, width: 10, channels: 32, states: 4, rank: 1),
    .init(images: 2, height: 9, width: 5, channels: 18, states: 16, rank: 3),
    .init(height: 7, width: 8, channels: 32, states: 4, rank: 2, sets: 1),
    .init(images: 2, height: 9, width: 7, channels: 33, states: 1, rank: 4),
    .init(height: 1, width: 1, channels: 3, states: 2, rank: 1),
    .init(images: 3, height: 12, width: 13, channels: 130, states: 8, rank: 5),
    .init(images: 8, height: 3, width: 70, channels: 20, states: 2, rank: 1, sets: 1),
    .init(images: 2, height: 5, width: 4, channels: 150, states: 3, rank: 7, sets: 1),
    .init(images: 3, height: 9, width: 17, channels: 96, states: 1, rank: 6),
    .init(height: 11, width: 8, channels: 130, states: 1, rank: 3, sets: 1),
    .init(height: 14, width: 11, channels: 80, states: 16, rank: 2),
  ]

  /// u, projected, dtWeight, dtBias, aLogs, skip.
  var inputs: [Tensor] {
    [
      Tensor.random([images, height, width, channels], seed: 1),
      Tensor.random([images, height, width, sets * (rank + 2 * states)], seed: 2),
      Tensor.random([sets, channels, rank], seed: 3),
      Tensor.random([sets, channels], in: -3...0, seed: 4),
      Tensor.random([sets * channels, states], seed: 5),
      Tensor.random([sets * channels], seed: 6),
    ]
  }

  func callAsFunction(_ inputs: [Tensor]) -> Tensor {
    crossSelectiveScan(
      inputs[0], projected: inputs[1], dtWeight: inputs[2], dtBias: inputs[3], aLogs: inputs[4],
      skip: inputs[5])
  }

  var expected: [Float] {
    let v = inputs.map { $0.values.map(Double.init) }
    let pixels = height * width
    let rowWidth = rank + 2 * states
    var y = [Double](repeating: 0, count: images * pixels * channels)
    let rows = Array(0..<pixels)
    let columns = rows.map { $0 % height * width + $0 / height }
    let orders = [rows, columns, rows.reversed(), columns.reversed()]
    for image in 0..<images {
      for (direction, order) in orders.enumerated() {
        let k = sets == 1 ? 0 : direction
        let starts = order.map { ((image * pixels + $0) * sets + k) * rowWidth }
        for d in 0..<channels {
          let delta = starts.map { start in
            (0..<rank).reduce(v[3][k * channels + d]) {
              $0 + v[1][start + $1] * v[2][(k * channels + d) * rank + $1]
            }
          }
          let result = scanByDefinition(
            u: order.map { v[0][(image * pixels + $0) * channels + d] }, delta: delta,
            a: (0..<states).map { -exp(v[4][(k * channels + d) * states + $0]) },
            b: starts.map { Array(v[1][$0 + rank..<$0 + rank + states]) },
            c: starts.map { Array(v[1][$0 + rank + states..<$0 + rowWidth]) }, skip: v[5][k * channels + d])
          for (pixel, value) in zip(order, result) { y[(image * pixels + pixel) * channels + d] += value }
        }
      }
    }
    return y.map(Float.init)
  }
}

@Suite("selective scan")
struct SelectiveScanTests {
  @Test("the definition", arguments: ScanCase.all)
  func definition(_ scan: ScanCase) {
    #expect(zip(scan(scan.inputs).values, scan.expected).allSatisfy { abs($0 - $1) <= 1e-5 })
  }

  @Test("gradients", arguments: ScanCase.all)
  func gradients(_ scan: ScanCase) {
    #expect(gradientMismatches(at: scan.inputs, samples: 16) { scan($0) } == [])
  }

  @Test("a gradient only where one is wanted")
  func someGradients() {
    let scan = ScanCase.all[0]
    let u = scan.inputs[0].withGradient()
    let y = scan([u] + scan.inputs.dropFirst())
    y.backward(from: Tensor.ones(y.shape))
    #expect(u.gradient != nil)
  }

  @Test("NaN stays NaN, large delta forgets")
  func extremes() {
    func scan(_ u: [Float], _ delta: [Float], rate: Float = -1) -> [Float] {
      selectiveScan(
        u: Tensor(u, shape: [1, 3, 1]), delta: Tensor(delta, shape: [1, 3, 1]),
        A: Tensor([rate], shape: [1, 1]),
        B: Tensor.ones([1, 3, 1, 1]), C: Tensor.ones([1, 3, 1, 1])
      ).values
    }
    #expect(!scan([1, 1, 1], [0, .nan, 0])[0].isNaN)
    #expect(scan([1, 1, 1], [0, .nan, 0])[2].isNaN)
    #expect(scan([1, 0, 0], [0, 1000, 0])[2] < 1e-30)
    #expect(scan([1, 0, 0], [-200, -200, -200]).allSatisfy { abs($0) < 1e-30 })
    #expect(scan([1, 0, 0], [30, 0, 0])[0] == 30)
    #expect(scan([1, 0, 0], [0, 0, 0], rate: -.infinity)[1] < 1e-30)
  }

  @Test("no images, no pixels")
  func empty() throws {
    let scan = CrossScanCase(images: 0, height: 3, width: 4, channels: 20, states: 4, rank: 2)
    let leaves = scan.inputs.map { $0.withGradient() }
    let y = scan(leaves)
    #expect(y.shape == [0, 3, 4, 20])
    y.backward(from: Tensor.zeros(y.shape))
    let gradient = try #require(leaves[2].gradient)
    #expect(gradient.values.allSatisfy { $0 == 0 })
  }
}

@Suite("cross selective scan")
struct CrossSelectiveScanTests {
  @Test("the definition", arguments: CrossScanCase.all)
  func definition(_ scan: CrossScanCase) {
    #expect(zip(scan(scan.inputs).values, scan.expected).allSatisfy { abs($0 - $1) <= 5e-5 })
  }

  @Test("gradients", arguments: CrossScanCase.all)
  func gradients(_ scan: CrossScanCase) {
    #expect(gradientMismatches(at: scan.inputs, samples: 16) { scan($0) } == [])
  }

  /// Of one state.
  static let single = CrossScanCase.all.filter { $0.states == 1 }

  @Test("one state is what two are, the second of which nothing goes into", arguments: single)
  func singleState(_ scan: CrossScanCase) {
    var pair = scan
    pair.states = 2
    var inputs = scan.inputs
    let rows = inputs[1].reshaped([-1, scan.rank + 2])
    func columns(_ range: Range<Int>) -> Tensor {
      rows.sliced(axis: 1, from: range.lowerBound, to: range.upperBound)
    }
    let nothing = Tensor.zeros([rows.shape[0], 1])
    let (b, c) = (scan.rank..<scan.rank + 1, scan.rank + 1..<scan.rank + 2)
    inputs[1] = concatenated(
      [columns(0..<scan.rank), columns(b), nothing, columns(c), nothing], axis: 1
    )
    .reshaped(pair.inputs[1].shape)
    let logarithms = inputs[4].reshaped([-1, 1])
    inputs[4] = concatenated([logarithms, logarithms], axis: 1)
    let (leaves, pairLeaves) = (scan.inputs.map { $0.withGradient() }, inputs.map { $0.withGradient() })
    let (y, expected) = (scan(leaves), pair(pairLeaves))
    #expect(zip(y.values, expected.values).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($1)) })
    let gradient = Tensor.random(y.shape, seed: 9)
    y.backward(from: gradient)
    expected.backward(from: gradient)
    for index in [0, 2, 3, 5] {
      let (own, other) = (leaves[index].gradient?.values ?? [], pairLeaves[index].gradient?.values ?? [])
      #expect(own.count == other.count && !own.isEmpty)
      #expect(zip(own, other).allSatisfy { abs($0 - $1) <= 2e-5 * max(1, abs($1)) }, "input \(index)")
    }
  }

  @Test(
    "one state: an image's bits are the same in every batch", arguments: [20, 96, 130, 200, 500], [1, 4])
  func rowsOfBatches(_ channels: Int, _ sets: Int) {
    let scan = CrossScanCase(
      images: 3, height: 9, width: 11, channels: channels, states: 1, rank: 4, sets: sets)
    let inputs = scan.inputs
    func run(_ images: Range<Int>) -> (y: [Float], gradients: [[Float]]) {
      let leaves = inputs.enumerated().map { index, input in
        (index < 2 ? input.sliced(axis: 0, from: images.lowerBound, to: images.upperBound) : input)
          .withGradient()
      }
      let y = scan(leaves)
      y.backward(from: y.detached)
      return (y.values, leaves.prefix(2).map { $0.gradient?.values ?? [] })
    }
    let whole = run(0..<3)
    let alone = (0..<3).map { run($0..<$0 + 1) }
    #expect(whole.y == alone.flatMap(\.y))
    for index in 0..<2 { #expect(whole.gradients[index] == alone.flatMap { $0.gradients[index] }) }
  }
}
