import Data
import Tensors

/// Some pictures of many, so that each class is among them where that can be.
public struct Choice: Sendable {
  /// The places of the pictures in the catalogue, in its order.
  public let members: [Int]
  /// Classes that are wanted and that no picture of the choice has.
  public let missing: [String]

  /// Chooses pictures: first for each class that has none yet, the rarest first, then any.
  ///
  /// - Parameters:
  ///   - catalogue: What there is to choose among.
  ///   - count: How many; all where there are fewer.
  ///   - classes: Only pictures with one of these; nil: any picture.
  ///   - wanted: The classes that shall be there, where `classes` does not say; nil: all.
  ///   - seed: Another number gives another choice.
  /// - Throws: `DataError` about a class that there is not.
  public init(
    of catalogue: Catalogue, count: Int, classes: [String]? = nil, wanted: [String]? = nil, seed: UInt64
  ) throws(DataError) {
    let entries = catalogue.entries
    if let unknown = classes?.first(where: { !catalogue.classes.contains($0) }) {
      throw DataError(
        file: nil,
        "there is no class \(unknown), only \(catalogue.classes.prefix(100).joined(separator: ", "))")
    }
    let names = (classes ?? wanted).map(Set.init)
    let wanted = Set(catalogue.classes.indices.filter { names?.contains(catalogue.classes[$0]) ?? true })
    let sorted = entries.indices.sorted { (entries[$0].name, $0) < (entries[$1].name, $1) }
    var random = RandomGenerator(seed: seed, purpose: .dataOrder)
    let order = random.permutation(sorted.count).map { sorted[$0] }.filter { place in
      classes == nil || entries[place].counts.keys.contains(where: wanted.contains)
    }
    var holders: [Int: [Int]] = [:]
    for place in order {
      for label in entries[place].counts.keys where wanted.contains(label) {
        holders[label, default: []].append(place)
      }
    }
    var chosen = Set<Int>()
    var uncovered = Set(holders.keys)
    let rarity = uncovered.sorted {
      (holders[$0]?.count ?? 0, $0) < (holders[$1]?.count ?? 0, $1)
    }
    func worth(_ place: Int) -> Int { entries[place].counts.keys.count(where: uncovered.contains) }
    while chosen.count < count, let label = rarity.first(where: uncovered.contains) {
      // Where there are not pictures enough for a class each, those with many classes come first.
      let isScarce = uncovered.count > count - chosen.count
      let most = order.enumerated().lazy.filter { _ in isScarce }
        .max { (worth($0.element), -$0.offset) < (worth($1.element), -$1.offset) }?.element
      guard let best = most ?? holders[label]?.first else { break }
      chosen.insert(best)
      uncovered.subtract(entries[best].counts.keys)
    }
    for place in order where chosen.count < count { chosen.insert(place) }
    members = chosen.sorted()
    let held = Set(members.flatMap { entries[$0].counts.keys })
    missing = catalogue.classes.indices.filter { wanted.contains($0) && !held.contains($0) }
      .map { catalogue.classes[$0] }
  }
}
