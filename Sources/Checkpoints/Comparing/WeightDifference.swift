import Files

/// In what two sets of weights differ: names, shapes, types, and numbers.
public struct WeightDifference: Sendable {
  /// A tensor that both have, of one shape, whose numbers differ.
  public struct Change: Sendable, Encodable {
    /// Its name.
    public let name: String
    /// The largest distance of two numbers; nil where one of them is no finite number.
    public let largest: Double?
    /// `largest` over the largest number of the first in magnitude; nil where there is none.
    public let relative: Double?
    /// How many numbers differ.
    public let differing: Int
    /// How many there are.
    public let count: Int
  }

  /// A tensor that has another shape or type in the second.
  public struct Form: Sendable, Encodable {
    /// Its name.
    public let name: String
    /// As `F32 [3, 4]`.
    public let first, second: String
  }

  /// Names that only the first has, in their order.
  public let onlyFirst: [String]
  /// Names that only the second has, in their order.
  public let onlySecond: [String]
  /// Of another shape.
  public let shapes: [Form]
  /// Of one shape, but another type.
  public let types: [Form]
  /// The largest change first.
  public let changes: [Change]
  /// Tensors in either.
  public let count: Int

  /// Compares two sets of tensors.
  ///
  /// - Parameters:
  ///   - first: By name. Relative changes are over the largest of its numbers.
  ///   - second: By name.
  ///   - tolerance: Numbers that are no further apart are the same.
  ///   - looksAtNumbers: Whether numbers are compared, and types.
  public init(
    _ first: [String: StoredTensor], _ second: [String: StoredTensor], tolerance: Double = 0,
    looksAtNumbers: Bool = true
  ) {
    var (onlyFirst, shapes, types) = ([String](), [Form](), [Form]())
    var changes: [Change] = []
    for (name, tensor) in first.sorted(by: { $0.key < $1.key }) {
      guard let other = second[name] else {
        onlyFirst.append(name)
        continue
      }
      guard tensor.shape == other.shape else {
        shapes.append(Form(name: name, first: tensor.form, second: other.form))
        continue
      }
      guard looksAtNumbers else { continue }
      if tensor.type != other.type {
        types.append(Form(name: name, first: tensor.form, second: other.form))
      } else if tensor.bytes == other.bytes {
        continue
      }
      if let change = Change(name, tensor.doubles, other.doubles, tolerance) { changes.append(change) }
    }
    onlySecond = second.keys.filter { first[$0] == nil }.sorted()
    count = Set(first.keys).union(second.keys).count
    (self.onlyFirst, self.shapes, self.types) = (onlyFirst, shapes, types)
    self.changes = changes.sorted {
      ($0.largest ?? .infinity, $1.name) > ($1.largest ?? .infinity, $0.name)
    }
  }

  /// Whether nothing differs.
  public var isEmpty: Bool {
    onlyFirst.isEmpty && onlySecond.isEmpty && shapes.isEmpty && types.isEmpty && changes.isEmpty
  }

  /// What differs in names and shapes: name, the first's, the second's.
  package var formRows: [[String]] {
    onlyFirst.map { [$0.printed, "", "-"] } + onlySecond.map { [$0.printed, "-", ""] }
      + (shapes + types).map { [$0.name.printed, $0.first, $0.second] }
  }
}

extension WeightDifference.Change {
  /// Nil where all numbers are the same; NaN is the same as NaN.
  fileprivate init?(_ name: String, _ a: [Double], _ b: [Double], _ tolerance: Double) {
    var (largest, most, differing, isFinite) = (0.0, 0.0, 0, true)
    for (x, y) in zip(a, b) {
      most = max(most, x.isFinite ? abs(x) : 0)
      if x == y || (x.isNaN && y.isNaN) { continue }
      let distance = abs(x - y)
      guard !(distance <= tolerance) else { continue }
      differing += 1
      if distance.isFinite { largest = max(largest, distance) } else { isFinite = false }
    }
    guard differing > 0 else { return nil }
    (self.name, self.differing, count) = (name, differing, a.count)
    self.largest = isFinite ? largest : nil
    let ratio = largest / most
    relative = isFinite && ratio.isFinite ? ratio : nil
  }
}

extension StoredTensor {
  /// Type and shape: `F32 [3, 4]`.
  fileprivate var form: String { "\(type.rawValue) \(shape)" }
}
