import Coco
import Conversion
import Curation
import Data
import Files
import Foundation
import TestSupport
import Testing

@Suite("Files of splits")
struct SplitPlanTests {
  private func plan(
    _ folder: TemporaryFolder, _ inputs: String..., shares: [Double] = [0.8, 0.2], grouping: Grouping? = nil,
    isStratified: Bool = false, options: CuratedInput.Options = .init()
  ) throws -> SplitPlan {
    try SplitPlan(
      CuratedInput(inputs.map(folder.at), options: options), into: Shares(shares), seed: 0,
      grouping: grouping,
      isStratified: isStratified, out: folder.at("out"))
  }

  @Test("annotation files keep ids, categories, digits and keys that nobody knows; lists stand beside them")
  func annotationFiles() throws {
    let folder = try TemporaryFolder()
    try folder.annotations("gt.json", count: 20)
    let plan = try plan(folder, "gt.json", isStratified: true)
    try PlannedFile.writeTogether(plan.files)
    #expect(
      folder.names("out") == ["instances_train.json", "instances_val.json", "train.txt", "val.txt"])
    let whole = try CocoAnnotations(contentsOf: folder.at("gt.json"))
    var names: [String] = []
    for (part, count) in [("train", 16), ("val", 4)] {
      let annotations = try CocoAnnotations(contentsOf: folder.at("out/instances_\(part).json"))
      #expect(annotations.images.count == count && annotations.annotations.count == count)
      #expect(annotations.categories == whole.categories && annotations.faults.isEmpty)
      #expect(annotations.images.allSatisfy(whole.images.contains))
      let listed = try folder.text("out/\(part).txt").split(separator: "\n").map(String.init)
      #expect(listed == annotations.images.compactMap(\.fileName).sorted())
      names += listed
      let text = try folder.text("out/instances_\(part).json")
      #expect(
        text.hasPrefix("{\"info\": {\"year\": 2026, \"x\": null},\n\"licenses\": [],\n\"images\": [\n{"))
      #expect(text.contains("\"gps\": [1.50, {\"x\": \"]}\\\"\"}]") && text.contains("[0.10,0,2,2e0]"))
      #expect(text.contains("\"note\": \"\\u00fc\"") && text.contains("\"supercategory\": \"pet\""))
    }
    #expect(names.sorted() == whole.images.compactMap(\.fileName).sorted())
    #expect(plan.report.parts.map(\.counts) == [[8, 8], [2, 2]])
    #expect(plan.report.text().contains("images    20     16  80.0 %    4  20.0 %"), "\(plan.report.text())")
  }

  @Test(
    "groups by a key of the image, an expression or the start of the name",
    arguments: [
      (Grouping.key("patient"), 5), (.expression("^a(.)"), 2), (.expression("[0-9]$|\\d\\."), 10),
      (.prefix(upTo: "."), 20),
    ])
  func groups(grouping: Grouping, count: Int) throws {
    let folder = try TemporaryFolder()
    try folder.annotations("gt.json", count: 20)
    let plan = try plan(folder, "gt.json", shares: [0.5, 0.5], grouping: grouping)
    #expect(plan.report.parts.reduce(0) { $0 + ($1.groups ?? 0) } == count)
  }

  @Test(
    "an image without a group stops the split: nobody knows where it belongs",
    arguments: [
      (
        Grouping.key("doctor"),
        "image 100 has no key \"doctor\"; it has file_name, height, width, id, patient, gps"
      ),
      (.expression("^b"), "20 of 20 images have nothing that \"^b\" finds in their names, as \"a00.png\""),
      (.prefix(upTo: "_"), "20 of 20 images have no \"_\" in their names"),
    ])
  func strays(grouping: Grouping, message: String) throws {
    let folder = try TemporaryFolder()
    try folder.annotations("gt.json", count: 20)
    let error = #expect(throws: DataError.self) { try plan(folder, "gt.json", grouping: grouping) }
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
  }

  @Test(
    "an expression that is none is refused before anything is read", arguments: ["(", "[", "*a", "a{2,1}"])
  func illegalExpressions(text: String) {
    #expect(throws: DataError.self) { try Grouping.expression(text).check() }
  }

  @Test("images of the same content stay together where that is wished; a split needs no images else")
  func copies() throws {
    let folder = try TemporaryFolder()
    try folder.annotations("gt.json", count: 20)
    for number in 0..<20 {
      // Four contents of one length.
      try folder.write([UInt8(number % 4), 1, 2], as: "a\(number / 10)\(number % 10).png")
    }
    func plan(_ joinsCopies: Bool) throws -> SplitPlan {
      try SplitPlan(
        CuratedInput([folder.at("gt.json")]), into: Shares([0.5, 0.5]), seed: 0, joinsCopies: joinsCopies,
        out: folder.at("out"))
    }
    try PlannedFile.writeTogether(try plan(true).files)
    let numbers = try folder.text("out/train.txt").split(separator: "\n").compactMap {
      Int($0.dropFirst().prefix(2))
    }
    #expect(numbers.count == 10 && Set(numbers.map { $0 % 4 }).count == 2)
    #expect(try plan(true).report.notes.first == "16 images hold the same as another one, and stay with it")
    try FileManager.default.removeItem(atPath: folder.at("a00.png"))
    #expect(try plan(false).report.notes.isEmpty)
    let error = #expect(throws: DataError.self) { try plan(true) }
    #expect(error?.message.contains("--data-prefix") == true)
  }

  @Test("annotations of images that the file does not list are told: they are in no part")
  func orphans() throws {
    let folder = try TemporaryFolder()
    try folder.annotations(
      "gt.json", count: 5,
      extra: "{\"id\": 99, \"image_id\": 3, \"category_id\": 7, \"bbox\": [0,0,1,1], \"area\": 1}")
    let faults = try plan(folder, "gt.json").report.faults
    #expect(faults.map(\.kind) == ["unknown_image"] && faults.map(\.id) == [99])
  }

  @Test(
    "files that cannot be split are refused with their name",
    arguments: [
      ("", "the file ends"), ("{}", "no \"images\" list"), ("{\"images\": []}", "lists no images"),
      ("{\"images\": [{\"id\": 1, \"height\": 1, \"width\": 1}]}", "image 1 has no file_name"),
      ("{\"images\": [{\"id\": 1, \"height\": 1, \"width\": 1, \"file_name\": \"a\"}]}", "cannot be 2 parts"),
      (
        "{\"images\": [{\"id\": 1, \"height\": 1, \"width\": 1, \"file_name\": \"a\\nb\"},"
          + "{\"id\": 2, \"height\": 1, \"width\": 1, \"file_name\": \"c\"}]}", "no list can hold it"
      ), ("[]", "a list, as result files are"),
    ])
  func refusals(text: String, message: String) throws {
    let folder = try TemporaryFolder(["gt.json": text])
    let error = #expect(throws: (any Error).self) { try plan(folder, "gt.json") }
    #expect("\(String(describing: error))".contains(message), "\(String(describing: error))")
  }

  @Test("folders of label maps give lists of names without suffix, stratified by the numbers in them")
  func labelMaps() throws {
    let folder = try TemporaryFolder()
    for number in 0..<20 {
      try folder.picture("images/s/ü \(number)_img.png")
      try folder.map("maps/s/ü \(number)_seg.png", number < 10 ? 3 : number < 18 ? 4 : 255)
    }
    var options = CuratedInput.Options()
    (options.imageSuffix, options.labelMapSuffix) = ("_img.png", "_seg.png")
    let plan = try plan(folder, "images", "maps", isStratified: true, options: options)
    try PlannedFile.writeTogether(plan.files)
    #expect(folder.names("out") == ["train.txt", "val.txt"])
    #expect(plan.report.classes == ["3", "4"] && plan.report.parts.map(\.counts) == [[8, 6], [2, 2]])
    let lines = try ["train", "val"].flatMap { try folder.text("out/\($0).txt").split(separator: "\n") }
    #expect(Set(lines) == Set((0..<20).map { "s/ü \($0)" }) && lines.count == 20)
    #expect(plan.config.contains("img_suffix: \"_img.png\"") && plan.config.contains("type: BaseSegDataset"))
    // Without the suffixes the names differ.
    let error = #expect(throws: DataError.self) { try self.plan(folder, "images", "maps") }
    #expect(error?.message.contains("20 of 20 images have no label map") == true)
  }

  @Test("class folders give lists of names and numbers, of which each class has its share")
  func classFolders() throws {
    let folder = try TemporaryFolder()
    for number in 0..<10 {
      try folder.picture("set/cat/\(number).png")
      try folder.picture("set/a dog/\(number).png")
    }
    let plan = try plan(folder, "set", isStratified: true)
    try PlannedFile.writeTogether(plan.files)
    let lines = try folder.text("out/train.txt").split(separator: "\n")
    #expect(lines.count == 16 && lines.count { $0.hasSuffix(" 0") && $0.hasPrefix("a dog/") } == 8)
    #expect(plan.config.contains("classes: [\"a dog\", \"cat\"]"))
    try folder.picture("flat/x.png")
    try folder.picture("flat/y.png")
    #expect(try self.plan(folder, "flat", shares: [0.5, 0.5]).files.count == 2)
    #expect(throws: DataError.self) { try self.plan(folder, "set", grouping: .key("x")) }
    #expect(throws: DataError.self) { try self.plan(folder, "nowhere", "set") }
  }

  @Test(
    "files of other formats are refused, with the command that converts them",
    arguments: [
      (["voc/Annotations/a.xml": "<annotation>"], ["voc"], "voc voc"),
      (["voc/Annotations/a.xml": "<annotation>"], ["voc/JPEGImages", "voc/Annotations"], "voc voc"),
      (["voc/Annotations/a.xml": "<annotation>"], ["voc/Annotations/a.xml"], "voc voc"),
      (["yolo/labels/train/a.txt": "0 .5 .5 .1 .1"], ["yolo"], "yolo yolo"),
      (["yolo/labels/train/a.txt": "0 .5 .5 .1 .1"], ["yolo/images/", "yolo/labels/"], "yolo yolo"),
      (["yolo/data.yaml": "train: images/train\nnames: [a]"], ["yolo/data.yaml"], "yolo yolo/data.yaml"),
      (["lm/a.json": #"{"shapes": [], "imagePath": "a.png"}"#], ["lm"], "labelme lm"),
      (["lm/a.json": #"{"shapes": [], "imagePath": "a.png"}"#], ["lm/a.json"], "labelme lm/a.json"),
      (["v.json": #"{"_via_img_metadata": {}}"#], ["v.json"], "via v.json --images FOLDER"),
      (["v.csv": "filename,region_shape_attributes"], ["v.csv"], "via v.csv --images FOLDER"),
      (["c.xml": "<annotations>"], ["c.xml"], "cvat c.xml --images FOLDER"),
      (
        ["l.json": #" [{"data": {"image": "a.png"}, "annotations": []}]"#], ["l.json"],
        "label-studio l.json --images FOLDER"
      ),
      (["city/gtFine/a.txt": ""], ["city"], "cityscapes city"),
      (["nuclei/a/masks/1.txt": "", "nuclei/a/images/a.txt": ""], ["nuclei"], "masks nuclei"),
      (["rf/train/_annotations.coco.json": "{}"], ["rf"], nil),
    ] as [([String: String], [String], String?)])
  func otherFormats(files: [String: String], inputs: [String], command: String?) throws {
    let folder = try TemporaryFolder()
    try folder.picture("voc/JPEGImages/a.png")
    try folder.picture("yolo/images/train/a.png")
    for (name, text) in files { try folder.write(Array(text.utf8), as: name) }
    #expect {
      try CuratedInput(inputs.map(folder.at))
    } throws: { error in
      guard let command else { return "\(error)".contains("name one, such as train/_annotations.coco.json") }
      let words = command.split(separator: " ", maxSplits: 1)
      return "\(error)".contains(
        "dense data convert \(words[0]) \(folder.path)/\(words[1]) --out annotations")
    }
  }
}
