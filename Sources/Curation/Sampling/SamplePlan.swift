import Configuration
import Conversion
import Data
import Files

/// A small data set out of a large one, with the files that make it.
public struct SamplePlan: Sendable {
  /// What is wished for.
  public struct Settings: Sendable {
    /// Images of each data set, at most.
    public var count: Int
    /// Only images with objects of these classes; nil: of any, or none.
    public var classes: [String]?
    /// Another number gives another sample.
    public var seed: UInt64
    /// Whether images are links to those that are there, instead of copies.
    public var usesLinks: Bool
    /// The sample's folder.
    public var out: String

    /// A sample of so many images.
    public init(count: Int, classes: [String]? = nil, seed: UInt64 = 0, usesLinks: Bool = false, out: String)
    {
      (self.count, self.classes, self.seed, self.usesLinks, self.out) = (count, classes, seed, usesLinks, out)
    }
  }

  /// The images, label maps, lists and annotation files, none twice.
  public private(set) var files: [PlannedFile] = []
  /// Lines of YAML that name the sample; empty where a config names it.
  public private(set) var config = ""
  /// What is read, and must stay.
  public private(set) var inputs: [String] = []
  /// What was chosen.
  public private(set) var report = SampleReport()

  /// Chooses among the images of annotation files or folders, as the settings wish. `progress` is told now and then how
  /// many label maps are read.
  ///
  /// - Throws: `DataError`, and errors of files.
  public init(
    of input: CuratedInput, _ settings: Settings, progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws {
    let set = try input.source.sampledSet(progress: progress)
    try add([set], settings)
    let root = (settings.out.isEmpty ? "." : settings.out).quotedJSON
    config = "train_dataloader:\n  dataset:\n    data_root: \(root)\n" + set.config
  }

  /// Chooses among the images of a config's data sets, which keep their names below `data_root`.
  ///
  /// - Parameters:
  ///   - datasets: By the names of their uses: `train`, `val`, `test`.
  ///   - components: Where the types are looked up.
  ///   - scope: What a bare type means: `mmdet` or `mmseg`.
  ///   - settings: What is wished for, of each data set.
  ///   - progress: Told now and then how many label maps are read.
  /// - Throws: `ConfigurationError`, `DataError`, and errors of files.
  public init(
    of datasets: [(name: String, dataset: ComponentConfiguration)], components: DataComponents,
    scope: String?,
    _ settings: Settings, progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws {
    let reader = ConfigSets(components: components, scope: scope)
    try add(
      try datasets.flatMap { try reader.sets(of: $0.dataset, name: $0.name, progress: progress) }, settings)
  }

  private mutating func add(_ sets: [SampledSet], _ settings: Settings) throws {
    var taken = Set<String>()
    var descriptions = Set<String>()
    for set in sets {
      guard !set.catalogue.entries.isEmpty else { throw DataError(file: set.file, "holds no images") }
      // Two uses of one file are one set.
      if let first = set.descriptions.first, !descriptions.insert(first.path).inserted { continue }
      let choice = try Choice(
        of: set.catalogue, count: settings.count, classes: settings.classes, wanted: set.wanted,
        seed: settings.seed)
      let members = choice.members
      for member in members {
        for (source, path) in set.pictures[member] where taken.insert(path).inserted {
          guard FileIdentity(source).exists else {
            throw DataError(
              file: source, "there is no such file; dense data check lists all that are missing (\(set.file))"
            )
          }
          let target = Folder.join(settings.out, path)
          files.append(PlannedFile(target, settings.usesLinks ? .link(to: source) : .copy(of: source)))
        }
      }
      for (source, path) in set.others where taken.insert(path).inserted {
        files.append(PlannedFile(Folder.join(settings.out, path), .copy(of: source)))
      }
      for description in set.descriptions where taken.insert(description.path).inserted {
        files.append(
          PlannedFile(Folder.join(settings.out, description.path), .bytes { try description.bytes(members) }))
      }
      inputs += set.inputs
      report.add(set, choice)
    }
  }
}

/// What was chosen: what `dense data sample` prints.
public struct SampleReport: Sendable, Encodable {
  /// One data set.
  public struct Part: Sendable, Encodable {
    /// `train`, ...; nil where nobody says.
    public var name: String?
    /// Images of the sample, and of the data set.
    public var images, available: Int
    /// Objects of each class, or images with it, by name.
    public var counts: [String: Int]
    /// Classes without any.
    public var missing: [String]
  }

  /// One a data set.
  public private(set) var sets: [Part] = []

  mutating func add(_ set: SampledSet, _ choice: Choice) {
    var counts: [String: Int] = [:]
    for member in choice.members {
      for (label, count) in set.catalogue.entries[member].counts
      where set.catalogue.classes.indices.contains(label) {
        counts[set.catalogue.classes[label], default: 0] += count
      }
    }
    sets.append(
      Part(
        name: set.name, images: choice.members.count, available: set.catalogue.entries.count, counts: counts,
        missing: choice.missing))
  }

  /// A table, and the classes that are missing.
  public func text() -> String {
    let rows = sets.map { set in
      [
        (set.name ?? "all").printed, "\(set.images)", "\(set.available)",
        set.counts.sorted { (-$0.value, $0.key) < (-$1.value, $1.key) }.prefix(10)
          .map { "\($0.key.printed) \($0.value)" }.joined(separator: ", ")
          + (set.counts.count > 10 ? ", … \(set.counts.count) classes" : ""),
      ]
    }
    var lines = TextTable(
      [.left(), .right(), .right(), .left()], rows: [["set", "images", "of", "classes"]] + rows
    ).lines
    for set in sets where !set.missing.isEmpty {
      lines.append(
        "note: \((set.name ?? "the sample").printed) has nothing of \(set.missing.count) classes: "
          + set.missing.prefix(20).joined(separator: ", ").printedWhole
          + (set.missing.count > 20 ? ", …" : ""))
    }
    return lines.joined(separator: "\n")
  }
}
