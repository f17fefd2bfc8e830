import Files
import Foundation
import Tensors

/// What a benchmark of a model comes to.
public struct ModelBenchmarkReport: Sendable, Encodable {
  /// An operation of the model, forward and backward apart.
  public struct Operation: Sendable, Codable {
    /// Such as `linear` and `linear.backward`.
    public var name: String
    /// In a mean run; operations within it count in both.
    public var milliseconds: Double
    /// How often a run calls it.
    public var count: Int
  }

  /// What was measured.
  public var mode: ModelBenchmark.Mode
  /// Pictures a run.
  public var batch: Int
  /// Height and width of a picture.
  public var shape: [Int]
  /// Threads that computed.
  public var threads: Int
  /// The instructions of the kernels: `AVX-512`, `AVX2` or `baseline`.
  public var simd: String
  /// The processor that OpenBLAS takes this one for.
  public var blas: String
  /// Of a run: the median.
  public var milliseconds: Double
  /// Of the very first run, which takes its memory from the system.
  public var firstMilliseconds: Double
  /// The most bytes that tensors held at once, weights included.
  public var peakMemory: Int
  /// The most bytes of the process that were resident.
  public var processMemory: Int
  /// Floating-point operations of a run: 2 a multiply-accumulate, three times as many in training; nil: not known.
  public var flops: Int?
  /// P: FLOP/s of OpenBLAS' sgemm 2048³ with all threads.
  public var productRate: Double
  /// The model's FLOP/s as a part of P; nil where they are not known.
  public var ratio: Double?
  /// The ten that take longest.
  public var operations: [Operation]
  /// In which type products were taken.
  public var precision: Precision
  /// Why that is not what was asked for.
  public var note: String?
  /// Of all runs together, where the throughput was asked for.
  public var imagesPerSecond: Double?

  enum CodingKeys: String, CodingKey {
    case mode, batch, shape, threads, simd, blas, milliseconds, flops, ratio, operations, precision
    case firstMilliseconds = "first_milliseconds"
    case peakMemory = "peak_memory"
    case processMemory = "process_memory"
    case productRate = "P"
    case imagesPerSecond = "images_per_second"
  }

  /// One object, with `null` for what is not known.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(mode, forKey: .mode)
    try keys.encode(batch, forKey: .batch)
    try keys.encode(shape, forKey: .shape)
    try keys.encode(threads, forKey: .threads)
    try keys.encode(simd, forKey: .simd)
    try keys.encode(blas, forKey: .blas)
    try keys.encode(milliseconds, forKey: .milliseconds)
    try keys.encode(firstMilliseconds, forKey: .firstMilliseconds)
    try keys.encode(peakMemory, forKey: .peakMemory)
    try keys.encode(processMemory, forKey: .processMemory)
    try keys.encode(flops, forKey: .flops)
    try keys.encode(productRate, forKey: .productRate)
    try keys.encode(ratio, forKey: .ratio)
    try keys.encode(operations, forKey: .operations)
    if precision != .float32 { try keys.encode(precision, forKey: .precision) }
    try keys.encodeIfPresent(imagesPerSecond, forKey: .imagesPerSecond)
  }

  /// The table that the terminal shows.
  public func text() -> String {
    var lines = [
      String(
        format: "%@, batch %d of %d x %d: %.1f ms (%@%d threads, %@, OpenBLAS for %@)", mode.rawValue, batch,
        shape[0], shape[1], milliseconds, precision == .float32 ? "" : "\(precision.rawValue), ", threads,
        simd,
        blas)
    ]
    if let note { lines.append("note: \(note)") }
    if let imagesPerSecond { lines.append(String(format: "%.2f images/s", imagesPerSecond)) }
    lines.append(String(format: "the first: %.1f ms", firstMilliseconds))
    lines.append("memory: tensors \(peakMemory >> 20) MB at most, process \(processMemory >> 20) MB")
    let limit = String(format: "P %.1f GFLOP/s", productRate / 1e9)
    if let flops, let ratio {
      lines.append(String(format: "%.2f GFLOP, %.3f P (%@)", Double(flops) / 1e9, ratio, limit))
    } else {
      lines.append("\(limit); the model's operations are not counted")
    }
    let rows = operations.map { operation in
      [
        operation.name, String(format: "%.2f ms", operation.milliseconds),
        String(format: "%.1f %%", milliseconds > 0 ? 100 * operation.milliseconds / milliseconds : 0),
        "\(operation.count)",
      ]
    }
    let table = TextTable(
      [.left(32), .right(10), .right(7), .right(6)], rows: [["operation", "time", "part", "calls"]] + rows)
    return lines.joined(separator: "\n") + "\n" + table.text
  }
}
