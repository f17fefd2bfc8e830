import Configuration
import Data
import Testing

@Suite("what a label map's numbers mean")
struct LabelMeaningTests {
  typealias Reading = LabelMeaning.Reading

  @Test(
    "a file's number is a class, ignored, or neither",
    arguments: [
      // CamVid as published: classes 0 ... 10, 11 is none.
      (11, 11, false, [0: .label(0), 10: .label(10), 11: .ignored, 12: .outside, 255: .outside]),
      (3, nil, false, [0: .label(0), 2: .label(2), 3: .outside, 255: .ignored]),
      (3, nil, true, [0: .ignored, 1: .label(0), 3: .label(2), 4: .outside, 255: .ignored]),
      // A class may be the one to be ignored.
      (3, 0, false, [0: .ignored, 1: .label(1), 255: .outside]),
      (3, 1, true, [0: .ignored, 1: .label(0), 2: .ignored, 3: .label(2), 255: .ignored]),
      // Of 300 classes 255 is one.
      (300, nil, false, [255: .label(255), 299: .label(299), 300: .outside, 65_535: .ignored]),
      (300, 255, false, [254: .label(254), 255: .ignored, 256: .label(256)]),
      (300, nil, true, [0: .ignored, 255: .label(254), 256: .label(255), 300: .label(299)]),
    ] as [(Int, Int?, Bool, [Int32: Reading])])
  func reads(classes: Int, ignoreIndex: Int?, reduces: Bool, expected: [Int32: Reading]) {
    let meaning = LabelMeaning(
      classCount: classes, ignoreIndex: ignoreIndex.map { Located($0) }, reducesZeroLabel: reduces)
    for (number, reading) in expected { #expect(meaning.reading(of: number) == reading, "\(number)") }
  }

  @Test(
    "behind loading one number is no class, which no class has",
    arguments: [(nil, 255), (1, 255), (255, 255), (256, 65_535), (65_536, 65_536), (100_000, 100_000)]
      as [(Int?, Int32)])
  func ignores(classes: Int?, expected: Int32) {
    #expect(LabelMeaning.ignored(among: classes) == expected)
  }

  private func key(_ text: String, _ name: String = "head.ignore_index") throws -> Located<Int> {
    try #require(
      try ConfigurationNode.parse("head: {ignore_index: \(text)}", file: "model.yaml")
        .decode([String: [String: Located<Int>]].self)["head"]?["ignore_index"])
  }

  @Test("a key that says it again has to agree with the data set, or be mm's default", arguments: [11, 255])
  func agrees(value: Int) throws {
    let meaning = LabelMeaning(classCount: 11, ignoreIndex: Located(11))
    try meaning.require(try key("\(value)"))
    try meaning.require(nil)
  }

  @Test("one that does not is an error with both places")
  func disagrees() throws {
    let dataset = try ConfigurationNode.parse("set:\n  ignore_index: 11", file: "data.yaml")
      .decode([String: [String: Located<Int>]].self)["set"]?["ignore_index"]
    let meaning = LabelMeaning(classCount: 11, ignoreIndex: dataset)
    let error = #expect(throws: ConfigurationError.self) { try meaning.require(try key("9")) }
    #expect(
      try #require(error).description.hasPrefix(
        "model.yaml:1:22: head.ignore_index: is 9, but set.ignore_index at data.yaml:2:17 is 11"),
      "\(error as Any)")
  }
}
