import Data
import Detection
import Imaging
import TestSupport
import Testing

@Suite("XMLDataset, VOCDataset and YOLODataset")
struct ConvertedDatasetTests {
  private let folder: TemporaryFolder

  init() throws {
    func object(_ name: String, _ box: [Int], difficult: Int = 0) -> String {
      "<object><name>\(name)</name><difficult>\(difficult)</difficult><bndbox><xmin>\(box[0])</xmin><ymin>\(box[1])</ymin>"
        + "<xmax>\(box[2])</xmax><ymax>\(box[3])</ymax></bndbox></object>"
    }
    func xml(_ objects: String) -> String {
      "<annotation><size><width>50</width><height>40</height></size>\(objects)</annotation>"
    }
    folder = try TemporaryFolder([
      "VOC/Annotations/a.xml": xml(
        object("cat", [1, 1, 11, 21]) + object("dog", [5, 5, 9, 9], difficult: 1)
          + object("cow", [2, 2, 5, 5])),
      "VOC/Annotations/b.xml": xml(""), "VOC/Annotations/broken.xml": "<annotation>",
      "VOC/list.txt": "b\na\n",
      "VOC/bad.txt": "a\nbroken\n",
      "data.yaml": "train: images/train\nval: images/val\nnames: {0: cat, 5: dog}\n",
      "labels/train/a.txt": "5 0.5 0.5 0.2 0.5\n0 0 0 0.5 0 0.5 0.5\n", "labels/val/b.txt": "0 0.5 0.5 1 1\n",
    ])
    for name in ["VOC/JPEGImages/a.jpg", "VOC/JPEGImages/b.jpg", "images/train/a.png", "images/val/b.png"] {
      try folder.write(try Image(height: 40, width: 50, colour: [9, 9, 9]).encodedPNG(), as: name)
    }
  }

  private func dataset(_ keys: String) throws -> CocoDataset {
    try #require(try DetectionComponents.dataset("{data_root: \(folder.path), \(keys)}") as? CocoDataset)
  }

  private static let voc = "ann_file: VOC/list.txt, data_prefix: {sub_data_root: VOC/}"

  @Test("XMLDataset: mm's boxes, difficult objects ignored, classes of the config or of the files")
  func xml() throws {
    let all = try dataset("type: XMLDataset, \(Self.voc)")
    #expect(all.metainfo.classes == ["cat", "cow", "dog"] && all.count == 2)
    let sample = try all.sample(at: 1)
    #expect(sample.annotations.map(\.box) == [SIMD4(0, 0, 10, 20), SIMD4(4, 4, 8, 8), SIMD4(1, 1, 4, 4)])
    #expect(
      sample.annotations.map(\.label) == [0, 2, 1]
        && sample.annotations.map(\.isIgnored) == [false, true, false])
    #expect(sample.imagePath.hasSuffix("VOC/JPEGImages/a.jpg"))
    let some = try dataset(
      "type: XMLDataset, \(Self.voc), metainfo: {classes: [dog, cat]}, filter_cfg: {filter_empty_gt: true, bbox_min_size: 5}"
    )
    #expect(try some.count == 1 && some.sample(at: 0).annotations.map(\.label) == [1, 0])
    #expect(try some.sample(at: 0).annotations.map(\.isIgnored) == [false, true])
    #expect(some.warnings.contains { $0.contains("unlisted_class: 1") })
  }

  @Test("VOCDataset has VOC's 20 classes and their colours; a broken file stops it with its line")
  func voc() throws {
    let voc = try dataset("type: VOCDataset, \(Self.voc)")
    #expect(voc.metainfo.classes.count == 20 && voc.metainfo.classes[11] == "dog")
    #expect(voc.metainfo.palette[0] == SIMD3(106, 0, 228) && voc.metainfo.palette[19] == SIMD3(183, 130, 88))
    let error = #expect(throws: DataError.self) {
      try dataset("type: VOCDataset, ann_file: VOC/bad.txt, data_prefix: {sub_data_root: VOC/}")
    }
    #expect(error?.file?.hasSuffix("broken.xml") == true && error?.message.contains("line 1") == true)
  }

  @Test("YOLODataset: the split of data.yaml or a folder; polygons are masks; sizes are the pictures'")
  func yolo() throws {
    let steps =
      "pipeline: [{type: LoadImageFromFile}, {type: LoadAnnotations, with_mask: false}, {type: PackDetInputs}]"
    let training = try dataset("type: YOLODataset, \(steps)")
    #expect(training.metainfo.classes == ["cat", "dog"] && training.count == 1)
    #expect(try training.sample(at: 0).annotations.map(\.label) == [1, 0])
    let loaded = try training.load(index: 0, number: 0, seed: 0)
    #expect(loaded.instances?.boxes.values == [20, 10, 30, 30, 0, 0, 25, 20])
    #expect(try dataset("type: YOLODataset, test_mode: true").sample(at: 0).imagePath.hasSuffix("val/b.png"))
    #expect(
      try dataset("type: YOLODataset, data_prefix: {img: images/val}").sample(at: 0).annotations[0].box
        == SIMD4(0, 0, 50, 40))
    #expect(throws: DataError.self) { try dataset("type: YOLODataset, split: test") }
  }

  @Test("their inventories list what the data check reports")
  func inventories() throws {
    let xml = try DetectionComponents.inventory(
      "{type: VOCDataset, data_root: \(folder.path), ann_file: VOC/bad.txt, data_prefix: {sub_data_root: VOC/}}"
    )
    #expect(xml.samples.count == 1 && xml.faults.map(\.kind) == ["unreadable_file", "class_without_objects"])
    let yolo = try DetectionComponents.inventory("{type: YOLODataset, data_root: \(folder.path)}")
    #expect(yolo.samples.count == 1 && yolo.faults.isEmpty, "\(yolo.faults)")
  }

  @Test("COCO's files: objects that stand there twice, boxes unlike their masks, classes without objects")
  func cocoFaults() throws {
    let object =
      #""image_id": 1, "category_id": 1, "bbox": [1, 1, 6, 6], "area": 36, "segmentation": [[1, 1, 7, 1, 7, 7, 1, 7]]"#
    try folder.write(
      Array(
        """
        {"images": [{"id": 1, "file_name": "a.png", "height": 40, "width": 50}], "annotations": [
         {"id": 1, \(object)}, {"id": 2, \(object)},
         {"id": 3, "image_id": 1, "category_id": 1, "bbox": [20, 1, 6, 6], "area": 36, "segmentation": [[1, 1, 7, 1, 7, 7, 1, 7]]}],
         "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]}
        """.utf8), as: "gt.json")
    let faults = try DetectionComponents.inventory("{type: CocoDataset, ann_file: \(folder.path)/gt.json}")
      .faults
    #expect(
      faults.map { "\($0.kind) \($0.id ?? 0)" } == [
        "duplicate_object 2", "box_unlike_mask 3", "class_without_objects 0",
      ])
    #expect(faults.allSatisfy { $0.severity == .note })
  }
}
