import Files
import Foundation
import Synchronization

/// What the parts of a command take, from the start of its program on.
public final class PartTimes: Sendable, Encodable {
  /// One part.
  public struct Part: Sendable, Codable {
    /// Such as `model: built`.
    public var name: String
    /// All that it took, however often it came.
    public var milliseconds: Double
  }

  /// Those of the task; nil while nobody looks.
  @TaskLocal public static var current: PartTimes?
  private let measured = Mutex<[Part]>([])
  private let start = ContinuousClock.now
  /// What the program took before this began: loading its libraries, reading its arguments.
  private let before: Double

  /// To be made at the start of a command.
  public init() { before = 1000 * Double(clock()) / Double(CLOCKS_PER_SEC) }

  /// Runs a part.
  public static func measure<R>(_ name: String, _ body: () throws -> R) rethrows -> R {
    guard let current else { return try body() }
    let start = ContinuousClock.now
    defer { current.add(name, (ContinuousClock.now - start) / .milliseconds(1)) }
    return try body()
  }

  private func add(_ name: String, _ milliseconds: Double) {
    measured.withLock { parts in
      if let index = parts.firstIndex(where: { $0.name == name }) {
        parts[index].milliseconds += milliseconds
      } else {
        parts.append(Part(name: name, milliseconds: milliseconds))
      }
    }
  }

  /// All parts in their order, the rest, and the whole until now.
  public var parts: [Part] {
    let parts = measured.withLock { $0 }
    let whole = before + (ContinuousClock.now - start) / .milliseconds(1)
    let rest = parts.reduce(whole - before) { $0 - $1.milliseconds }
    return [Part(name: "program: loaded", milliseconds: before)] + parts + [
      Part(name: "the rest", milliseconds: rest), Part(name: "from the start", milliseconds: whole),
    ]
  }

  /// The list of parts.
  public func encode(to encoder: any Encoder) throws { try parts.encode(to: encoder) }

  /// The table that the terminal shows.
  public var lines: [String] {
    let parts = parts
    let whole = max(parts.last?.milliseconds ?? 0, .leastNormalMagnitude)
    let rows = parts.map { part in
      [
        part.name, String(format: "%.1f ms", part.milliseconds),
        String(format: "%.1f %%", 100 * part.milliseconds / whole),
      ]
    }
    return TextTable([.left(32), .right(10), .right(7)], rows: [["part", "time", "share"]] + rows).lines
  }
}
