import Configuration
import Data
import Imaging
import Modeling
import Segmentation
import TestSupport
import Testing

@Suite("the numbers of a data set's label maps")
struct DatasetLabelTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.image("images/a.png")
  }

  private func dataset(
    _ pixels: [Int32], _ keys: String, classes: String = "[one, two]", steps: String = ""
  ) throws -> any Dataset {
    try folder.labels("labels/a.png", pixels)
    return try SegmentationComponents.dataset(
      "{type: BaseSegDataset, data_root: \(folder.path), img_suffix: .png, \(keys)"
        + "data_prefix: {img_path: images, seg_map_path: labels}, metainfo: {classes: \(classes)}, "
        + "pipeline: [{type: LoadImageFromFile}, {type: LoadAnnotations}, \(steps){type: PackSegInputs}]}")
  }

  @Test(
    "whatever number a file ignores, one is ignored behind loading",
    arguments: [
      ("ignore_index: 2, ", [0, 1, 2], [0, 1, 255]), ("ignore_index: 0, ", [0, 1, 1], [255, 1, 1]),
      ("", [0, 1, 255], [0, 1, 255]), ("reduce_zero_label: true, ", [0, 1, 2], [255, 0, 1]),
      ("ignore_index: 65535, ", [0, 65_535, 1], [0, 255, 1]),
    ] as [(String, [Int32], [Int32])])
  func loads(keys: String, stored: [Int32], expected: [Int32]) throws {
    let sample = try dataset(stored, keys).load(index: 0, number: 0, seed: 0)
    #expect(sample.labelMap?.pixels == expected)
  }

  @Test("a file that is no picture is to become a PNG: no other format is one")
  func advises() throws {
    let set = try dataset([0, 1, 2], "")
    try folder.write(Array("\u{93}NUMPY v1".utf8), as: "labels/a.png")
    let error = #expect(throws: ImagingError.self) { try set.load(index: 0, number: 0, seed: 0) }
    let message = try #require(error).message
    #expect(message.contains("Convert it to a PNG of one channel") && !message.contains("JPEG"), "\(message)")
  }

  @Test("padding is of no class")
  func pads() throws {
    let set = try dataset(
      [0, 1, 2], "ignore_index: 2, ", steps: "{type: Pad, size: [5, 1], pad_val: {seg: 255}}, ")
    #expect(try set.load(index: 0, number: 0, seed: 0).labelMap?.pixels == [0, 1, 255, 255, 255])
  }

  @Test(
    "a step that says it otherwise is an error with both places",
    arguments: [
      (
        "{type: Pad, size: [5, 1], pad_val: {seg: 200}}, ",
        "pad_val.seg: is 200, but ignore_index at test.yaml:"
      ),
      (
        "{type: RandomCrop, crop_size: [1, 2], ignore_index: 9}, ",
        "ignore_index: is 9, but ignore_index at test.yaml:"
      ),
    ])
  func contradicts(step: String, expected: String) throws {
    let error = #expect(throws: ConfigurationError.self) {
      try dataset([0, 1, 2], "ignore_index: 2, ", steps: step)
    }
    #expect(try #require(error).description.contains(expected), "\(error as Any)")
  }

  @Test(
    "the metric leaves out what the data set ignores", arguments: ["ignore_index: 0, ", "ignore_index: 2, "])
  func counts(keys: String) throws {
    let set = try dataset([0, 1, 1], keys)
    let node = try ConfigurationNode.parse("{}", file: "test.yaml")
    var metric = try IoUMetric(try node.decode(IoUMetric.Configuration.self), of: set.metainfo)
    let sample = try set.load(index: 0, number: 0, seed: 0)
    try metric.add(
      Prediction(labelMap: LabelMap(height: 1, width: 3, pixels: [1, 1, 0])), for: sample)
    let accuracy = try metric.summary().values.first { $0.name == "aAcc" }?.value
    #expect(accuracy == (keys.contains("0,") ? 50 : 33.33))
  }

  @Test("a metric that says it otherwise is an error")
  func metricContradicts() throws {
    let set = try dataset([0, 1, 2], "ignore_index: 2, ")
    let node = try ConfigurationNode.parse("{ignore_index: 0}", file: "test.yaml")
    let error = #expect(throws: ConfigurationError.self) {
      try IoUMetric(try node.decode(IoUMetric.Configuration.self), of: set.metainfo)
    }
    #expect(try #require(error).description.contains("ignore_index: is 0, but ignore_index at test.yaml:"))
  }

  @Test("more classes than a confusion matrix holds are an error")
  func manyClasses() throws {
    let node = try ConfigurationNode.parse("{}", file: "test.yaml")
    let metainfo = DatasetMetainfo(classes: (0...ConfusionMatrix.mostClasses).map { "\($0)" })
    #expect(throws: ConfigurationError.self) {
      try IoUMetric(try node.decode(IoUMetric.Configuration.self), of: metainfo)
    }
  }
}
