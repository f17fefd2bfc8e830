import Files
import Imaging

/// Figures of one moment of a run, under mm's names: what the log's line and a line of `scalars.json` say.
public struct Scalars: Sendable {
  /// Where the figures are from.
  public enum Origin: Sendable {
    /// Means over the iterations since the last ones.
    case training
    /// A validation.
    case validation
  }

  /// One figure.
  public enum Number: Sendable, Equatable {
    case integer(Int)
    /// May be NaN where nothing is defined.
    case real(Double)
  }

  /// Where they are from.
  public let origin: Origin
  /// Iterations done; of a validation between epochs, epochs done.
  public let step: Int
  /// Names and figures, in order; `step` is the last.
  public private(set) var fields: [(name: String, value: Number)] = []

  /// No figures yet.
  public init(_ origin: Origin, step: Int) { (self.origin, self.step) = (origin, step) }

  /// Adds a figure.
  public mutating func add(_ name: String, _ value: Double) { fields.append((name, .real(value))) }

  /// Adds a whole number.
  public mutating func add(_ name: String, _ value: Int) { fields.append((name, .integer(value))) }

  /// One JSON object, its keys in order. JSON has no NaN and no infinity: those are null.
  public var json: String {
    // Swift's own text of a number is the shortest that reads back the same.
    let texts = (fields + [("step", .integer(step))]).map { name, value in
      switch value {
      case .integer(let number): "\(name.quotedJSON): \(number)"
      case .real(let number): "\(name.quotedJSON): \(number.isFinite ? "\(number)" : "null")"
      }
    }
    return "{" + texts.joined(separator: ", ") + "}"
  }
}

/// Where figures go beside the log: a file, a picture, a service. A hook adds its own by `Trainer.add(_:)`.
public protocol ScalarSink {
  /// Takes in the figures of one moment. What it throws becomes a warning, and the run goes on.
  mutating func write(_ scalars: Scalars) throws
  /// Takes in a picture, after so many iterations; does nothing unless a sink says otherwise.
  mutating func write(_ picture: Image, name: String, step: Int) throws
}

extension ScalarSink {
  /// Does nothing.
  public mutating func write(_ picture: Image, name: String, step: Int) throws {}
}

/// `vis_data/scalars.json`: one JSON object a line, under mm's keys.
struct ScalarsFile: ScalarSink {
  private let file: AppendedFile

  init(path: String) throws { file = try AppendedFile(path: path) }

  func write(_ scalars: Scalars) { file.write(line: scalars.json) }
}
