import Data
import Tensors

/// Which part of a split each picture goes to: every picture to one.
///
/// A picture's part depends on the names, groups, objects and the seed, not on the order of the file.
public struct Split: Sendable {
  /// The parts' names.
  public let names: [String]
  /// The part of each entry of the catalogue.
  public let parts: [Int]
  /// What is otherwise than asked for, a sentence each.
  public let notes: [String]

  /// Splits a catalogue.
  ///
  /// Groups go by their size to the part that lacks most pictures. Stratified, pictures of rare classes go first, each to
  /// the part that lacks most of the class (Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data",
  /// 2011, by numbers of objects instead of by presence).
  ///
  /// - Throws: `DataError` where there are fewer pictures, or groups, than parts.
  public init(_ catalogue: Catalogue, into shares: Shares, seed: UInt64, isStratified: Bool) throws(DataError)
  {
    let sorted = catalogue.units()
    guard sorted.count >= shares.names.count else {
      let isGrouped = catalogue.entries.contains { $0.group != nil }
      throw DataError(
        file: nil,
        "\(sorted.count) \(isGrouped ? "groups" : "images") (\(catalogue.entries.count) images) cannot be "
          + "\(shares.names.count) parts (\(shares.names.joined(separator: ", ")))")
    }
    var random = RandomGenerator(seed: seed, purpose: .dataOrder)
    let order = random.permutation(sorted.count)
    let units = order.map { sorted[$0] }
    var filling = Filling(units, shares: shares, imageCount: catalogue.entries.count)
    if isStratified { filling.stratify(classCount: catalogue.classes.count) }
    filling.fill()
    filling.leaveNoneEmpty()
    var parts = [Int](repeating: 0, count: catalogue.entries.count)
    for (unit, part) in zip(units, filling.parts) {
      for member in unit.members { parts[member] = part ?? 0 }
    }
    names = shares.names
    self.parts = parts
    notes = Self.notes(on: parts, of: catalogue, shares, units)
  }

  /// The entries of each part, by their places.
  public var members: [[Int]] {
    parts.indices.reduce(into: [[Int]](repeating: [], count: names.count)) { $0[parts[$1]].append($1) }
  }

  private static func notes(
    on parts: [Int], of catalogue: Catalogue, _ shares: Shares, _ units: [Catalogue.Unit]
  ) -> [String] {
    var notes: [String] = []
    let repeated = catalogue.entries.count - Set(catalogue.entries.map(\.name)).count
    if repeated > 0 { notes.append("\(repeated) images have the file name of another one, and stay with it") }
    let contents = catalogue.entries.compactMap(\.content)
    let copies = contents.count - Set(contents).count
    if copies > 0 { notes.append("\(copies) images hold the same as another one, and stay with it") }
    let total = Double(max(1, parts.count))
    let largest = units.max { ($0.members.count, $1.key) < ($1.members.count, $0.key) }
    for (part, name) in shares.names.enumerated() {
      let share = Double(parts.count { $0 == part }) / total
      let off = abs(share - shares.values[part])
      if off > 0.02, off * total >= 1.5, let largest, largest.members.count > 1 {
        notes.append(
          "\(name) has \(percent(share)) of the images instead of \(percent(shares.values[part])): groups stay "
            + "whole, and the largest, \(largest.name), has \(largest.members.count)")
      }
    }
    var held = [Set<Int>](repeating: [], count: shares.names.count)
    for (entry, part) in zip(catalogue.entries, parts) { held[part].formUnion(entry.counts.keys) }
    let all = held.reduce(Set()) { $0.union($1) }
    for (part, name) in shares.names.enumerated() {
      let missing = all.subtracting(held[part]).sorted().map { catalogue.classes[$0] }
      guard !missing.isEmpty else { continue }
      notes.append(
        "\(name) has nothing of \(missing.count) of \(all.count) classes: "
          + missing.prefix(20).joined(separator: ", ") + (missing.count > 20 ? ", …" : ""))
    }
    return notes
  }

  private static func percent(_ share: Double) -> String { "\((1000 * share).rounded() / 10) %" }
}

/// Parts that are being filled.
private struct Filling {
  private let units: [Catalogue.Unit]
  /// Images that each part still lacks; below 0 where a group was larger.
  private var lacking: [Int]
  private let shares: [Double]
  /// The part of each unit.
  private(set) var parts: [Int?]

  init(_ units: [Catalogue.Unit], shares: Shares, imageCount: Int) {
    self.units = units
    lacking = shares.sizes(of: imageCount)
    self.shares = lacking.map { Double($0) / Double(max(1, imageCount)) }
    parts = [Int?](repeating: nil, count: units.count)
  }

  /// The part that is worth most, among those with room for a unit where there are any; the first of equals.
  private func best(for unit: Int, by worth: (Int) -> Double) -> Int {
    let roomy = lacking.indices.filter { lacking[$0] >= units[unit].members.count }
    guard !roomy.isEmpty else { return lacking.indices.max { (lacking[$0], $1) < (lacking[$1], $0) } ?? 0 }
    return roomy.max { (worth($0), lacking[$0], $1) < (worth($1), lacking[$1], $0) } ?? 0
  }

  private mutating func put(_ unit: Int, into part: Int) {
    parts[unit] = part
    lacking[part] -= units[unit].members.count
  }

  /// Gives out what holds objects, by the rarest class that is left.
  mutating func stratify(classCount: Int) {
    var holders = [[Int]](repeating: [], count: classCount)
    var totals = [Int](repeating: 0, count: classCount)
    for (index, unit) in units.enumerated() {
      for (label, count) in unit.counts where count > 0 && holders.indices.contains(label) {
        holders[label].append(index)
        totals[label] += count
      }
    }
    // Objects of each class that each part still lacks.
    var wanted = shares.map { share in totals.map { share * Double($0) } }
    var left = holders.map(\.count)
    while let label = left.indices.filter({ left[$0] > 0 }).min(by: { (left[$0], $0) < (left[$1], $1) }) {
      // What holds many goes first: few make up for it.
      let waiting = holders[label].filter { parts[$0] == nil }.sorted { one, other in
        let (first, second) = (units[one].counts[label] ?? 0, units[other].counts[label] ?? 0)
        return (-first, one) < (-second, other)
      }
      for unit in waiting {
        let part = best(for: unit) { wanted[$0][label] }
        put(unit, into: part)
        for (other, count) in units[unit].counts where count > 0 && left.indices.contains(other) {
          wanted[part][other] -= Double(count)
          left[other] -= 1
        }
      }
      left[label] = 0
    }
  }

  /// Gives out what is left, the largest first.
  mutating func fill() {
    let waiting = units.indices.filter { parts[$0] == nil }.sorted { one, other in
      (-units[one].members.count, one) < (-units[other].members.count, other)
    }
    for unit in waiting { put(unit, into: best(for: unit) { Double(lacking[$0]) }) }
  }

  /// Moves a small group to a part that large ones have left without any.
  mutating func leaveNoneEmpty() {
    for part in lacking.indices where !parts.contains(part) {
      var counts = [Int](repeating: 0, count: lacking.count)
      for case let part? in parts { counts[part] += 1 }
      let movable = units.indices.filter { parts[$0].map { counts[$0] > 1 } ?? false }
      guard
        let smallest = movable.min(by: {
          (units[$0].members.count, $0) < (units[$1].members.count, $1)
        })
      else { return }
      if let old = parts[smallest] { lacking[old] += units[smallest].members.count }
      put(smallest, into: part)
    }
  }
}
