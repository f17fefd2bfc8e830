import Configuration
import Files

/// What a check of data sets has found.
public struct DatasetCheckReport: Encodable, Sendable {
  /// Image files that the data sets name.
  public var images = 0
  /// Objects, label maps, and images with a class.
  public var annotations = 0
  /// What is wrong, each once.
  public var faults: [DataFault] = []
  /// How often each number stands in the label maps; empty without label maps.
  public var labels: [LabelShare] = []
  /// How many images there are of each class, in the order of the classes' numbers; empty where images have none.
  public var classes: [ClassImages] = []

  /// How many of the faults are errors: with none, a run reads the data as it should.
  public private(set) var errorCount = 0

  private var known: Set<DataFault> = []

  enum CodingKeys: String, CodingKey { case images, annotations, faults, labels, classes }

  /// Nothing found yet.
  public init() {}

  /// Adds faults that are not in the report yet.
  public mutating func add(_ found: [DataFault]) {
    for fault in found where known.insert(fault).inserted {
      faults.append(fault)
      if fault.severity == .error { errorCount += 1 }
    }
  }

  /// Adds what a run over the data would refuse, unless the report has it already.
  ///
  /// - Parameters:
  ///   - error: What the run would stop with; other than a `LocatedError` it is left out.
  ///   - effect: What the run does with it: `training stops before its first step`.
  ///   - config: The file that names the data sets.
  public mutating func add(refusal error: any Error, effect: String, config: String) {
    guard let located = error as? any LocatedError else { return }
    for part in located.parts.isEmpty ? [located] : located.parts {
      // Faults of files are in the report, mostly in other words.
      guard part is ConfigurationError || errorCount == 0 else { continue }
      let message = part is ConfigurationError ? "\(part)" : part.message
      guard !faults.contains(where: { $0.message == message }) else { continue }
      add([
        DataFault(file: part.place.file ?? config, kind: "unusable_config", message: message, effect: effect)
      ])
    }
  }

  /// The faults of one kind and severity.
  public struct Kind: Sendable {
    /// `missing_file`, `zero_area_box`, ...
    public var name: String
    /// What they come to.
    public var severity: DataFault.Severity
    /// What training does with them; empty where that is not said.
    public var effect: String
    /// The faults, as they were found.
    public var faults: [DataFault]
  }

  /// The faults by kind: errors first, then by name.
  public var kinds: [Kind] {
    let groups = Dictionary(grouping: faults) { "\($0.severity.rawValue) \($0.kind)" }
    return groups.sorted { $0.key < $1.key }.map { _, faults in
      Kind(
        name: faults[0].kind, severity: faults[0].severity, effect: faults[0].effect, faults: faults)
    }
  }

  /// JSON; `labels` only where there are label maps, `classes` only where images have classes.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(images, forKey: .images)
    try keys.encode(annotations, forKey: .annotations)
    try keys.encode(faults, forKey: .faults)
    if !labels.isEmpty { try keys.encode(labels, forKey: .labels) }
    if !classes.isEmpty { try keys.encode(classes, forKey: .classes) }
  }
}

/// How many images of a class the data sets have, each file once.
public struct ClassImages: Encodable, Sendable, Hashable {
  /// The class; its number where the data set does not name it.
  public var name: String
  /// Images of it.
  public var images: Int

  /// A class and the number of its images.
  public init(name: String, images: Int) { (self.name, self.images) = (name, images) }
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

  /// A number of label maps and what it stands for.
  public init(value: Int, className: String?, isIgnored: Bool, pixels: Int, share: Double) {
    (self.value, self.className, self.isIgnored) = (value, className, isIgnored)
    (self.pixels, self.share) = (pixels, share)
  }

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

  /// The classes that label maps were read for, each list once, and a folder of such maps.
  private var lists: [(classes: [String], folder: String, maps: Int)] = []

  mutating func add(_ values: [Int32: Int], of sample: Sample, classes: [String]) {
    if let path = sample.labelMapPath, !classes.isEmpty {
      let place = lists.firstIndex { $0.classes == classes } ?? lists.count
      if place == lists.count {
        lists.append((classes, path.split(separator: "/").dropLast().joined(separator: "/"), 0))
        if path.hasPrefix("/") { lists[place].folder = "/" + lists[place].folder }
      }
      lists[place].maps += 1
    }
    for (value, count) in values {
      let meaning = sample.labels.reading(of: value)
      var name: String?
      if case .label(let label) = meaning, classes.indices.contains(Int(label)) { name = classes[Int(label)] }
      counts[Key(value: value, className: name, isIgnored: meaning == .ignored), default: 0] += count
    }
  }

  /// Classes that no pixel has: often their number is another one in the files.
  func faults(_ rows: [LabelShare]) -> [DataFault] {
    let seen = Set(rows.compactMap(\.className))
    return lists.compactMap { list in
      let unseen = list.classes.filter { !seen.contains($0) }
      guard !unseen.isEmpty else { return nil }
      let shown = unseen.prefix(100).joined(separator: ", ")
      var message =
        "no pixel of \(list.maps) label maps is of \(unseen.count) of \(list.classes.count) classes: "
        + shown + (unseen.count > 100 ? ", …" : "")
      if let ignored = rows.first(where: { $0.value == 255 && $0.isIgnored && $0.share >= 0.01 }) {
        let share = (ignored.share * 1000).rounded() / 10
        message +=
          "; 255, which \(share) % of the pixels have, means no class: masks of 0 and 255 have to be written "
          + "as class numbers, 0 and 1"
      }
      return DataFault(
        file: list.folder, kind: "class_without_pixels", message: message, severity: .note,
        effect: "training never sees the class, and its IoU is not defined")
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
