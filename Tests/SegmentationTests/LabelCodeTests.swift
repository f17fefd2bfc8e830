import Configuration
import Data
import Foundation
import Imaging
import Modeling
import Segmentation
import TestSupport
import Testing

@Suite("Label maps with numbers or colours of their own")
struct LabelCodeTests {
  private func dataset(_ folder: TemporaryFolder, _ metainfo: String, _ keys: String = "") throws
    -> any Dataset
  {
    try folder.image("images/a.png")
    return try SegmentationComponents.dataset(
      "{type: BaseSegDataset, data_root: \(folder.path), img_suffix: .png, \(keys)"
        + "data_prefix: {img_path: images, seg_map_path: labels}, metainfo: {classes: [one, two], \(metainfo)}, "
        + "pipeline: [{type: LoadImageFromFile}, {type: LoadAnnotations}, {type: PackSegInputs}]}")
  }

  private func loaded(_ dataset: any Dataset) throws -> [Int32]? {
    try dataset.load(index: 0, number: 0, seed: 0).labelMap?.pixels
  }

  @Test("label_values: numbers with gaps; what is not listed says file, number and key")
  func values() throws {
    let folder = try TemporaryFolder()
    try folder.labels("labels/a.png", [7, 26, 255])
    #expect(try loaded(dataset(folder, "label_values: [7, 26]")) == [0, 1, 255])
    #expect(try loaded(dataset(folder, "label_values: [255, 26], ignored_values: [7]")) == [255, 1, 0])
    #expect(try loaded(dataset(folder, "label_values: [7, 26]", "ignore_index: 255, ")) == [0, 1, 255])
    let error = #expect(throws: DataError.self) { try loaded(dataset(folder, "label_values: [7, 8]")) }
    let text = "\(try #require(error))"
    #expect(
      text.contains("labels/a.png: the number 26 at row 0, column 1")
        && text.contains("metainfo.label_values"))
    let plain = #expect(throws: DataError.self) { try loaded(dataset(folder, "palette: []")) }
    #expect("\(try #require(plain))".contains("metainfo.label_values"))
  }

  @Test("label_colours: a colour a class; other colours say file, colour and key")
  func colours() throws {
    let folder = try TemporaryFolder()
    // Blue, green, red: the colours are [255, 0, 0], [1, 2, 3] and [0, 0, 0].
    try folder.write(
      try Image(height: 1, width: 3, pixels: [0, 0, 255, 3, 2, 1, 0, 0, 0]).encodedPNG(), as: "labels/a.png")
    let listed = "label_colours: [[1, 2, 3], [255, 0, 0]]"
    #expect(try loaded(dataset(folder, "\(listed), ignored_colours: [[0, 0, 0]]")) == [1, 0, 255])
    let error = #expect(throws: DataError.self) { try loaded(dataset(folder, listed)) }
    let text = "\(try #require(error))"
    #expect(
      text.contains("the colour [0, 0, 0] at row 0, column 2") && text.contains("metainfo.label_colours"))
    let unnamed = #expect(throws: ImagingError.self) { try loaded(dataset(folder, "palette: []")) }
    #expect("\(try #require(unnamed))".contains("metainfo.label_colours"))
  }

  @Test(
    "keys that contradict each other are refused with what is wanted",
    arguments: [
      ("label_values: [1]", "label_values has 1 entries, classes has 2"),
      ("label_values: [1, 1]", "occurs twice"),
      ("label_values: [1, 2], label_colours: [[1, 2, 3], [1, 2, 4]]", "one of them is wanted"),
      ("label_colours: [[1, 2], [1, 2, 4]]", "[red, green, blue]"),
      ("ignored_values: [1]", "needs label_values"),
      ("label_values: [1, 2], ignored_colours: [[1, 2, 3]]", "beside label_values stands ignored_values"),
      ("label_values: [1, 70000]", "70000"), ("label_values: [1, -1]", "-1"),
    ])
  func refusals(metainfo: String, expected: String) throws {
    let folder = try TemporaryFolder()
    try folder.labels("labels/a.png")
    let error = #expect(throws: (any Error).self) { try dataset(folder, metainfo) }
    #expect("\(try #require(error))".contains(expected), "\(String(describing: error))")
  }

  @Test("label_values and reduce_zero_label exclude each other")
  func reducing() throws {
    let folder = try TemporaryFolder()
    try folder.labels("labels/a.png")
    #expect(throws: (any Error).self) {
      try dataset(folder, "label_values: [1, 2]", "reduce_zero_label: true, ")
    }
  }

  @Test("pictures of the same content are noted, and across training and test apart")
  func repeated() throws {
    let folder = try TemporaryFolder()
    for name in ["a", "b"] {
      try folder.image("train/\(name).png")
      try folder.labels("labels/\(name).png")
    }
    try folder.image("val/c.png")
    try folder.labels("labels/c.png")
    func config(_ images: String) throws -> ComponentConfiguration {
      try SegmentationComponents.configuration(
        "{type: BaseSegDataset, data_root: \(folder.path), img_suffix: .png, ann_file: \(images).txt, "
          + "data_prefix: {img_path: \(images), seg_map_path: labels}, metainfo: {classes: [x, y, z]}}")
    }
    try folder.write(Array("a\nb\n".utf8), as: "train.txt")
    try folder.write(Array("c\n".utf8), as: "val.txt")
    let report = try DatasetCheck(components: SegmentationComponents.all.data, scope: "mmseg").run(
      [config("train"), config("val")], training: 0)
    #expect(report.errorCount == 0, "\(report.faults)")
    #expect(report.faults.map(\.kind) == ["duplicate_image", "image_in_training_and_test"])
  }

  @Test(
    "a picture that EXIF turns is noted where its size does not tell",
    arguments: [(1, []), (3, ["exif_turn"]), (6, ["label_size_mismatch"])] as [(UInt8, [String])])
  func turned(orientation: UInt8, kinds: [String]) throws {
    let folder = try TemporaryFolder(["train.txt": "a\n"])
    let jpeg = [UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: Golden.path("image/s444.jpg"))))
    let size = try Image.decode(jpeg, file: "s444.jpg").size
    let exif: [UInt8] =
      Array("Exif".utf8) + [
        0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation,
      ]
      + [0, 0, 0, 0, 0, 0]
    let segment = [0xff, 0xe1, 0, UInt8(exif.count + 2)] + exif
    try folder.write(Array(jpeg.prefix(2)) + segment + jpeg.dropFirst(2), as: "train/a.jpg")
    let pixels = (0..<size.height * size.width).map { Int32($0 % 3) }
    try folder.write(
      try LabelMap(height: size.height, width: size.width, pixels: pixels).encodedPNG(), as: "labels/a.png")
    let config = try SegmentationComponents.configuration(
      "{type: BaseSegDataset, data_root: \(folder.path), ann_file: train.txt, "
        + "data_prefix: {img_path: train, seg_map_path: labels}, metainfo: {classes: [x, y, z]}}")
    let report = try DatasetCheck(components: SegmentationComponents.all.data, scope: "mmseg").run([config])
    #expect(report.faults.map(\.kind) == kinds, "\(report.faults)")
  }
}
