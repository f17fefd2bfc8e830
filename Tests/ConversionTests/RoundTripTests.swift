import Coco
import Conversion
import Data
import Imaging
import Masks
import TestSupport
import Testing

@Suite("Round trips of annotations")
struct RoundTripTests {
  private static let boxes = """
    {"images": [{"id": 7, "file_name": "a.png", "height": 40, "width": 50}, {"id": 9, "file_name": "b/c.png", "height": 40, "width": 50}],
     "annotations": [
      {"id": 5, "image_id": 7, "category_id": 2, "bbox": [1.25, 2, 10, 20.5], "area": 205, "iscrowd": 0, "segmentation": []},
      {"id": 6, "image_id": 9, "category_id": 40, "bbox": [30, 2, 10, 20], "area": 200, "iscrowd": 0, "segmentation": []},
      {"id": 8, "image_id": 9, "category_id": 40, "bbox": [1, 1, 8, 8], "area": 64, "iscrowd": 1, "segmentation": []}],
     "categories": [{"id": 40, "name": "cat"}, {"id": 2, "name": "dog \\"x\\""}]}
    """

  private func folder(_ text: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder(["gt.json": text])
    try folder.picture("a.png")
    try folder.picture("b/c.png")
    return folder
  }

  @Test("COCO to COCO: ids, numbers and names stay")
  func coco() throws {
    let folder = try folder(Self.boxes)
    let reading = try AnnotationFormat.coco.read(folder, "gt.json")
    try ConversionPlan(coco: reading, out: folder.at("out/new.json")).write()
    let (old, new) = (
      try CocoAnnotations(contentsOf: folder.at("gt.json")),
      try CocoAnnotations(contentsOf: folder.at("out/new.json"))
    )
    #expect(old.images == new.images && old.categories == new.categories)
    #expect(old.annotations.map(\.id) == new.annotations.map(\.id))
    #expect(old.annotations.map { "\($0.boundingBox)" } == new.annotations.map { "\($0.boundingBox)" })
    #expect(new.annotations.map(\.isCrowd) == [false, false, true])
  }

  @Test("COCO to YOLO and back: boxes stay, pictures are the same bytes, and crowds are listed as lost")
  func yolo() throws {
    let folder = try folder(Self.boxes)
    let reading = try AnnotationFormat.coco.read(folder, "gt.json")
    let plan = try ConversionPlan(yolo: reading, out: folder.at("yolo"))
    #expect(plan.faults.map(\.kind) == ["crowd"] && plan.faults.map(\.id) == [8])
    try plan.write()
    #expect(try folder.text("yolo/labels/train/a.txt").hasPrefix("1 "))
    let back = try AnnotationFormat.yolo.read(folder, "yolo/data.yaml")
    #expect(back.sets[0].classes == ["cat", "dog \"x\""] && back.faults.isEmpty, "\(back.faults)")
    #expect(back.boxes == Array(reading.boxes.prefix(2)))
    #expect(try Image.decode(file: folder.at("yolo/images/train/b/c.png")).height == 40)
  }

  @Test("masks to YOLO and back: parts, holes and touching corners are the same pixels")
  func outlines() throws {
    let folder = try TemporaryFolder()
    try folder.picture("images/a.png")
    // A ring, a part of its own, and two pixels that touch in a corner.
    func isInside(_ row: Int, _ column: Int) -> Bool {
      let ring =
        (5..<25).contains(row) && (5..<25).contains(column)
        && !((10..<15).contains(row) && (11..<20).contains(column))
      return ring || ((30..<38).contains(row) && (30..<45).contains(column)) || (row, column) == (2, 40)
        || (row, column) == (3, 41)
    }
    try folder.map("masks/a.png") { isInside($0, $1) ? 1 : 0 }
    let reading = try AnnotationFormat.masks.read(folder, "images", "masks")
    try ConversionPlan(yolo: reading, out: folder.at("yolo")).write()
    let back = try AnnotationFormat.yolo.read(folder, "yolo")
    let object = try #require(back.sets[0].images.first?.objects.first)
    let mask = try #require(object.segmentation).mask(height: 40, width: 50).bitmap
    let unlike = (0..<40 * 50).filter { (mask.pixels[$0] == 1) != isInside($0 / 50, $0 % 50) }
    #expect(unlike.isEmpty, "\(unlike.count) pixels differ: \(unlike.prefix(5).map { ($0 / 50, $0 % 50) })")
  }

  @Test("label maps: small objects lie over large ones, a background is class 0, boxes alone are listed")
  func labelMaps() throws {
    let folder = try folder(
      """
      {"images": [{"id": 1, "file_name": "a.png", "height": 40, "width": 50}],
       "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [2, 2, 4, 4], "area": 16, "iscrowd": 0, "segmentation": [[2, 2, 6, 2, 6, 6, 2, 6]]},
        {"id": 2, "image_id": 1, "category_id": 2, "bbox": [0, 0, 20, 20], "area": 400, "iscrowd": 0, "segmentation": [[0, 0, 20, 0, 20, 20, 0, 20]]},
        {"id": 3, "image_id": 1, "category_id": 2, "bbox": [30, 0, 5, 5], "area": 25, "iscrowd": 0, "segmentation": []}],
       "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]}
      """)
    let reading = try AnnotationFormat.coco.read(folder, "gt.json")
    for (background, wanted) in [(nil, [0, 1, 255]), ("ground", [1, 2, 0])] as [(String?, [Int32])] {
      let plan = try ConversionPlan(
        labelMaps: reading, out: folder.at("maps-\(background ?? "none")"), background: background)
      #expect(plan.faults.map(\.kind) == ["no_segmentation"] && plan.faults.map(\.id) == [3])
      try plan.write()
      let map = try LabelMap.read(file: plan.files[0].path)
      #expect([map.pixels[3 * 50 + 3], map.pixels[10 * 50 + 10], map.pixels[39 * 50]] == wanted)
    }
  }

  @Test("several sets do not go into one file, nor two pictures of one name into YOLO's folders")
  func refusals() throws {
    let folder = try TemporaryFolder([
      "data.yaml": "train: images/train\nval: images/val\nnames: [cat]\n", "images/train/labels.txt": "",
    ])
    try folder.picture("images/train/a.png")
    try folder.picture("images/train/a.jpg")
    try folder.picture("images/val/a.png")
    let reading = try AnnotationFormat.yolo.read(folder, "data.yaml")
    #expect(throws: DataError.self) { try ConversionPlan(coco: reading, out: folder.at("one.json")) }
    #expect(throws: DataError.self) { try ConversionPlan(yolo: reading, out: folder.at("new")) }
  }

  @Test("coco: pictures around the file are found; of several folders the one that is meant has to be named")
  func pictureFolders() throws {
    let file = "annotations/all.json"
    let folder = try TemporaryFolder([
      file: """
      {"images": [{"id": 1, "file_name": "a.png", "height": 40, "width": 50}], "annotations": [],
       "categories": [{"id": 1, "name": "cat"}]}
      """
    ])
    #expect(throws: DataError.self) { try AnnotationFormat.coco.read(folder, file) }
    try folder.picture("images/one/a.png")
    let found = try AnnotationFormat.coco.read(folder, file).sets.flatMap { $0.images.map(\.path) }
    #expect(found == [folder.at("images/one/a.png")])
    try folder.picture("images/two/a.png")
    let error = #expect(throws: DataError.self) { try AnnotationFormat.coco.read(folder, file) }
    #expect(error?.message.contains("name the right one by --images") == true, "\(String(describing: error))")
    let named = try AnnotationFormat.coco.read(folder, file) { $0.images = folder.at("images/two") }
    #expect(named.sets.flatMap { $0.images.map(\.path) } == [folder.at("images/two/a.png")])
  }
}
