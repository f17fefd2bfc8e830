/// What a check of data sets has found.
public struct DatasetCheckReport: Encodable, Sendable {
  /// Image files that the data sets name.
  public var images = 0
  /// Objects and label maps.
  public var annotations = 0
  /// What is wrong, each once.
  public var faults: [DataFault] = []
  /// How often each number stands in the label maps; empty without label maps.
  public var labels: [LabelShare] = []

  private var known: Set<DataFault> = []

  enum CodingKeys: String, CodingKey { case images, annotations, faults, labels }

  /// Nothing found yet.
  public init() {}

  /// Adds faults that are not in the report yet.
  public mutating func add(_ found: [DataFault]) {
    for fault in found where known.insert(fault).inserted { faults.append(fault) }
  }

  /// JSON; `labels` only where there are label maps.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(images, forKey: .images)
    try keys.encode(annotations, forKey: .annotations)
    try keys.encode(faults, forKey: .faults)
    if !labels.isEmpty { try keys.encode(labels, forKey: .labels) }
  }
}

/// How often a number stands in label maps, and what it means.
public struct LabelShare: Encodable, Sendable, Hashable {
  /// As the files store it.
  public var value: Int
  /// The name of its class; nil where it is ignored or has none.
  public var className: String?
  /// Whether losses and metrics leave it out.
  public var isIgnored: Bool
  /// Pixels with it.
  public var pixels: Int
  /// Of all pixels of the label maps.
  public var share: Double

  enum CodingKeys: String, CodingKey {
    case value, pixels, share
    case className = "class"
    case isIgnored = "ignored"
  }
}

/// Counts the numbers of label maps.
struct LabelShares {
  private struct Key: Hashable {
    var value: Int32
    var className: String?
    var isIgnored: Bool
  }
  private var counts: [Key: Int] = [:]

  mutating func add(_ values: [Int32: Int], of sample: Sample, classes: [String]) {
    for (value, count) in values {
      let meaning = sample.labels.reading(of: value)
      var name: String?
      if case .label(let label) = meaning, classes.indices.contains(Int(label)) { name = classes[Int(label)] }
      counts[Key(value: value, className: name, isIgnored: meaning == .ignored), default: 0] += count
    }
  }

  /// By value; data sets of other classes have rows of their own.
  var rows: [LabelShare] {
    let all = Double(counts.values.reduce(0, +))
    return counts.map { key, count in
      LabelShare(
        value: Int(key.value), className: key.className, isIgnored: key.isIgnored, pixels: count,
        share: Double(count) / max(all, 1))
    }
    .sorted { ($0.value, $0.className ?? "") < ($1.value, $1.className ?? "") }
  }
}
