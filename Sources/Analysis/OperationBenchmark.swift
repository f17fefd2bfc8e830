import Tensors

/// Measures operations against the machine's own limits, all in the same run.
///
/// The machine's state changes while a benchmark runs, so each round measures the limits and every operation
/// once; what counts is the median over the rounds.
public struct OperationBenchmark {
  private let operations: [BenchmarkedOperation]
  private let divisor: Int

  /// A benchmark of the sizes that the floors are for.
  ///
  /// - Parameter shrinking: What every size is divided by: tests need less.
  public init(shrinking: Int = 1) {
    precondition(shrinking > 0, "sizes divided by \(shrinking)")
    (operations, divisor) = (BenchmarkedOperation.all(shrinking: shrinking), shrinking)
  }

  /// A benchmark of scans of some shapes, named for them, such as `scan_56x56x192`, with one state `scan_n1_56x56x192`.
  ///
  /// - Parameter shrinking: What the sizes of the machine's limits are divided by.
  public init(scans: [ScanShape], shrinking: Int = 1) {
    precondition(shrinking > 0, "sizes divided by \(shrinking)")
    operations = scans.flatMap { scan in
      scan.operations(
        "scan\(scan.states == 1 ? "_n1" : "")_\(scan.height)x\(scan.width)x\(scan.channels)")
    }
    divisor = shrinking
  }

  /// Runs all operations.
  ///
  /// - Parameter rounds: How often each is measured, after a round that does not count.
  public func run(rounds: Int = 5) -> OperationBenchmarkReport {
    precondition(rounds > 0, "\(rounds) rounds")
    let all = [BenchmarkedOperation.product(size: max(1, 2048 / divisor)), copy()] + operations
    var times = [[Double]](repeating: [], count: all.count)
    var repeats = [Int](repeating: 1, count: all.count)
    for round in 0...rounds {
      for (index, operation) in all.enumerated() {
        let seconds = (0..<repeats[index]).map { _ in operation.seconds() }
        if round == 0 {
          // Short operations are run for a hundredth of a second or so in each round.
          repeats[index] = min(10, max(1, Int(0.01 / max(1e-9, seconds[0]))))
        } else {
          times[index] += seconds
        }
      }
    }
    let seconds = times.map(\.median)
    let rates = zip(all, seconds).map { $0.work / $1 }
    let measured = zip(all, zip(seconds, rates)).dropFirst(2).map { operation, measured in
      OperationMeasurement(
        name: operation.name, milliseconds: 1000 * measured.0, rate: measured.1, limit: operation.limit,
        ratio: measured.1 / (operation.limit == .product ? rates[0] : rates[1]), floor: operation.floor)
    }
    return OperationBenchmarkReport(
      blas: BLAS.processorKernels, threads: Threads.count,
      productRate: rates[0], memoryRate: rates[1], operations: measured)
  }

  /// M: a copy, cut likewise.
  private func copy() -> BenchmarkedOperation {
    let count = (64 << 20) / divisor
    let (source, target) = (Tensor.zeros([count]), Tensor.zeros([count]))
    return BenchmarkedOperation(
      name: "M", work: 8 * Double(count), limit: .memory, floor: 1,
      seconds: { BenchmarkedOperation.measure { MachineLimits.copy(source, into: target) } })
  }
}
