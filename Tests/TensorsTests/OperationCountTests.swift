import Tensors
import Testing

@Suite("counted operations")
struct OperationCountTests {
  private static func zeros(_ shape: Int...) -> Tensor { .zeros(shape) }

  /// What an operation's name counts, and the operation.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let operation: CountedOperation
    let count: Int
    let run: @Sendable () -> Void
  }

  static let cases = [
    Case(
      testDescription: "a convolution: weights times output pixels", operation: .convolution,
      count: 2 * (5 * 3 * 3 * 4) * (4 * 3)
    ) { _ = conv2d(zeros(2, 8, 6, 4), weight: zeros(5, 3, 3, 4), stride: (2, 2), padding: (1, 1)) },
    Case(
      testDescription: "a depthwise convolution", operation: .convolution, count: (6 * 3 * 3) * (8 * 8)
    ) { _ = conv2d(zeros(1, 8, 8, 6), weight: zeros(6, 3, 3, 1), padding: (1, 1), groups: 6) },
    Case(
      testDescription: "a transposed convolution: weights times input pixels", operation: .convolution,
      count: (4 * 2 * 2 * 5) * (7 * 6)
    ) { _ = convTranspose2d(zeros(1, 7, 6, 4), weight: zeros(4, 2, 2, 5), stride: (2, 2)) },
    Case(testDescription: "a linear layer", operation: .linear, count: (3 * 7 * 4) * 5) {
      _ = linear(zeros(3, 7, 4), weight: zeros(5, 4), bias: zeros(5))
    },
    Case(testDescription: "a product", operation: .matmul, count: (2 * 3 * 4) * 5) {
      _ = matmul(zeros(2, 3, 4), zeros(2, 5, 4), transposingB: true)
    },
    Case(testDescription: "layer norm", operation: .layerNorm, count: 5 * 24) {
      _ = layerNorm(zeros(2, 3, 4), weight: nil, bias: nil, epsilon: 1e-5)
    },
    Case(testDescription: "group norm", operation: .groupNorm, count: 5 * 24) {
      _ = groupNorm(zeros(2, 3, 4), groups: 2, weight: nil, bias: nil, epsilon: 1e-5)
    },
    Case(testDescription: "batch norm by given statistics", operation: .batchNorm, count: 2 * 24) {
      _ = batchNorm(zeros(2, 3, 4), weight: nil, bias: nil, mean: zeros(4), variance: zeros(4), epsilon: 1e-5)
    },
    Case(testDescription: "batch norm by its own statistics", operation: .batchNorm, count: 5 * 24) {
      _ = batchNorm(zeros(2, 3, 4), weight: nil, bias: nil, epsilon: 1e-5)
    },
    Case(testDescription: "bilinear resizing", operation: .bilinearUpsampling, count: 4 * (6 * 8 * 2)) {
      _ = zeros(1, 3, 4, 2).resizedBilinear(height: 6, width: 8, alignCorners: false)
    },
    Case(testDescription: "resizing to the nearest", operation: .nearestUpsampling, count: 6 * 8 * 2) {
      _ = zeros(1, 3, 4, 2).resizedNearest(height: 6, width: 8)
    },
    Case(
      testDescription: "adaptive pooling", operation: .adaptiveAveragePooling, count: 3 * 4 * 2
    ) { _ = adaptiveAveragePool2d(zeros(1, 3, 4, 2), height: 2, width: 2) },
    Case(testDescription: "a scan", operation: .selectiveScan, count: 9 * (2 * 6 * 10 * 3) + 2 * 6 * 10) {
      _ = selectiveScan(
        u: zeros(2, 10, 6), delta: zeros(2, 10, 6), A: zeros(6, 3), B: zeros(2, 10, 1, 3),
        C: zeros(2, 10, 1, 3))
    },
  ]

  @Test("count from their shapes, computed or not", arguments: cases)
  func counts(_ row: Case) {
    let computed = countingOperations { row.run() }.counts
    let imagined = Computation.shapesOnly { countingOperations { row.run() }.counts }
    #expect(computed == imagined)
    #expect(computed[row.operation] == row.count && computed.total == row.count)
  }

  @Test("leave others out")
  func others() {
    let (_, counts) = countingOperations {
      let x = Tensor.zeros([1, 8, 8, 4])
      _ = (x + x).gelu().softmax(axis: -1).padded([(0, 0), (1, 1), (1, 1), (0, 0)])
      _ = maxPool2d(x, kernel: (2, 2))
      _ = roiAlign(x, boxes: [0, 0, 4, 4], batchIndices: [0], outputSize: (2, 2), spatialScale: 1)
    }
    #expect(counts == OperationCounts())
  }

  @Test(
    "four scans are counted with what makes delta, by the rule of the release or another",
    arguments: [
      // The first block of VMamba-T at 224 x 224; 192 inner channels, rank 6.
      (ScanAccounting.v0, nil, 137_290_056, CountedOperation.einsum, 14_450_000, ScanRule.legacy),
      (.v0, ScanRule.hardware, 9 * 38_535_168 + 2_408_448, .einsum, 14_450_000, .hardware),
      (.v3, nil, 9 * 38_535_168 + 2_408_448, .einsum, 14_450_000, .hardware),
      (.v05, nil, 9 * 38_535_168 + 2_408_448, .convolution, 14_450_688, .hardware),
      (.v05, .legacy, 137_290_056, .convolution, 14_450_688, .legacy),
    ] as [(ScanAccounting, ScanRule?, Int, CountedOperation, Int, ScanRule)])
  func fourScans(
    accounting: ScanAccounting, asked: ScanRule?, scan: Int, kind: CountedOperation, projection: Int,
    rule: ScanRule
  ) {
    let (_, counts) = Computation.shapesOnly {
      countingOperations(scanRule: asked) {
        accounting {
          _ = crossSelectiveScan(
            .zeros([1, 56, 56, 192]), projected: .zeros([1, 56, 56, 4 * 38]), dtWeight: .zeros([4, 192, 6]),
            dtBias: .zeros([4, 192]), aLogs: .zeros([768, 16]), skip: .zeros([768]))
        }
      }
    }
    #expect(counts[.selectiveScan] == scan && counts[kind] == projection)
    #expect(counts.total == scan + projection && counts.scanRule == rule)
  }

  @Test(
    "half of a printed number of four digits",
    arguments: [
      (0, 0), (1, 0), (9_999, 4_999), (24_576, 12_290), (38_535_168, 19_270_000), (77_070_336, 38_535_000),
      // Ties go to the even digit; one up carries.
      (12_345, 6_170), (12_355, 6_180), (99_995, 50_000), (99_994, 49_995),
    ])
  func printed(count: Int, half: Int) { #expect(PrintedCount.halved(count) == half) }

  @Test("are at most the largest number")
  func saturation() {
    let side = 1 << 31
    #expect([side, side, 4].multiplied == .max && [side, side, 0].multiplied == 0)
    #expect(Int.max.plus(1) == .max)
    for rule in ScanRule.allCases {
      #expect(rule.count(images: 1, channels: side, steps: side, states: 16) == .max)
    }
  }
}

@Suite("shapes without numbers")
struct ComputationTests {
  @Test("take no memory, however large")
  func memory() {
    let live = TensorMemory.current.live
    Computation.shapesOnly {
      let x = Tensor.ones([1, 65_536, 65_536, 64])
      let y = linear(x, weight: .zeros([128, 64]), activation: .gelu)
      let z = conv2d(y, weight: .zeros([3, 3, 3, 128]), padding: (1, 1)) + 1
      #expect(z.shape == [1, 65_536, 65_536, 3])
    }
    // Other tests run beside this one.
    #expect(TensorMemory.current.live - live < 64 << 30)
  }

  @Test("are zeros where they are read")
  func zeros() {
    let (read, one) = Computation.shapesOnly { (Tensor.ones([2, 3]).gelu(), Tensor([1, 2], shape: [2])) }
    #expect(read.values == [0, 0, 0, 0, 0, 0])
    #expect(one.values == [1, 2])
  }

  @Test("keep nothing with the weights")
  func derivedForms() {
    let weight = Tensor((0..<64 * 64 * 9).map { Float($0 % 5) - 2 }, shape: [64, 3, 3, 64])
    let x = Tensor((0..<64 * 64 * 64).map { Float($0 % 3) }, shape: [1, 64, 64, 64])
    let expected = conv2d(
      x, weight: Tensor(weight.values, shape: weight.shape), padding: (1, 1), method: .winograd)
    Computation.shapesOnly { _ = conv2d(x, weight: weight, padding: (1, 1), method: .winograd) }
    #expect(conv2d(x, weight: weight, padding: (1, 1), method: .winograd).values == expected.values)
  }

  @Test("do not disturb other tasks")
  func tasks() async {
    let other = await Computation.shapesOnly { Task.detached { Tensor.ones([4]).exp().values } }.value
    #expect(other.allSatisfy { $0 > 2.7 })
  }
}
