import Files
import Foundation

/// How fast one operation runs, against what the machine can do.
public struct OperationMeasurement: Sendable, Codable {
  /// What of the machine an operation is held against.
  public enum Limit: String, Sendable, Codable {
    /// Floating-point operations per second of a large matrix product.
    case product = "P"
    /// Bytes read and written per second by a large copy.
    case memory = "M"
  }

  /// Operation and direction, such as `linear.backward`.
  public var name: String
  /// The median of all runs.
  public var milliseconds: Double
  /// FLOP/s, bytes/s, or for scans updates/s.
  public var rate: Double
  /// What it is held against.
  public var limit: Limit
  /// The rate as a part of the limit.
  public var ratio: Double
  /// The ratio that it should reach on a machine with AVX-512.
  public var floor: Double
}

/// The machine's limits and the operations' rates, of one run.
public struct OperationBenchmarkReport: Sendable, Codable {
  /// The processor that OpenBLAS takes this one for.
  public var blas: String
  /// Threads that computed.
  public var threads: Int
  /// P: FLOP/s of OpenBLAS' sgemm 2048³ with all threads.
  public var productRate: Double
  /// M: bytes read and written per second by a copy of 256 MiB with all threads.
  public var memoryRate: Double
  /// In the order of the table of floors.
  public var operations: [OperationMeasurement]

  enum CodingKeys: String, CodingKey {
    case blas, threads, operations
    case productRate = "P"
    case memoryRate = "M"
  }

  /// The table that the terminal shows.
  public func text() -> String {
    let head = String(
      format: "P %.1f GFLOP/s, M %.1f GB/s (%d threads, OpenBLAS for %@)", productRate / 1e9,
      memoryRate / 1e9,
      threads, blas)
    let rows = operations.map { operation in
      [
        operation.name, String(format: "%.2f ms", operation.milliseconds),
        String(format: "%.2f G/s", operation.rate / 1e9), String(format: "%.3f", operation.ratio),
        operation.limit.rawValue, String(format: "%.3f", operation.floor),
        operation.ratio < operation.floor ? "below" : "",
      ]
    }
    let table = TextTable(
      [.left(32), .right(9), .right(9), .right(), .left(), .right(), .left()],
      rows: [["operation", "time", "rate", "ratio", "", "floor", ""]] + rows)
    return head + "\n" + table.text
  }
}
