import Configuration

/// When a hook is told among others: the smaller, the earlier (mmengine's `priority`).
public struct HookPriority: Hashable, Comparable, Sendable {
  /// 0 ... 100.
  public let value: Int

  /// A priority between mm's names.
  ///
  /// - Returns: Nil outside 0 ... 100.
  public init?(_ value: Int) {
    guard (0...100).contains(value) else { return nil }
    self.value = value
  }

  private init(of value: Int) { self.value = value }

  /// `HIGHEST`, 0.
  public static let highest = HookPriority(of: 0)
  /// `VERY_HIGH`, 10.
  public static let veryHigh = HookPriority(of: 10)
  /// `HIGH`, 30.
  public static let high = HookPriority(of: 30)
  /// `ABOVE_NORMAL`, 40.
  public static let aboveNormal = HookPriority(of: 40)
  /// `NORMAL`, 50.
  public static let normal = HookPriority(of: 50)
  /// `BELOW_NORMAL`, 60: the log's.
  public static let belowNormal = HookPriority(of: 60)
  /// `LOW`, 70.
  public static let low = HookPriority(of: 70)
  /// `VERY_LOW`, 90: the checkpoints', which hold what the other hooks did.
  public static let veryLow = HookPriority(of: 90)
  /// `LOWEST`, 100.
  public static let lowest = HookPriority(of: 100)

  private static let names: [(name: String, priority: HookPriority)] = [
    ("HIGHEST", .highest), ("VERY_HIGH", .veryHigh), ("HIGH", .high), ("ABOVE_NORMAL", .aboveNormal),
    ("NORMAL", .normal), ("BELOW_NORMAL", .belowNormal), ("LOW", .low), ("VERY_LOW", .veryLow),
    ("LOWEST", .lowest),
  ]

  /// The earlier first.
  public static func < (a: HookPriority, b: HookPriority) -> Bool { a.value < b.value }

  /// mm's name, in any case, or a number.
  ///
  /// - Throws: `ConfigurationError` with the names there are.
  init(_ node: ConfigurationNode) throws {
    if let number = node.int, let priority = HookPriority(number) {
      self = priority
    } else if let name = node.string?.uppercased(), let found = Self.names.first(where: { $0.name == name }) {
      self = found.priority
    } else {
      throw ConfigurationError(
        location: node.location, keyPath: node.keyPath,
        message: "a number in 0...100 or one of \(Self.names.map(\.name).joined(separator: ", ")) is wanted")
    }
  }
}
