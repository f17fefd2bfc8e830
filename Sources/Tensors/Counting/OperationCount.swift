import Synchronization

/// The operations whose multiply-accumulates are counted, under the names that PyTorch's counters (fvcore) give them.
/// All others count nothing: activations, softmax, sums, gates, padding, copies, RoIAlign, suppression, maximum pooling.
public enum CountedOperation: String, CaseIterable, Sendable, Codable {
  /// Convolutions of all kinds, transposed ones too.
  case convolution = "conv"
  case linear
  /// Products of two maps, as in attention.
  case matmul
  /// The projections of a scan, where a release writes them so.
  case einsum
  case selectiveScan = "selective_scan"
  case layerNorm = "layer_norm"
  case groupNorm = "group_norm"
  case batchNorm = "batch_norm"
  case bilinearUpsampling = "upsample_bilinear2d"
  case nearestUpsampling = "upsample_nearest2d"
  case adaptiveAveragePooling = "adaptive_avg_pool2d"
}

/// Multiply-accumulates by operation; one multiply-add counts as one. More than a whole number holds are its largest.
public struct OperationCounts: Sendable, Equatable {
  private var counts: [CountedOperation: Int] = [:]
  /// The rule by which scans were counted; nil where there was none.
  public internal(set) var scanRule: ScanRule?

  /// Nothing counted.
  public init() {}

  /// Those of one operation.
  public subscript(operation: CountedOperation) -> Int { counts[operation] ?? 0 }

  /// Those of all operations.
  public var total: Int { counts.values.reduce(0) { $0.plus($1) } }

  /// Those of two passes, one after the other.
  public static func + (a: OperationCounts, b: OperationCounts) -> OperationCounts {
    var sum = a
    for (operation, count) in b.counts { sum.add(count, to: operation) }
    sum.scanRule = a.scanRule ?? b.scanRule
    return sum
  }

  mutating func add(_ count: Int, to operation: CountedOperation) {
    counts[operation] = self[operation].plus(count)
  }
}

/// Runs `body` and counts its operations, each from its shapes as it runs. Scans are counted by the rule that is given;
/// nil: by that of the model's release.
///
/// - Returns: What `body` gives, and what was counted on this task: operations are not run on others.
public func countingOperations<R>(
  scanRule: ScanRule? = nil, _ body: () throws -> R
) rethrows -> (result: R, counts: OperationCounts) {
  let counter = OperationCounter(scanRule: scanRule)
  let result = try OperationCounter.$current.withValue(counter, operation: body)
  return (result, counter.counts)
}

/// Where operations report to.
package final class OperationCounter: Sendable {
  /// The counter of the task; nil while nothing is counted.
  @TaskLocal package static var current: OperationCounter?

  private let scanRule: ScanRule?
  private let state = Mutex(OperationCounts())

  fileprivate init(scanRule: ScanRule?) { self.scanRule = scanRule }

  fileprivate var counts: OperationCounts { state.withLock { $0 } }

  /// Counts the product of some numbers.
  package func add(_ operation: CountedOperation, _ factors: Int...) {
    let count = factors.multiplied
    state.withLock { $0.add(count, to: operation) }
  }

  /// Counts a linear layer, which may be a projection of a scan.
  package func addLinear(_ factors: Int...) {
    let count = factors.multiplied
    switch ScanAccounting.current?.projections {
    case nil: add(.linear, count)
    case .convolution: add(.convolution, count)
    case .einsum: add(.einsum, PrintedCount.halved([2, count].multiplied))
    }
  }

  /// Counts the scans of `images` images, `channels` channels in all directions together.
  func addScan(images: Int, channels: Int, steps: Int, states: Int) {
    let rule = scanRule ?? ScanAccounting.current?.rule ?? .hardware
    let count = rule.count(images: images, channels: channels, steps: steps, states: states)
    state.withLock {
      $0.add(count, to: .selectiveScan)
      $0.scanRule = rule
    }
  }
}

extension [Int] {
  /// Their product, at most the largest number.
  package var multiplied: Int {
    if contains(0) { return 0 }
    return reduce(1) { product, factor in
      let (result, isTooLarge) = product.multipliedReportingOverflow(by: factor)
      return isTooLarge ? .max : result
    }
  }
}

extension Int {
  /// The sum of two counts, at most the largest number.
  package func plus(_ other: Int) -> Int {
    let (sum, isTooLarge) = addingReportingOverflow(other)
    return isTooLarge ? .max : sum
  }
}
