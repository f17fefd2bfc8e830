import Conversion
import Data
import Files
import Foundation

/// A split with the files that hold it.
public struct SplitPlan: Sendable {
  /// The files, none twice: all belong together.
  public let files: [PlannedFile]
  /// Lines of YAML that name the parts.
  public let config: String
  /// What is read, and must stay.
  public let inputs: [String]
  /// What became of the pictures.
  public let report: SplitReport

  /// Splits what is named.
  ///
  /// - Parameters:
  ///   - input: The annotation file or folders to be split.
  ///   - shares: The parts, and how much of all pictures each shall have.
  ///   - seed: Another number gives another split.
  ///   - grouping: What pictures have in common that must stay together; nil: nothing.
  ///   - isStratified: Whether each part shall have its share of every class, too.
  ///   - joinsCopies: Whether all pictures are read, and those of the same content stay together.
  ///   - out: The folder of the lists and annotation files.
  ///   - progress: Told now and then how many label maps are read.
  /// - Throws: `DataError`, and errors of files.
  public init(
    _ input: CuratedInput, into shares: Shares, seed: UInt64, grouping: Grouping? = nil,
    isStratified: Bool = false, joinsCopies: Bool = false, out: String,
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws {
    let source = input.source
    var catalogue = try source.catalogue(
      grouping: grouping, countsClasses: isStratified, progress: progress)
    if joinsCopies {
      let files = try source.pictureFiles()
      let firsts = FileCopies.firsts(of: files)
      for (place, file) in files.enumerated() where catalogue.entries.indices.contains(place) {
        catalogue.entries[place].content = firsts[file] ?? file
      }
    }
    let split = try Split(catalogue, into: shares, seed: seed, isStratified: isStratified)
    let members = split.members
    var files: [PlannedFile] = []
    var config = ""
    var paths: [[String]] = []
    for (part, name) in split.names.enumerated() {
      let planned = try source.files(of: members[part], part: name, out: out)
      paths.append(planned.map(\.path))
      files += planned
      config += "\(name)_dataloader:\n  dataset:\n" + source.config(ofPart: name, out: out)
      if name != split.names.first { config += "    test_mode: true\n" }
    }
    (self.files, self.config, inputs) = (files, config, source.inputs)
    report = SplitReport(catalogue, split, seed: seed, files: paths, faults: source.strays)
  }
}

/// What became of the pictures of a split: what `dense data split` prints.
public struct SplitReport: Sendable, Encodable {
  /// A part.
  public struct Part: Sendable, Encodable {
    /// `train`, ...
    public var name: String
    /// Pictures.
    public var images: Int
    /// Of all pictures.
    public var share: Double
    /// Groups of pictures that stay together; nil where nothing was grouped.
    public var groups: Int?
    /// Objects of each class, or pictures with it, in the order of the classes.
    public var counts: [Int]
    /// What holds the part.
    public var files: [String]
  }

  /// The seed.
  public let seed: UInt64
  /// The classes.
  public let classes: [String]
  /// What the counts of a part count.
  public let counted: Catalogue.Counted
  /// The parts.
  public let parts: [Part]
  /// What is otherwise than asked for.
  public let notes: [String]
  /// What is in no part: errors.
  public let faults: [DataFault]

  init(_ catalogue: Catalogue, _ split: Split, seed: UInt64, files: [[String]], faults: [DataFault]) {
    (self.seed, classes, counted) = (seed, catalogue.classes, catalogue.counted)
    (notes, self.faults) = (split.notes, faults)
    let isGrouped = catalogue.entries.contains { $0.group != nil }
    parts = split.members.enumerated().map { part, members in
      var counts = [Int](repeating: 0, count: catalogue.classes.count)
      for member in members {
        for (label, count) in catalogue.entries[member].counts where counts.indices.contains(label) {
          counts[label] += count
        }
      }
      return Part(
        name: split.names[part], images: members.count,
        share: Double(members.count) / Double(max(1, catalogue.entries.count)),
        groups: isGrouped ? Set(members.map { catalogue.entries[$0].group }).count : nil, counts: counts,
        files: files[part])
    }
  }

  /// A table: images, and objects by class, of each part, with its shares.
  public func text() -> String {
    var rows = [["", "all"] + parts.flatMap { [$0.name.printed, ""] }]
    func row(_ name: String, _ counts: [Int]) -> [String] {
      let all = counts.reduce(0, +)
      return [name.printed, "\(all)"]
        + counts.flatMap {
          ["\($0)", all > 0 ? String(format: "%.1f %%", 100 * Double($0) / Double(all)) : "-"]
        }
    }
    rows.append(row("images", parts.map(\.images)))
    if parts.allSatisfy({ $0.groups != nil }) { rows.append(row("groups", parts.map { $0.groups ?? 0 })) }
    if counted == .objects {
      rows.append(row("objects", parts.map { $0.counts.reduce(0, +) }))
    } else if !classes.isEmpty {
      rows.append(["images with"])
    }
    for (place, name) in classes.enumerated() {
      rows.append(row("  " + name, parts.map { $0.counts[place] }))
    }
    let columns = parts.flatMap { _ in [TextTable.Column.right(), .right()] }
    return TextTable([.left(), .right()] + columns, rows: rows).text
  }
}
