import Configuration
import Files
import Foundation
import Tensors

/// What a model would make of more threads than the machine has cores.
///
/// A run on one thread records the pieces of every parallel loop and their times, and the time between; they are then put
/// on so many threads as the pool does it. What is not in it: that cores share the memory and, with a machine's frequency,
/// their speed. The figure for as many threads as there are cores is measured, too.
public struct ThreadBenchmark: Sendable, Encodable {
  /// So many threads.
  public struct Row: Sendable, Encodable {
    /// How many threads.
    public var threads: Int
    /// One thread's time over theirs, by the pieces.
    public var predicted: Double
    /// The same, measured in alternating runs; nil: not measured.
    public var measured: Double?
  }

  /// An operation, forward and backward apart.
  public struct Part: Sendable, Encodable {
    /// Such as `linear.backward`.
    public var name: String
    /// Of one thread.
    public var milliseconds: Double
    /// Of a run on one thread.
    public var share: Double
    /// By the pieces, on 16 threads; 1 for what is serial.
    public var speedup: Double
  }

  /// What was run.
  public var mode: ModelBenchmark.Mode
  /// Pictures a run.
  public var batch: Int
  /// Height and width of a picture.
  public var shape: [Int]
  /// Of a run on one thread, as it was recorded.
  public var milliseconds: Double
  /// Parallel loops of a run.
  public var loops: Int
  /// Microseconds for a loop to be told to the other threads and to be waited for, measured.
  public var overheadMicroseconds: Double
  /// By the number of threads.
  public var threads: [Row]
  /// The time between parallel loops, as a part of a run on one thread.
  public var serialShare: Double
  /// What runs on one thread whatever there is, the longest first.
  public var serial: [Part]
  /// What gains least by 16 threads for its time, the most lost first.
  public var operations: [Part]

  enum CodingKeys: String, CodingKey {
    case mode, batch, shape, milliseconds, loops, threads, serial, operations
    case overheadMicroseconds = "overhead_microseconds"
    case serialShare = "serial_share"
  }

  /// Works it out.
  ///
  /// - Parameters:
  ///   - trace: Of a run on one thread.
  ///   - overhead: Seconds a loop.
  ///   - measured: One thread's time over that of so many.
  init(
    _ trace: ParallelRecording.Trace, mode: ModelBenchmark.Mode, batch: Int, shape: [Int], overhead: Double,
    counts: [Int], measured: [Int: Double]
  ) {
    (self.mode, self.batch, self.shape) = (mode, batch, shape)
    let whole = max(trace.seconds, .leastNormalMagnitude)
    milliseconds = 1000 * whole
    loops = trace.regions.count
    overheadMicroseconds = 1e6 * overhead
    threads = Set(counts + measured.keys).sorted().map { count in
      Row(
        threads: count, predicted: whole / trace.seconds(threads: count, overhead: overhead),
        measured: measured[count])
    }
    serialShare = trace.serial.values.reduce(0, +) / whole
    serial = trace.serial.sorted { $0.value > $1.value }.prefix(8).map {
      Part(name: $0.key, milliseconds: 1000 * $0.value, share: $0.value / whole, speedup: 1)
    }
    var parts: [String: (one: Double, many: Double)] = [:]
    for region in trace.regions {
      var part = parts[region.operation] ?? (0, 0)
      part.one += region.seconds
      part.many += region.seconds(threads: 16, overhead: overhead)
      parts[region.operation] = part
    }
    operations = parts.sorted { $0.value.many - $0.value.one / 16 > $1.value.many - $1.value.one / 16 }
      .prefix(10).map { name, part in
        Part(
          name: name, milliseconds: 1000 * part.one, share: part.one / whole,
          speedup: part.one / max(part.many, .leastNormalMagnitude))
      }
  }

  /// The tables that the terminal shows.
  public func text() -> String {
    let counts = threads.map { row in
      [
        "\(row.threads)", String(format: "%.2f", row.predicted),
        row.measured.map { String(format: "%.2f", $0) } ?? "-",
      ]
    }
    func rows(_ parts: [Part]) -> [[String]] {
      parts.map {
        [
          $0.name, String(format: "%.1f ms", $0.milliseconds), String(format: "%.2f %%", 100 * $0.share),
          String(format: "%.1f", $0.speedup),
        ]
      }
    }
    let head = String(
      format:
        "%@, batch %d of %d x %d: %.1f ms on one thread, %d parallel loops, %.1f us each to begin and end",
      mode.rawValue, batch, shape[0], shape[1], milliseconds, loops, overheadMicroseconds)
    let columns: [TextTable.Column] = [.left(32), .right(12), .right(8), .right(8)]
    return [
      head,
      TextTable(
        [.right(7), .right(10), .right(10)], rows: [["threads", "predicted", "measured"]] + counts
      ).text,
      String(format: "serial, %.2f %% in all:", 100 * serialShare),
      TextTable(columns, rows: [["operation", "one thread", "part", "on 16"]] + rows(serial)).text,
      "in pieces, what loses most on 16 threads:",
      TextTable(columns, rows: [["operation", "one thread", "part", "on 16"]] + rows(operations)).text,
    ].joined(separator: "\n")
  }
}

extension ModelBenchmark {
  /// Records runs on one thread, and reckons what more threads would make of them; see ``ThreadBenchmark``.
  ///
  /// - Parameters:
  ///   - counts: Numbers of threads.
  ///   - rounds: Runs on one thread and on all cores, in turn, whose medians are compared.
  /// - Throws: What the model says of the pictures.
  public func threads(_ counts: [Int] = [2, 4, 8, 16, 64], rounds: Int) throws -> ThreadBenchmark {
    let samples = samples
    let cores = Threads.count
    defer { Threads.count = cores }
    func seconds(_ count: Int, _ step: Int) throws -> Double {
      Threads.count = count
      let start = ContinuousClock.now
      try runOnce(samples, step: step)
      return (ContinuousClock.now - start) / .seconds(1)
    }
    _ = try seconds(cores, 0)
    var (ones, alls): ([Double], [Double]) = ([], [])
    for round in 0..<rounds {
      ones.append(try seconds(1, round))
      alls.append(try seconds(cores, round))
    }
    Threads.count = cores
    let overhead = Threads.loopOverhead()
    Threads.count = 1
    let trace = try ParallelRecording.record { try runOnce(samples, step: 0) }
    return ThreadBenchmark(
      trace, mode: mode, batch: batch, shape: [size.height, size.width], overhead: overhead, counts: counts,
      measured: cores > 1 ? [cores: ones.median / alls.median] : [:])
  }
}
