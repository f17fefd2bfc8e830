import Configuration
import Imaging
import Tensors
import Testing

import Data

/// A data set as a config names it.
private struct MemorySettings: Decodable {
  var count: Int
  var classes: [String]?
  var colour: [UInt8]?
  var isTest: Bool?
  var root: String?

  enum CodingKeys: String, CodingKey {
    case count, classes, colour
    case isTest = "test_mode"
    case root = "data_root"
  }
}

/// Drops the images whose index is in a set, and tells its number in the scale factor.
private struct Dropping: Transform {
  var dropped: Set<Int> = []

  func callAsFunction(_ sample: Sample, random: inout RandomGenerator) -> Sample? {
    dropped.contains(sample.index) ? nil : sample
  }
}

@Suite("Data sets made of others")
struct CombinedDatasetTests {
  private func build(_ text: String) throws -> any Dataset {
    var components = DataComponents()
    components.datasets.add("Memory") { (c: MemorySettings, _: DataContext) in
      MemoryDataset(
        count: c.count,
        metainfo: DatasetMetainfo(
          classes: c.classes ?? ["thing"],
          palette: c.colour.map { [SIMD3($0[0], $0[1], $0[2])] } ?? []),
        isTest: c.isTest ?? false)
    }
    return try components.datasets.build(
      component(text), scope: nil, in: DataContext(components: components))
  }

  @Test("stand one behind the other")
  func concatenates() throws {
    let joined = try build(
      "{type: ConcatDataset, lazy_init: false, datasets: [{type: Memory, count: 2}, {type: Memory, count: 3}]}"
    )
    #expect(joined.count == 5 && !joined.isTest)
    let samples = try (0..<5).map { try joined.load(index: $0, number: $0 + 10, seed: 1) }
    #expect(samples.map(\.index) == [0, 1, 2, 3, 4])
    #expect(samples.map(\.imageID) == [0, 1, 0, 1, 2])
    #expect(samples.map(\.number) == [10, 11, 12, 13, 14])
    #expect(try joined.sample(at: 4).imageID == 2)
    #expect(try joined.size(at: 3) == ImageSize(height: 1, width: 2))
  }

  @Test("count several times")
  func repeats() throws {
    let repeated = try build(
      "{type: RepeatDataset, times: 3, dataset: {type: ConcatDataset, datasets: [{type: Memory, count: 2}]}}")
    #expect(repeated.count == 6 && repeated.metainfo.classes == ["thing"])
    let samples = try (0..<6).map { try repeated.load(index: $0, number: $0, seed: 1) }
    #expect(samples.map(\.index) == [0, 1, 2, 3, 4, 5])
    #expect(samples.map(\.imageID) == [0, 1, 0, 1, 0, 1])
  }

  @Test("replace what is dropped by an image of the same data set, each by its own pipeline")
  func redraws() throws {
    let whole = MemoryDataset(count: 4)
    let dropping = MemoryDataset(count: 4, pipeline: Pipeline([Dropping(dropped: [0, 1, 3])]))
    let joined = try ConcatDataset([whole, dropping])
    #expect(joined.pipeline(at: 3).transforms.isEmpty && joined.pipeline(at: 4).transforms.count == 1)
    for index in 0..<8 {
      #expect(try joined.load(index: index, number: 0, seed: 5).index == (index < 4 ? index : 6))
    }
    #expect(try RepeatDataset(dropping, times: 2).load(index: 5, number: 0, seed: 5).index == 6)
  }

  @Test(
    "say what does not agree",
    arguments: [
      (
        "{type: ConcatDataset, datasets: [{type: Memory, count: 1, classes: [a, b]}, {type: Memory, count: 1, classes: [b, a]}]}",
        ["data sets 1 and 2", "1: a, b", "2: b, a"]
      ),
      (
        "{type: ConcatDataset, datasets: [{type: Memory, count: 1, colour: [1, 2, 3]}, {type: Memory, count: 1}]}",
        ["different palettes", "[1, 2, 3]", "2: none", "ignore_keys: palette"]
      ),
      ("{type: ConcatDataset, datasets: []}", ["one or more data sets"]),
      (
        "{type: ConcatDataset, ignore_keys: classes, datasets: [{type: Memory, count: 1}]}",
        ["classes have to agree"]
      ),
      ("{type: RepeatDataset, times: 0, dataset: {type: Memory, count: 1}}", ["1...1000000"]),
      (
        "{type: RepeatDataset, times: 1000000, dataset: {type: RepeatDataset, times: 1000000, dataset: {type: Memory, count: 9000000}}}",
        ["images; a pass may have 100000000"]
      ),
      (
        "{type: RepeatDataset, times: 1000000, dataset: {type: Memory, count: 9223372036854775807}}",
        ["more than 2^63"]
      ),
      (
        "{type: ConcatDataset, datasets: [{type: Memory, count: 9223372036854775807}, {type: Memory, count: 1}]}",
        ["ConcatDataset would have"]
      ),
      ("{type: RepeatDataset, dataset: {type: Memory, count: 1}}", ["'times' is missing"]),
      ("{type: RepeatDataset, times: 2, dataset: {type: Memory, cout: 1}}", ["count"]),
    ])
  func refuses(text: String, expected: [String]) throws {
    let error = #expect(throws: (any Error).self) { try build(text) }
    let message = "\(try #require(error))"
    for part in expected { #expect(message.contains(part), "\(message)") }
  }

  @Test("may differ in colours, if asked")
  func ignoresPalettes() throws {
    let joined = try build(
      "{type: ConcatDataset, ignore_keys: [palette, dataset_type], datasets: "
        + "[{type: Memory, count: 1, colour: [1, 2, 3]}, {type: Memory, count: 1, test_mode: true}]}")
    #expect(joined.count == 2 && joined.metainfo.palette.count == 1)
  }

  @Test("have the config's data_root where they name none")
  func knowRoots() throws {
    let text = """
      data_root: here
      train_dataloader:
        dataset:
          type: RepeatDataset
          times: 2
          dataset: {type: ConcatDataset, datasets: [{type: A}, {type: B, data_root: there}]}
      """
    let node = try ExperimentConfiguration(ConfigurationNode.parse(text, file: "a.yaml")).node
    let dataset = try #require(node["train_dataloader"]?["dataset"])
    #expect(dataset["data_root"] == nil && dataset["dataset"]?["data_root"] == nil)
    let parts = try #require(dataset["dataset"]?["datasets"]?.elements)
    #expect(parts.map { $0["data_root"]?.string } == ["here", "there"])
  }
}
