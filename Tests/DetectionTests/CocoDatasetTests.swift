import Configuration
import Data
import Detection
import Imaging
import TestSupport
import Testing

/// Two classes, four images: two objects, a crowd with objects that are dropped, an empty image, a tiny image.
private let annotationFile = """
  {"images": [
    {"id": 7, "file_name": "a.png", "height": 40, "width": 50}, {"id": 3, "file_name": "b.png", "height": 40, "width": 50},
    {"id": 5, "file_name": "empty.png", "height": 40, "width": 50}, {"id": 9, "file_name": "tiny.png", "height": 8, "width": 50}],
   "annotations": [
    {"id": 1, "image_id": 7, "category_id": 2, "bbox": [1, 2, 10, 20], "area": 200, "iscrowd": 0,
     "segmentation": [[1, 2, 11, 2, 11, 22, 1, 22]]},
    {"id": 2, "image_id": 7, "category_id": 40, "bbox": [45.5, 2, 10, 20], "area": 90, "iscrowd": 0,
     "segmentation": {"size": [40, 50], "counts": [0, 10, 1990]}},
    {"id": 3, "image_id": 3, "category_id": 2, "bbox": [0, 0, 50, 40], "area": 2000, "iscrowd": 1,
     "segmentation": {"size": [40, 50], "counts": [2000]}},
    {"id": 4, "image_id": 3, "category_id": 2, "bbox": [60, 2, 10, 20], "area": 200, "iscrowd": 0, "segmentation": []},
    {"id": 5, "image_id": 3, "category_id": 2, "bbox": [6, 2, 10, 0.5], "area": 5, "iscrowd": 0, "segmentation": []},
    {"id": 6, "image_id": 3, "category_id": 2, "bbox": [6, 2, 10, 10], "area": 0, "iscrowd": 0, "segmentation": []},
    {"id": 8, "image_id": 3, "category_id": 2, "bbox": [6, 2, 10, 10], "area": 9, "iscrowd": 0, "ignore": 1,
     "segmentation": []},
    {"id": 7, "image_id": 9, "category_id": 40, "bbox": [1, 1, 5, 5], "area": 25, "iscrowd": 0, "segmentation": []}],
   "categories": [{"id": 40, "name": "cat"}, {"id": 2, "name": "dog"}]}
  """

@Suite("CocoDataset")
struct CocoDatasetTests {
  private func dataset(_ keys: String = "", file: String = annotationFile) throws -> CocoDataset {
    let folder = try TemporaryFolder(["gt.json": file])
    let text =
      "{type: CocoDataset, data_root: \(folder.path), ann_file: gt.json, data_prefix: {img: images/}\(keys)}"
    return try #require(try DetectionComponents.dataset(text) as? CocoDataset)
  }

  private func message(_ keys: String = "", file: String = annotationFile) throws -> String {
    let error = #expect(throws: (any Error).self) { try dataset(keys, file: file) }
    return "\(try #require(error))"
  }

  @Test("refuses two categories of one name where the classes are the file's")
  func categoriesOfOneName() throws {
    let file = annotationFile.replacingOccurrences(of: #""name": "dog""#, with: #""name": "cat""#)
    #expect(try message(file: file).contains("has objects of several categories of one name: [cat]"))
  }

  @Test("takes classes from the file, and images in its order")
  func readsFile() throws {
    let set = try dataset()
    #expect(set.metainfo.classes == ["cat", "dog"] && set.categoryIDs == [40, 2])
    #expect(try (0..<set.count).map { try set.sample(at: $0).imageID } == [7, 3, 5, 9])
    let sample = try set.sample(at: 0)
    #expect(sample.imagePath.hasSuffix("/images/a.png") && sample.size == ImageSize(height: 40, width: 50))
    #expect(sample.annotations.map(\.label) == [1, 0])
    #expect(sample.annotations[0].box == SIMD4(1, 2, 11, 22))
    #expect(sample.annotations[0].mask == .polygons([[1, 2, 11, 2, 11, 22, 1, 22]]))
    #expect(sample.annotations[1].mask == .runs([0, 10, 1990], height: 40, width: 50))
  }

  @Test("drops what mmdetection drops at loading, and marks crowds")
  func dropsObjects() throws {
    let sample = try dataset().sample(at: 1)
    #expect(sample.annotations.map(\.isIgnored) == [true])
  }

  @Test(
    "numbers classes by the config's order, and may leave some out",
    arguments: [
      ("[dog, cat]", [0, 1], [2, 40]), ("[cat]", [0], [40]),
    ])
  func numbersClasses(classes: String, labels: [Int], ids: [Int]) throws {
    let set = try dataset(", metainfo: {classes: \(classes)}")
    #expect(set.categoryIDs == ids)
    #expect(try set.sample(at: 0).annotations.map(\.label) == labels)
  }

  @Test("stops where the file lacks a class, with both lists")
  func comparesClasses() throws {
    let message = try message(", metainfo: {classes: [cat, dgo]}")
    #expect(message.contains("no category [dgo]"))
    #expect(message.contains("metainfo.classes: [cat, dgo]") && message.contains("of the file: [cat, dog]"))
  }

  @Test(
    "filters images in training only",
    arguments: [
      (", filter_cfg: {filter_empty_gt: true, min_size: 10}", [7, 3]),
      (", filter_cfg: {filter_empty_gt: true}", [7, 3, 9]),
      (", filter_cfg: {filter_empty_gt: true, min_size: 10}, metainfo: {classes: [cat]}", [7]),
      (", filter_cfg: {filter_empty_gt: true, min_size: 10}, test_mode: true", [7, 3, 5, 9]),
      (", indices: 2", [7, 3]), (", indices: -1", [9]), (", indices: [2, 0]", [5, 7]),
    ])
  func filters(keys: String, ids: [Int]) throws {
    let set = try dataset(keys)
    #expect(try (0..<set.count).map { try set.sample(at: $0).imageID } == ids)
  }

  @Test("says why nothing is left")
  func explainsEmptiness() throws {
    let all = try message(", filter_cfg: {filter_empty_gt: true, min_size: 100}")
    #expect(
      all.contains(
        "0 of 4 images left: 1 have no annotation of the classes [cat, dog], 3 have a side below 100 pixels; the file has "
          + "the classes [cat, dog]"), "\(all)")
    #expect(
      try message(file: #"{"images": [], "annotations": [], "categories": []}"#).contains("0 of 0 images"))
    #expect(try message(", indices: [4]").contains("no image 4"))
  }

  @Test("says so where there are no categories, or only crowds to learn from")
  func explainsNothingToLearn() throws {
    let none = annotationFile.replacingOccurrences(
      of: #"[{"id": 40, "name": "cat"}, {"id": 2, "name": "dog"}]"#, with: "[]")
    #expect(try message(file: none).contains("has no categories"))
    let crowds = annotationFile.replacingOccurrences(of: #""iscrowd": 0"#, with: #""iscrowd": 1"#)
    let text = try message(", filter_cfg: {filter_empty_gt: true}", file: crowds)
    #expect(text.contains("3 of 4 images left") && text.contains("all are crowds"), "\(text)")
    #expect(try dataset(", filter_cfg: {filter_empty_gt: true}, test_mode: true", file: crowds).count == 4)
  }

  @Test("keeps file names within the image folder", arguments: ["/etc/passwd", "../../secret.png", ""])
  func staysWithin(name: String) throws {
    let message = try message(file: annotationFile.replacingOccurrences(of: "empty.png", with: name))
    #expect(message.contains("image 5"), "\(message)")
  }

  /// Three objects, of which the first so many have masks; the others have what tools write without masks.
  private func masks(_ count: Int, without: String) -> String {
    let objects = (0..<3).map { index in
      #"{"id": \#(index), "image_id": 7, "category_id": 2, "bbox": [1, 2, 10, 20], "area": 200, "iscrowd": 0"#
        + (index < count ? #", "segmentation": [[1, 2, 11, 2, 11, 22, 1, 22]]"# : without) + "}"
    }
    return """
      {"images": [{"id": 7, "file_name": "a.png", "height": 40, "width": 50}],
       "annotations": [\(objects.joined(separator: ", "))], "categories": [{"id": 2, "name": "dog"}]}
      """
  }

  @Test(
    "objects without the masks that the pipeline loads: an error where all lack them, a warning where some do",
    arguments: [
      "", #", "segmentation": []"#, #", "segmentation": [[]]"#, #", "segmentation": [[1, 2, 3, 4]]"#,
    ])
  func countsMasks(without: String) throws {
    for pipeline in [
      "[{type: LoadAnnotations, with_mask: true}]",
      "[{type: RandomChoice, transforms: [[{type: LoadAnnotations, with_mask: true}]]}]",
    ] {
      let keys = ", pipeline: \(pipeline)"
      let all = try message(keys, file: masks(0, without: without))
      #expect(
        all.contains(
          "none of 3 annotations has a segmentation, but the pipeline loads masks (with_mask: true). For boxes only set "
            + "with_mask: false, leave mask_head and mask_roi_extractor out of model.roi_head (null where a _base_ has "
            + "them) and validate with metric: bbox"), "\(all)")
      let some = try dataset(keys, file: masks(1, without: without)).warnings
      #expect(some.count == 1 && some[0].contains("2 of 3 annotations have no segmentation"), "\(some)")
      #expect(try dataset(keys, file: masks(3, without: without)).warnings == [])
      #expect(try dataset(keys + ", test_mode: true", file: masks(0, without: without)).warnings == [])
    }
    let boxes = ", pipeline: [{type: LoadAnnotations}]"
    #expect(try dataset(boxes, file: masks(0, without: without)).warnings == [])
    let folder = try TemporaryFolder(["gt.json": masks(1, without: without)])
    let part =
      "{type: CocoDataset, ann_file: \(folder.path)/gt.json, pipeline: [{type: LoadAnnotations, with_mask: true}]}"
    let joined = try DetectionComponents.dataset(
      "{type: RepeatDataset, times: 2, dataset: {type: ConcatDataset, datasets: [\(part)]}}")
    #expect(joined.warnings.count == 1)
  }

  @Test("reads absolute file names where the user says so")
  func absoluteNames() throws {
    let file = annotationFile.replacingOccurrences(of: #""a.png""#, with: #""/far/a.png""#)
    #expect(try message(file: file).contains("set data_prefix: {img: /}"))
    let folder = try TemporaryFolder(["gt.json": file])
    for keys in [", data_prefix: {img: /}", ", data_prefix: {img: ''}"] {
      let set = try DetectionComponents.dataset(
        "{type: CocoDataset, ann_file: \(folder.path)/gt.json\(keys)}")
      #expect(try set.sample(at: 0).imagePath == "/far/a.png")
    }
    try folder.write(
      Array(file.replacingOccurrences(of: "/far/a.png", with: "/far/../a.png").utf8), as: "gt.json")
    let error = #expect(throws: DataError.self) {
      try DetectionComponents.dataset(
        "{type: CocoDataset, ann_file: \(folder.path)/gt.json, data_prefix: {img: /}}")
    }
    #expect(error?.message.contains("leaves the image folder") == true)
  }

  @Test("reads backslashes as slashes where the file lies so, and else says what to write")
  func backslashes() throws {
    let file = annotationFile.replacingOccurrences(of: #""a.png""#, with: #""train\\a.png""#)
    let folder = try TemporaryFolder(["gt.json": file, "images/train/a.png": ""])
    func set(_ keys: String) throws -> any Dataset {
      try DetectionComponents.dataset(
        "{type: CocoDataset, data_root: \(folder.path), ann_file: gt.json, data_prefix: {img: \(keys)}}")
    }
    #expect(try set("images").sample(at: 0).imagePath == "\(folder.path)/images/train/a.png")
    let error = #expect(throws: DataError.self) { try set("other") }
    let message = "\(try #require(error))"
    #expect(
      message.contains("backslashes") && message.contains(#"write it with slashes, "train/a.png""#),
      "\(message)")
    try folder.write([], as: "images/train\\a.png")
    #expect(try set("images").sample(at: 0).imagePath.hasSuffix("train\\a.png"))
    let leaving = annotationFile.replacingOccurrences(of: #""a.png""#, with: #""..\\gt.json""#)
    #expect(try self.message(file: leaving).contains("backslashes"))
  }

  @Test("an address for a file name is told apart from a file that is not there")
  func addresses() throws {
    let file = annotationFile.replacingOccurrences(of: #""a.png""#, with: #""https://a.org/a.png""#)
    #expect(try message(file: file).contains("has an address for a file_name"))
    let folder = try TemporaryFolder(["gt.json": file, "images/https:/a.org/a.png": ""])
    let set = try DetectionComponents.dataset(
      "{type: CocoDataset, data_root: \(folder.path), ann_file: gt.json, data_prefix: {img: images}}")
    #expect(try set.sample(at: 0).imagePath.hasSuffix("images/https://a.org/a.png"))
  }

  @Test(
    "names unknown keys",
    arguments: [", ann_flie: x", ", filter_cfg: {min_sice: 3}", ", data_prefix: {image: x}"])
  func refusesKeys(keys: String) throws {
    let message = try message(keys)
    #expect(message.contains("test.yaml") || message.contains("duplicate"), "\(message)")
  }
}
