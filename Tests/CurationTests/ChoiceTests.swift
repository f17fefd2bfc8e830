import Curation
import Data
import Testing

@Suite("Samples of a data set")
struct ChoiceTests {
  /// A hundred pictures: all but ten with a cat, one with a dog, one with an owl, one with both an eel and a fox.
  private let catalogue = Catalogue(
    classes: ["cat", "dog", "owl", "eel", "fox", "yak"],
    entries: (0..<100).map { number in
      var counts = number < 90 ? [0: 2] : [:]
      if number == 17 { counts[1] = 1 }
      if number == 95 { counts[2] = 1 }
      if number == 50 { (counts[3], counts[4]) = (1, 3) }
      return Catalogue.Entry(name: "\(number).jpg", counts: counts)
    }, counted: .objects)

  @Test(
    "each class is there where there are images enough",
    arguments: [
      (10, nil, 10, ["yak"]), (4, nil, 4, ["yak"]), (1, nil, 1, ["dog", "owl", "yak"]),
      (1000, nil, 100, ["yak"]),
      (5, ["dog", "owl"], 2, []), (2, ["dog", "owl"], 2, []), (7, ["cat"], 7, []),
      (3, ["yak"], 0, ["yak"]),
    ] as [(Int, [String]?, Int, [String])])
  func covers(count: Int, classes: [String]?, images: Int, missing: [String]) throws {
    for seed: UInt64 in 0..<4 {
      let choice = try Choice(of: catalogue, count: count, classes: classes, seed: seed)
      #expect(choice.members.count == images && Set(choice.members).count == images)
      #expect(choice.missing == missing, "\(seed)")
    }
  }

  @Test("classes that are wanted are there, and pictures without them may be, too")
  func wanted() throws {
    let choice = try Choice(of: catalogue, count: 60, wanted: ["dog", "eel"], seed: 0)
    #expect(choice.members.contains(17) && choice.members.contains(50) && choice.missing.isEmpty)
    #expect(choice.members.contains { $0 >= 90 })
  }

  @Test("a choice depends on the names and the seed, not on the order of the file")
  func order() throws {
    func names(_ catalogue: Catalogue, seed: UInt64) throws -> Set<String> {
      Set(try Choice(of: catalogue, count: 12, seed: seed).members.map { catalogue.entries[$0].name })
    }
    var turned = catalogue
    turned.entries.reverse()
    #expect(try names(catalogue, seed: 1) == names(turned, seed: 1))
    #expect(try names(catalogue, seed: 1) != names(catalogue, seed: 2))
  }

  @Test("a class that there is not is named with those that there are")
  func unknown() {
    let error = #expect(throws: DataError.self) {
      try Choice(of: catalogue, count: 3, classes: ["cat", "cow"], seed: 0)
    }
    #expect(error?.message == "there is no class cow, only cat, dog, owl, eel, fox, yak")
  }
}
