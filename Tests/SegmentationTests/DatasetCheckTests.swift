import Configuration
import Data
import Foundation
import Imaging
import Modeling
import Segmentation
import TestSupport
import Testing

/// A data set of a program's own, with sizes from an annotation file.
private struct SizedDataset: Dataset {
  struct Configuration: Decodable, Sendable { var folder: String }

  var samples: [Sample]
  var metainfo = DatasetMetainfo(classes: ["thing"])
  var pipeline = Pipeline([])
  var isTest: Bool { false }
  var count: Int { samples.count }

  func sample(at index: Int) throws -> Sample { samples[index] }
}

@Suite("Checking data sets")
struct DatasetCheckTests {
  private func golden(_ name: String) throws -> [UInt8] {
    [UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: Golden.path("image/\(name)"))))
  }

  private func check(_ configs: [String], _ components: Components = SegmentationComponents.all) throws
    -> DatasetCheckReport
  {
    try DatasetCheck(components: components.data, scope: "mmseg").run(
      configs.map { try SegmentationComponents.configuration($0) })
  }

  private func base(_ folder: TemporaryFolder, _ more: String = "") -> String {
    "{type: BaseSegDataset, data_root: \(folder.path), img_suffix: .png, "
      + "data_prefix: {img_path: images, seg_map_path: labels}, metainfo: {classes: [one, two]}, "
      + "reduce_zero_label: true\(more)}"
  }

  @Test("a folder with one of each fault gives the report, not a crash")
  func findsEach() throws {
    let folder = try TemporaryFolder()
    let jpeg = try golden("s444.jpg")
    var flipped = try golden("restart.jpg")
    for place in stride(from: flipped.count / 3, to: flipped.count - 60, by: 50) { flipped[place] ^= 0x55 }
    let png = try Image(height: 1, width: 3, colour: [1, 2, 3]).encodedPNG()
    // (name, image, label map, kinds); nil: there is no such file
    let files: [(String, [UInt8]?, [Int32]?, Set<String>)] = [
      ("whole", png, [0, 1, 2], []),
      ("cut", Array(jpeg.prefix(jpeg.count / 2)), [0, 1, 2], ["truncated_image"]),
      ("flipped", flipped, [0, 1, 2], ["damaged_image"]),
      ("text", Array("hello".utf8), [0, 1, 2], ["wrong_file_kind"]),
      ("empty", [], [0, 1, 2], ["wrong_file_kind"]),
      ("gif", Array("GIF89a....".utf8), [0, 1, 2], ["wrong_file_kind"]),
      ("unlabelled", png, nil, ["missing_file"]),
      ("unseen", nil, [0, 1, 2], ["label_map_without_image"]),
      ("wide", png, [0, 1, 2, 1], ["label_size_mismatch"]),
      ("outside", png, [0, 1, 300], ["label_out_of_range"]),
      ("count", png, [0, 1, 3], ["label_out_of_range"]),
      ("ignored", png, [0, 255, 0], ["all_ignored"]),
    ]
    for (name, image, labels, _) in files {
      if let image { try folder.write(image, as: "images/\(name).png") }
      if let labels { try folder.labels("labels/\(name).png", labels) }
    }
    try folder.image("images/colours.png")
    try folder.image("labels/colours.png")
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/images/folder.png", withIntermediateDirectories: true)
    try folder.labels("labels/folder.png")
    #expect(mkfifo("\(folder.path)/images/pipe.png", 0o600) == 0)
    try folder.labels("labels/pipe.png")

    let report = try check([base(folder)])
    func kinds(_ name: String) -> Set<String> {
      // Most of the pictures hold the same.
      Set(
        report.faults.filter { $0.file.hasSuffix("/\(name).png") && $0.kind != "duplicate_image" }.map(\.kind)
      )
    }
    for (name, _, _, expected) in files {
      // The label maps of pictures of another size are also told.
      #expect(
        kinds(name).subtracting(name == "flipped" ? ["label_size_mismatch"] : []) == expected, "\(name)")
    }
    #expect(kinds("colours") == ["colours_not_classes"])
    #expect(kinds("folder") == ["unreadable_file"] && kinds("pipe") == ["unreadable_file"])
    #expect(report.images == files.count - 1 + 3)
    #expect(report.faults.allSatisfy { $0.id == nil && !$0.message.contains($0.file) })
    let outside = try #require(report.faults.first { $0.file.hasSuffix("labels/outside.png") })
    #expect(outside.message.contains("300 (1 pixels)") && outside.message.contains("stored as 1 ... 2"))
    let json = try JSONSerialization.jsonObject(with: try JSONEncoder().encode(report)) as? [String: Any]
    #expect(Set(try #require(json).keys) == ["images", "annotations", "faults", "labels"])
  }

  @Test("numbers, classes and pixel shares of the label maps")
  func sharesPixels() throws {
    let folder = try TemporaryFolder()
    for (name, labels) in [("a", [0, 1, 1]), ("b", [2, 255, 1])] as [(String, [Int32])] {
      try folder.image("images/\(name).png", shade: name == "a" ? 1 : 2)
      try folder.labels("labels/\(name).png", labels)
    }
    let report = try check([base(folder)])
    #expect(report.faults.isEmpty && report.images == 2 && report.annotations == 2)
    #expect(report.labels.map(\.value) == [0, 1, 2, 255])
    #expect(report.labels.map(\.className) == [nil, "one", "two", nil])
    #expect(report.labels.map(\.isIgnored) == [true, false, false, true])
    #expect(report.labels.map(\.pixels) == [1, 3, 1, 1] && report.labels[1].share == 0.5)
  }

  @Test("a class that no pixel has is named, and 255 told where it is often")
  func namesUnseenClasses() throws {
    let folder = try TemporaryFolder()
    try folder.image("images/a.png")
    try folder.labels("labels/a.png", [1, 255, 255])
    let faults = try check([base(folder)]).faults
    #expect(faults.map(\.kind) == ["class_without_pixels"] && faults[0].severity == .note)
    #expect(
      faults[0].message.contains("1 of 2 classes: two; 255, which 66.7 % of the pixels have"), "\(faults)")
  }

  @Test("one file read by two rules is checked by both")
  func tellsIgnoredNumbersApart() throws {
    let folder = try TemporaryFolder()
    try folder.image("images/a.png")
    try folder.labels("labels/a.png", [0, 1, 9])
    let set = base(folder).replacingOccurrences(of: "reduce_zero_label: true", with: "ignore_index: 9")
    let other = base(folder).replacingOccurrences(of: "reduce_zero_label: true", with: "ignore_index: 8")
    for order in [[set, other], [other, set]] {
      #expect(try check(order).faults.map(\.kind) == ["label_out_of_range"])
    }
  }

  @Test("each file once, whatever data sets name it, in wrappers too")
  func readsOnce() throws {
    let folder = try TemporaryFolder()
    for name in ["a", "b"] {
      try folder.image("images/\(name).png", shade: name == "a" ? 1 : 2)
      try folder.labels("labels/\(name).png", [0, 1, 9])
    }
    try folder.write(Array("a\na\n".utf8), as: "list.txt")
    let all = base(folder)
    let report = try check([
      all, base(folder, ", test_mode: true, pipeline: [{type: LoadImageFromFile}]"),
      "{type: RepeatDataset, times: 2, dataset: {type: ConcatDataset, datasets: [\(all), "
        + "\(base(folder, ", ann_file: list.txt"))]}}",
    ])
    #expect(report.images == 2)
    #expect(
      report.faults.map(\.kind).sorted()
        == ["class_without_pixels", "duplicate_name", "label_out_of_range", "label_out_of_range"])
    #expect(report.labels.map(\.pixels) == [2, 2, 2])
  }

  @Test("an image of another size than its annotations are for")
  func comparesSizes() throws {
    let folder = try TemporaryFolder()
    try folder.write(try golden("exif6.jpg"), as: "a.jpg")
    let seen = try Image.decode(file: "\(folder.path)/a.jpg").size
    var components = Components()
    components.data.datasets.add("SizedDataset") { (c: SizedDataset.Configuration, _: DataContext) in
      SizedDataset(samples: [
        // EXIF turns the picture: the turned size is the right one.
        Sample(imageID: 7, imagePath: c.folder + "/a.jpg", size: seen),
        Sample(
          imageID: 8, imagePath: c.folder + "/a.jpg", size: ImageSize(height: seen.width, width: seen.height)),
        Sample(imageID: 9, imagePath: c.folder + "/b.jpg"),
      ])
    }
    let report = try check(["{type: SizedDataset, folder: \(folder.path)}"], components)
    #expect(report.faults.map(\.kind) == ["size_mismatch", "missing_file"])
    #expect(report.faults.map(\.id) == [8, 9] && report.images == 2)
  }

  @Test("a folder that is not there is a fault, a wrong key an error")
  func explains() throws {
    let folder = try TemporaryFolder()
    let report = try check([base(folder)])
    #expect(report.faults.map(\.kind) == ["unreadable_data_set"])
    #expect(report.faults.first?.file == "\(folder.path)/images")
    #expect(throws: ConfigurationError.self) { try check([base(folder, ", img_sufix: .jpg")]) }
  }
}
