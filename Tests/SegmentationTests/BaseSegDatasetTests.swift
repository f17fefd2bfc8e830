import Configuration
import Data
import Foundation
import Imaging
import Segmentation
import TestSupport
import Testing

@Suite("BaseSegDataset")
struct BaseSegDatasetTests {
  /// Three images, one of them in a folder of its own, with label maps that hold 0, 1, 2.
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in ["b", "a", "sub/c"] {
      try folder.image("images/\(name).png")
      try folder.labels("labels/\(name)_label.png")
    }
    return folder
  }

  private func dataset(_ folder: TemporaryFolder, _ keys: String = "", classes: String = "[one, two]") throws
    -> any Dataset
  {
    let text =
      "{type: BaseSegDataset, data_root: \(folder.path), img_suffix: .png, seg_map_suffix: _label.png, "
      + "data_prefix: {img_path: images, seg_map_path: labels}, metainfo: {classes: \(classes)}, "
      + "pipeline: [{type: LoadImageFromFile}, {type: LoadAnnotations}, {type: PackSegInputs}]\(keys)}"
    return try SegmentationComponents.dataset(text)
  }

  @Test("lists images below the folder in order, each with its label map")
  func listsImages() throws {
    let folder = try folder()
    let set = try dataset(folder, ", reduce_zero_label: true")
    let samples = try (0..<set.count).map { try set.sample(at: $0) }
    #expect(samples.map(\.imagePath) == ["a", "b", "sub/c"].map { "\(folder.path)/images/\($0).png" })
    #expect(
      samples.map(\.labelMapPath) == ["a", "b", "sub/c"].map { "\(folder.path)/labels/\($0)_label.png" })
    #expect(set.metainfo.classes == ["one", "two"])
    #expect(try set.load(index: 0, number: 0, seed: 0).labelMap?.pixels == [255, 0, 1])
  }

  @Test("takes the names of a list")
  func readsLists() throws {
    let folder = try folder()
    try Data("sub/c\n\n b \n".utf8).write(to: URL(fileURLWithPath: folder.path + "/list.txt"))
    let set = try dataset(folder, ", ann_file: list.txt", classes: "[zero, one, two]")
    #expect(
      try (0..<set.count).map { try set.sample(at: $0).imagePath }.map { $0.suffix(7) } == [
        "b/c.png", "s/b.png",
      ])
    #expect(try set.load(index: 0, number: 0, seed: 0).labelMap?.pixels == [0, 1, 2])
  }

  @Test(
    "stops at a number that is no class, with its place",
    arguments: [
      ("", "the number 2 at row 0, column 2 is no class: there are 2 classes, stored as 0 ... 1"),
      (
        ", reduce_zero_label: true, metainfo: {classes: [one]}", "the number 2 at row 0, column 2 is no class"
      ),
    ])
  func checksLabels(keys: String, expected: String) throws {
    let folder = try folder()
    let set = try dataset(
      folder, keys.replacingOccurrences(of: ", metainfo: {classes: [one]}", with: ""),
      classes: keys.contains("[one]") ? "[one]" : "[one, two]")
    let error = #expect(throws: DataError.self) { try set.load(index: 0, number: 0, seed: 0) }
    let message = try #require(error).description
    #expect(message.hasPrefix("\(folder.path)/labels/a_label.png: \(expected)"), "\(message)")
  }

  @Test(
    "says what is missing",
    arguments: [
      (", img_suffix: .jpg", "no image ends in .jpg"), (", ann_file: none.txt", "none.txt"),
      (", data_prefix: {img_path: nowhere}", "there is no such folder"), (", indices: 0", "0 of 3 images"),
    ])
  func explains(keys: String, expected: String) throws {
    let folder = try folder()
    let text =
      "{type: BaseSegDataset, data_root: \(folder.path), metainfo: {classes: [a]}\(keys)"
      + (keys.contains("img_suffix") ? "" : ", img_suffix: .png")
      + (keys.contains("data_prefix") ? "}" : ", data_prefix: {img_path: images}}")
    let error = #expect(throws: (any Error).self) { try SegmentationComponents.dataset(text) }
    let message = "\(try #require(error))"
    #expect(message.contains(expected), "\(message)")
  }
}
