import Curation
import Data
import Testing

@Suite("Splits of a data set")
struct SplitTests {
  @Test(
    "shares sum to 1, and each part has a name",
    arguments: [
      ([0.8, 0.2], nil, ["train", "val"]), ([0.8, 0.1, 0.1], nil, ["train", "val", "test"]),
      ([0.33, 0.33, 0.33], nil, ["train", "val", "test"]), ([0.9, 0, 0.1], nil, ["train", "test"]),
      ([0.5, 0.25, 0.25, 0], ["a", "b", "c", "d"], ["a", "b", "c"]),
    ] as [([Double], [String]?, [String])])
  func shares(values: [Double], names: [String]?, parts: [String]) throws {
    let shares = try Shares(values, names: names)
    #expect(shares.names == parts && abs(shares.values.reduce(0, +) - 1) < 1e-12)
  }

  @Test(
    "what are no shares is refused with what would be right",
    arguments: [
      ([0.8, 0.3], nil, "sum to 1.1, not to 1; in this proportion: 0.73,0.27"),
      ([80, 20], nil, "between 0 and 1"),
      ([-0.2, 1.2], nil, "between 0 and 1"), ([.nan, 1], nil, "between 0 and 1"),
      ([0, 0], nil, "sum to 0.0"),
      ([1], nil, "shares of all parts are wanted"), ([1, 0], nil, "two parts or more"),
      ([0.25, 0.25, 0.25, 0.25], nil, "others need names"), ([0.8, 0.2], ["a"], "but 1 names"),
      ([0.8, 0.2], ["a", "a"], "a name of its own"), ([0.8, 0.2], ["a", "b/c"], "that a file can have"),
      ([0.8, 0.2], ["a", ".b"], "that a file can have"),
    ] as [([Double], [String]?, String)])
  func refusals(values: [Double], names: [String]?, message: String) {
    let error = #expect(throws: DataError.self) { try Shares(values, names: names) }
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
  }

  private func catalogue(_ count: Int, groups: Int = 0, classes: Int = 0) -> Catalogue {
    Catalogue(
      classes: (0..<classes).map { "class \($0)" },
      entries: (0..<count).map { number in
        // Class c is in every 2^(c + 1)th picture, c + 1 times.
        let held = (0..<classes).filter { (number * 7919) % (2 << $0) == 0 }
        return Catalogue.Entry(
          name: "picture \(number) ü.png", group: groups > 0 ? "group \(number % groups)" : nil,
          counts: Dictionary(uniqueKeysWithValues: held.map { ($0, $0 + 1) }))
      }, counted: .objects)
  }

  @Test(
    "sizes are the nearest whole numbers, none is empty, and all images are in one part",
    arguments: [
      (10, [0.8, 0.1, 0.1], [8, 1, 1]), (700, [0.8, 0.1, 0.1], [560, 70, 70]),
      (3, [0.8, 0.1, 0.1], [1, 1, 1]),
      (4, [0.8, 0.1, 0.1], [2, 1, 1]), (2, [0.99, 0.01], [1, 1]), (101, [0.5, 0.5], [51, 50]),
      (7, [0.34, 0.33, 0.33], [3, 2, 2]),
    ])
  func sizes(count: Int, values: [Double], sizes: [Int]) throws {
    for isStratified in [false, true] {
      let split = try Split(
        catalogue(count, classes: 3), into: Shares(values), seed: 5, isStratified: isStratified)
      #expect(split.members.map(\.count) == sizes)
      #expect(split.members.flatMap { $0 }.sorted() == Array(0..<count))
    }
  }

  @Test("a part depends on the names and the seed, not on the order of the file", arguments: [false, true])
  func order(isStratified: Bool) throws {
    var catalogue = catalogue(200, groups: 23, classes: 4)
    func parts(_ catalogue: Catalogue, seed: UInt64) throws -> [String: Int] {
      let split = try Split(
        catalogue, into: Shares([0.7, 0.2, 0.1]), seed: seed, isStratified: isStratified)
      return Dictionary(uniqueKeysWithValues: zip(catalogue.entries.map(\.name), split.parts))
    }
    let first = try parts(catalogue, seed: 3)
    #expect(try parts(catalogue, seed: 4) != first)
    catalogue.entries.reverse()
    catalogue.entries.swapAt(3, 120)
    #expect(try parts(catalogue, seed: 3) == first)
  }

  @Test("a group is in one part; one that is larger than its share is told", arguments: [false, true])
  func groups(isStratified: Bool) throws {
    let even = catalogue(200, groups: 20, classes: 3)
    let split = try Split(even, into: Shares([0.8, 0.1, 0.1]), seed: 0, isStratified: isStratified)
    #expect(split.members.map(\.count) == [160, 20, 20])
    #expect(!split.notes.contains { $0.contains("groups stay") }, "\(split.notes)")
    for group in Set(even.entries.map(\.group)) {
      let parts = Set(zip(even.entries, split.parts).filter { $0.0.group == group }.map(\.1))
      #expect(parts.count == 1)
    }
    var uneven = even
    for place in 0..<150 { uneven.entries[place].group = "large" }
    let other = try Split(uneven, into: Shares([0.5, 0.5]), seed: 0, isStratified: isStratified)
    #expect(other.members.map(\.count) == [150, 50])
    #expect(other.notes.contains { $0.contains("the largest, large, has 150") }, "\(other.notes)")
  }

  @Test("three groups of very different size still make three parts")
  func fewGroups() throws {
    var catalogue = catalogue(100, groups: 1)
    catalogue.entries[7].group = "b"
    catalogue.entries[8].group = "c"
    let split = try Split(catalogue, into: Shares([0.1, 0.45, 0.45]), seed: 1, isStratified: false)
    #expect(split.members.map(\.count).sorted() == [1, 1, 98])
  }

  @Test("images of one file name stay together, whatever their groups")
  func repeatedNames() throws {
    var catalogue = catalogue(40, groups: 8)
    catalogue.entries[1].name = catalogue.entries[0].name
    let split = try Split(catalogue, into: Shares([0.5, 0.5]), seed: 0, isStratified: false)
    let together = catalogue.entries.indices.filter { [0, 1].contains($0 % 8) }
    #expect(Set(together.map { split.parts[$0] }).count == 1)
    #expect(split.notes.contains { $0.contains("1 images have the file name of another one") })
  }

  @Test(
    "fewer images or groups than parts are refused",
    arguments: [
      (1, 0, "1 images (1 images) cannot be 2 parts"), (9, 1, "1 groups (9 images) cannot be 2 parts"),
    ])
  func tooFew(count: Int, groups: Int, message: String) throws {
    let shares = try Shares([0.8, 0.2])
    let error = #expect(throws: DataError.self) {
      try Split(catalogue(count, groups: groups), into: shares, seed: 0, isStratified: false)
    }
    #expect(error?.message.contains(message) == true)
  }

  @Test("stratified, each class has its share of objects in each part, within an image or two")
  func stratifies() throws {
    // Six classes, from every second picture to every 64th.
    let catalogue = catalogue(640, classes: 6)
    func errors(isStratified: Bool, seed: UInt64) throws -> Double {
      let split = try Split(
        catalogue, into: Shares([0.8, 0.1, 0.1]), seed: seed, isStratified: isStratified)
      var worst = 0.0
      for label in 0..<6 {
        let counts = split.members.map { members in
          members.reduce(0) { $0 + (catalogue.entries[$1].counts[label] ?? 0) } / (label + 1)
        }
        let all = Double(counts.reduce(0, +))
        for (count, share) in zip(counts, [0.8, 0.1, 0.1]) {
          worst = max(worst, abs(Double(count) - share * all))
        }
      }
      return worst
    }
    for seed: UInt64 in 0..<5 {
      #expect(try errors(isStratified: true, seed: seed) <= 2)
      #expect(try errors(isStratified: true, seed: seed) < errors(isStratified: false, seed: seed))
    }
  }

  @Test("a class that a part has nothing of is told")
  func missingClasses() throws {
    var catalogue = catalogue(20, classes: 1)
    catalogue.classes = ["frequent", "rare"]
    catalogue.entries[3].counts[1] = 1
    let split = try Split(catalogue, into: Shares([0.8, 0.2]), seed: 0, isStratified: true)
    #expect(split.notes == ["val has nothing of 1 of 2 classes: rare"])
  }
}
