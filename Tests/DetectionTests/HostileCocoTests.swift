import Coco
import Configuration
import Data
import Detection
import Foundation
import Masks
import Tensors
import TestSupport
import Testing

/// Broken and hostile annotation and result files: an error with its place, or a line of the check, never a crash.
@Suite("Hostile COCO files")
struct HostileCocoTests {
  private static let images = #""images": [{"id": 1, "file_name": "a.jpg", "height": 10, "width": 12}]"#
  private static let categories = #""categories": [{"id": 3, "name": "ship"}]"#

  /// A file of one image of 10 x 12 pixels, category 3 and these annotations.
  private static func file(_ annotations: String) -> String {
    "{\(images), \(categories),\n\"annotations\": [\(annotations)]}"
  }

  /// An annotation that is right but for the keys given.
  private static func annotation(
    id: String = "7", image: String = "1", category: String = "3", box: String = "[1, 1, 6, 6]",
    area: String = "36", mask: String? = nil
  ) -> String {
    #"{"id": \#(id), "image_id": \#(image), "category_id": \#(category), "bbox": \#(box), "area": \#(area)"#
      + (mask.map { #", "segmentation": \#($0)"# } ?? "") + "}"
  }

  private func parsed(_ text: String) throws(CocoError) -> CocoAnnotations {
    try CocoAnnotations.parse(Data(text.utf8), file: "gt.json")
  }

  private func message(_ text: String) throws -> String {
    let error = #expect(throws: CocoError.self) { try parsed(text) }
    return "\(try #require(error))"
  }

  private func inventory(_ text: String) throws -> DatasetInventory {
    let folder = try TemporaryFolder(["gt.json": text])
    return try DetectionComponents.inventory("{type: CocoDataset, ann_file: \(folder.path)/gt.json}")
  }

  @Test("C1: brackets within each other are read up to 1024, and no further")
  func depth() throws {
    func nested(_ count: Int) -> String {
      String(repeating: "[", count: count) + String(repeating: "]", count: count)
    }
    #expect(try parsed("{\(Self.images), \"x\": \(nested(1023))}").images.count == 1)
    #expect(
      try message("{\(Self.images),\n\"x\": \(nested(1024))}").contains("gt.json:2:1029: more than 1024"))
    let row = #"{"image_id": 1, "category_id": 3, "score": 1, "bbox": [0, 0, 1, 1], "x": "#
    let most = Data("[\(row)\(nested(1022))}]".utf8)
    #expect(try CocoResults.parse(most, file: "dt.json").rows.count == 1)
    let tooMany = Data("[\(row)\(nested(1023))}]".utf8)
    #expect(throws: CocoError.self) { try CocoResults.parse(tooMany, file: "dt.json") }
  }

  @Test("C1: a file cut anywhere is refused with its place")
  func cut() throws {
    let text = Self.file(
      Self.annotation(mask: "[[1, 1, 7, 1, 7, 7]]") + ", "
        + Self.annotation(id: "8", mask: #"{"size": [10, 12], "counts": "0<0"}"#))
    _ = try parsed(text)
    for count in 0..<text.utf8.count {
      let error = #expect(throws: CocoError.self) {
        try CocoAnnotations.parse(Data(text.utf8.prefix(count)), file: "gt.json")
      }
      #expect(error?.line != nil && error?.column != nil, "\(count) bytes: \(String(describing: error))")
    }
  }

  @Test(
    "C1: places count lines and bytes",
    arguments: [
      ("{\"images\": [],\n\n \"x\": [1, 2,, 3]}", "gt.json:3:13: ',' where a value"),
      ("{\"images\": [],\n\"x\": [1 2]}", "gt.json:2:9: '2' where ',' or ']'"),
      ("{\"images\": [{\"id\": 1}\n}", "gt.json:2:1: '}' where ',' or ']'"),
      ("{\"images\": [{\"id\": 1]\n]}", "gt.json:1:21: ']' where ',' or '}'"),
      ("{\"images\": [],\n\"x\": }", "gt.json:2:6: '}' where a value"),
      ("{\"images\": [],\n\"x\" 1}", "gt.json:2:5: '1' where ':'"),
      ("{\"images\":\n[,]}", "gt.json:2:2: ',' where a value"),
      ("{\"images\":\n[1]}", "gt.json:2:2: '1' where image number 0, from 0, an object"),
      ("{\"images\":\n{}}", "gt.json:2:1: '{' where the list of images"),
      ("{\"images\": [\n{\"id\": 1, \"height\": NaN}]}", "gt.json:2:21: NaN is no JSON number"),
      ("{\"images\": [{\"file_name\":\n\"\\udc00\"}]}", "half a surrogate pair"),
      ("\u{0}", "gt.json:1:1: '\\0' where an object"),
      ("7", "gt.json:1:1: '7' where an object"),
    ])
  func places(text: String, expected: String) throws {
    let message = try message(text)
    #expect(message.contains(expected), "\(message)")
  }

  @Test(
    "C2: a key that occurs twice is refused",
    arguments: [
      (#"{"id": 7, "id": 7}"#, #"the key "id" occurs twice in annotation 7"#),
      (#"{"id": 7, "x": 1, "\u0078": 7}"#, #"the key "x" occurs twice in annotation 7"#),
      (
        annotation(mask: #"{"size": [10, 12], "counts": [120], "counts": [120]}"#),
        #"the key "counts" occurs twice in annotation 7"#
      ),
    ])
  func keysTwice(annotation: String, expected: String) throws {
    #expect(try message(Self.file(annotation)).contains(expected))
  }

  @Test("C2: keys are compared however many there are")
  func manyKeys() throws {
    let keys = (0..<5000).map { "\"key \($0)\": 0" }.joined(separator: ", ")
    #expect(
      try parsed("{\"images\": [], \"categories\": [{\"id\": 1, \"name\": \"a\", \(keys)}]}").categories.count
        == 1)
    #expect(
      try message("{\"images\": [], \"categories\": [{\(keys), \"key 4000\": 1}]}").contains("key 4000"))
  }

  @Test(
    "C3: ids are whole numbers of 64 bits",
    arguments: [
      ("1.0", 1), ("-4", -4), ("9007199254740993", 9_007_199_254_740_993), ("2e3", 2000), ("0", 0),
    ])
  func ids(text: String, expected: Int) throws {
    #expect(try parsed(Self.file(Self.annotation(id: text))).annotations.map(\.id) == [expected])
  }

  @Test(
    "C3: other ids are named",
    arguments: [
      (#""1""#, "'\"' where the id of annotation number 0"), ("1.5", "is 1.5, not a whole number"),
      ("1e300", "is 1e300, not a whole number"), ("99999999999999999999", "not a whole number"),
      ("true", "'t' where the id"), ("null", "'n' where the id"),
    ])
  func badIDs(text: String, expected: String) throws {
    let message = try message(Self.file(Self.annotation(id: text)))
    #expect(message.contains(expected), "\(message)")
  }

  @Test("C3, C4: ids twice, and annotations of nothing, are listed ten at a time, and all in the check")
  func unknown() throws {
    let twice = (0..<12).map { Self.annotation(id: "\($0 / 2)") }.joined(separator: ", ")
    #expect(
      try message(Self.file(twice)).contains("annotation ids that occur more than once: 0, 1, 2, 3, 4, 5"))
    #expect(
      try inventory(Self.file(twice)).faults.filter { $0.severity == .error }.map(\.kind)
        == [String](repeating: "duplicate_id", count: 6))
    let strangers = (0..<12).map { Self.annotation(id: "\($0)", image: $0 < 6 ? "2" : "1", category: "0") }
    let file = try parsed(Self.file(strangers.joined(separator: ", ")))
    #expect(file.faults.count == 12 && file.annotations.isEmpty)
    let summary = try #require(file.faultSummary)
    #expect(summary.contains("0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ... (12 in all)"), "\(summary)")
    let kinds = try inventory(Self.file(strangers.joined(separator: ", "))).faults.map(\.kind)
    #expect(kinds.count { $0 == "unknown_category" } == 12 && kinds.count { $0 == "unknown_image" } == 6)
    #expect(try parsed(Self.file(Self.annotation())).faultSummary == nil)
  }

  @Test(
    "C5 to C10: the check names every kind of fault",
    arguments: [
      (annotation(mask: #"{"size": [10, 12], "counts": [3, 5]}"#), "broken_run_lengths", "cover 8 pixels"),
      (annotation(mask: #"{"size": [10, 12], "counts": [3, 500]}"#), "broken_run_lengths", "cover 503"),
      (
        annotation(mask: #"{"size": [10, 12], "counts": [-3, 123]}"#), "broken_run_lengths",
        "run length 0 is -3"
      ),
      (
        annotation(mask: #"{"size": [10, 12], "counts": [9999999999]}"#), "broken_run_lengths",
        "run lengths cover"
      ),
      (annotation(mask: #"{"size": [10, 12], "counts": "~"}"#), "broken_run_lengths", "the byte 126"),
      (
        annotation(mask: #"{"size": [10, 12], "counts": "ooooooooooooooooo0"}"#), "broken_run_lengths",
        "run length 0 is"
      ),
      (annotation(mask: #"{"size": [10, 12], "counts": "Q"}"#), "broken_run_lengths", "within a number"),
      (annotation(mask: #"{"size": [10, 12], "counts": "O"}"#), "broken_run_lengths", "-1"),
      (annotation(mask: #"{"size": [0, 0], "counts": []}"#), "mask_size", "0 x 0"),
      (annotation(mask: #"{"size": [1000000000, 1000000000], "counts": [0]}"#), "mask_size", "1000000000"),
      (annotation(mask: #"{"size": [12, 10], "counts": [120]}"#), "mask_size", "12 x 10"),
      (annotation(mask: #"{"size": [10, 12, 3], "counts": [120]}"#), "malformed_entry", "[height, width]"),
      (annotation(mask: "[]"), "empty_segmentation", "annotation 7"),
      (annotation(mask: "[[]]"), "empty_segmentation", "annotation 7"),
      (annotation(mask: "[[1, 1, 7, 7, 3]]"), "illegal_polygon", "5 numbers"),
      (annotation(mask: "[[1, 1], [1, 1, 7, 1, 7, 7, 1, 7]]"), "illegal_polygon", "2 numbers"),
      (annotation(mask: "[[1, 1, 7, 7], [1, 1, 7, 1, 7, 7, 1, 7]]"), "illegal_polygon", "4 numbers"),
      (annotation(mask: "[[1, 1, 7, 1, 7e9, 7, 1, 7]]"), "illegal_polygon", "coordinate"),
      (annotation(mask: "[[1, 1, 7, 1, 7, 12, 1, 7]]"), "polygon_outside_image", "12 x 10 pixels"),
      (annotation(box: "[1, 1, 0, 6]"), "zero_area_box", "[1.0, 1.0, 0.0, 6.0]"),
      (annotation(box: "[1, 1, 6, -1]"), "negative_box", "must be positive"),
      (annotation(box: "[-20, 1, 6, 6]"), "box_outside_image", "12 x 10 pixels"),
      (annotation(box: "[1, 1, 6e200, 6]"), "box_outside_image", "12 x 10 pixels"),
      (annotation(box: "[1, 1, 6]"), "malformed_entry", "line 2, column"),
      (annotation(area: "0"), "zero_area", "area 0"),
      (annotation(area: "-3"), "zero_area", "area -3"),
      (annotation(area: "100", mask: "[[1, 1, 7, 1, 7, 7, 1, 7]]"), "area_unlike_mask", "36 pixels"),
      (annotation(image: #""1""#), "malformed_entry", "image_id of annotation 7"),
      (#"{"id": 7, "image_id": 1, "category_id": 3, "area": 1}"#, "malformed_entry", "has no \"bbox\""),
      (#"[7]"#, "malformed_entry", "an object"),
    ])
  func faults(annotation: String, kind: String, text: String) throws {
    // A sound annotation beside it: the check goes on.
    let sound = Self.annotation(id: "8", mask: "[[1, 1, 7, 1, 7, 7, 1, 7]]")
    let inventory = try inventory(Self.file("\(annotation), \(sound)"))
    let faults = inventory.faults + inventory.maskFaults
    let fault = try #require(faults.first { $0.kind == kind }, "\(faults)")
    #expect(fault.message.contains(text), "\(fault.message)")
    #expect(fault.file.hasSuffix(".json") && inventory.annotationCount == 2)
    #expect(!faults.contains { $0.id == 8 && $0.kind != "duplicate_object" }, "\(faults)")
    // A note does not keep anybody from training; without masks nothing is wrong with an object that has none, and with
    // masks it is left out, as there are others.
    let notes = [
      "no_segmentation", "empty_segmentation", "zero_area_box", "zero_area", "box_outside_image",
      "polygon_outside_image", "area_unlike_mask",
    ]
    #expect((fault.severity == .note) == (notes.contains(kind) || text.hasSuffix("numbers")), "\(fault)")
    #expect(!fault.effect.isEmpty)
  }

  @Test(
    "C9: parts of polygons that are none are left out of an object, with a report",
    arguments: ["[1, 2, 3, 4]", "[]", "[1, 2]", "[5]", "[1, 2, 3, 4, 5]"])
  func badParts(part: String) throws {
    let whole = "[1, 1, 7, 1, 7, 7, 1, 7]"
    for mask in ["[\(whole), \(part)]", "[\(part), \(whole)]"] {
      let file = try parsed(Self.file(Self.annotation(mask: mask)))
      #expect(
        try #require(file.faultSummary).contains("three or more corners are left out, of the annotations 7"))
      #expect(try file.annotations[0].segmentation?.mask(height: 10, width: 12).area == 36)
      let row = #"[{"image_id": 1, "category_id": 3, "score": 1, "segmentation": \#(mask)}]"#
      let results = try CocoResults.parse(Data(row.utf8), file: "dt.json")
      #expect(results.faultSummary?.contains("of the results, from 0, 0") == true)
      let summary = try CocoEvaluator.evaluate(results, against: file, iouType: .segm)
      #expect(summary.stats[0] > 0.999)
    }
    // Half a corner too many: pycocotools draws the others, mmdetection does not learn them.
    let half = try parsed(Self.file(Self.annotation(mask: "[[1, 1, 7, 1, 7, 7, 1, 7, 3]]"))).annotations[0]
    #expect(try half.segmentation?.mask(height: 10, width: 12).area == 36)
    #expect(half.hasComparableMask && !half.hasMask)
    let file = try parsed(Self.file(Self.annotation(mask: "[\(part)]")))
    #expect(file.faultSummary == nil && !file.annotations[0].hasMask)
    #expect(throws: MaskError.self) { try file.annotations[0].segmentation?.mask(height: 10, width: 12) }
    #expect(try !parsed(Self.file(Self.annotation(mask: "[]"))).annotations[0].hasMask)
  }

  @Test("C5: runs whose sum goes beyond 32 bits are told by their sum")
  func longRuns() throws {
    let most = "2147483647"
    for runs in ["\(most), 0, \(most), 0, \(most)", "0, \(most), 0, \(most), 0, \(most)"] {
      let mask = #"{"size": [10, 12], "counts": [\#(runs)]}"#
      let fault = try #require(try inventory(Self.file(Self.annotation(mask: mask))).faults.first)
      #expect(fault.kind == "broken_run_lengths" && fault.id == 7 && fault.severity == .error)
      #expect(fault.message.contains("cover 6442450941 pixels"), "\(fault.message)")
    }
  }

  @Test("the check finds what training refuses: classes that the file lacks")
  func wrongClasses() throws {
    let folder = try TemporaryFolder(["gt.json": Self.file(Self.annotation())])
    let faults = try DetectionComponents.inventory(
      "{type: CocoDataset, ann_file: \(folder.path)/gt.json, metainfo: {classes: [boat, ship]}}"
    ).faults
    #expect(faults.map(\.kind) == ["wrong_classes"] && faults[0].severity == .error)
    #expect(faults[0].message.contains("no category [boat]") && !faults[0].message.contains("\n"))
  }

  @Test(
    "the check asks for masks where a pipeline loads them",
    arguments: [
      ("", []), (", pipeline: [{type: LoadAnnotations}]", []),
      (", pipeline: [{type: LoadAnnotations, with_mask: true}]", ["no_segmentation", "empty_segmentation"]),
      (
        ", test_mode: true, pipeline: [{type: LoadAnnotations, with_mask: true}]",
        ["no_segmentation", "empty_segmentation"]
      ),
    ])
  func checksMasks(keys: String, kinds: [String]) throws {
    let text = Self.file(Self.annotation() + ", " + Self.annotation(id: "8", mask: "[]"))
    let folder = try TemporaryFolder(["gt.json": text])
    let components = DetectionComponents.all.data
    let plain = "{type: CocoDataset, ann_file: \(folder.path)/gt.json}"
    let one = "{type: CocoDataset, ann_file: \(folder.path)/gt.json\(keys)}"
    for set in [
      one, "{type: RepeatDataset, times: 2, dataset: {type: ConcatDataset, datasets: [\(plain), \(one)]}}",
    ] {
      let report = try DatasetCheck(components: components, scope: "mmdet").run(
        try [plain, set].map(DetectionComponents.configuration))
      // The image itself is not there.
      #expect(report.faults.map(\.kind) == kinds + ["missing_file"], "\(report.faults)")
      #expect(report.errorCount == kinds.count + 1 && report.annotations == 2 && report.images == 1)
      #expect(report.kinds.allSatisfy { $0.severity == .error && !$0.effect.isEmpty })
      // Where some objects have masks, training leaves the others out and says so.
      let some = try TemporaryFolder([
        "gt.json": Self.file(
          Self.annotation() + ", " + Self.annotation(id: "8", mask: "[[1, 1, 9, 1, 9, 9]]"))
      ])
      let noted = try DatasetCheck(components: components, scope: "mmdet").run([
        DetectionComponents.configuration("{type: CocoDataset, ann_file: \(some.path)/gt.json\(keys)}")
      ])
      #expect(noted.errorCount == 1 && noted.faults.count == (kinds.isEmpty ? 1 : 2), "\(noted.faults)")
    }
  }

  @Test("the check finds whatever else keeps a data set from being built")
  func unusable() throws {
    let crowd = Self.file(Self.annotation(area: "0"))
    let folder = try TemporaryFolder(["gt.json": crowd])
    let report = try DatasetCheck(components: DetectionComponents.all.data, scope: "mmdet").run([
      DetectionComponents.configuration(
        "{type: CocoDataset, ann_file: \(folder.path)/gt.json, filter_cfg: {filter_empty_gt: true}}")
    ])
    #expect(
      report.faults.map(\.kind) == ["zero_area", "unusable_data_set", "missing_file"], "\(report.faults)")
    #expect(report.faults.map(\.severity) == [.note, .error, .error])
    #expect(report.kinds.map(\.name) == ["missing_file", "unusable_data_set", "zero_area"])
    // Or from being judged.
    let judged = try DatasetCheck(components: DetectionComponents.all.data, scope: "mmdet").run(
      [DetectionComponents.configuration("{type: CocoDataset, ann_file: \(folder.path)/gt.json}")],
      use: { _ = try CocoMetricTests.metric(", metric: segm", $1) })
    let fault = try #require(judged.faults.first { $0.kind == "unusable_data_set" })
    #expect(fault.message.contains("1 of 1 annotations have no segmentation"), "\(fault)")
  }

  @Test("C8, C9: odd masks have pycocotools' areas")
  func oddMasks() throws {
    let runs = CocoSegmentation.runLengths([3, 0, 0, 4, 0, 0, 13], height: 4, width: 5)
    let mask = try runs.mask(height: 4, width: 5)
    #expect(mask.area == 4 && mask.boundingBox == (0, 0, 2, 4))
    func area(_ corners: [Double]) throws -> Int {
      try CocoSegmentation.polygons([corners]).mask(height: 10, width: 10).area
    }
    #expect(try area([1, 1, 9, 9, 9, 1, 1, 9]) == 32)
    #expect(try area([-5, -5, 20, -5, 20, 4, -5, 4]) == 40)
    #expect(try area([2, 2, 2, 2, 2, 2]) == 0)
  }

  @Test("C9: a polygon of a million corners is read, across the pieces of the file")
  func longPolygon() throws {
    let corners = (0..<500_000).map { "\($0 % 13),\($0 % 11).5" }.joined(separator: ",")
    let file = try parsed(
      Self.file([Self.annotation(mask: "[[\(corners)]]"), Self.annotation(id: "8")].joined(separator: ",")))
    guard case .polygons(let parts)? = file.annotations[0].segmentation else {
      Issue.record("no polygon")
      return
    }
    #expect(parts[0].count == 1_000_000)
    #expect(
      parts[0].enumerated().allSatisfy {
        $1 == ($0 % 2 == 0 ? Double($0 / 2 % 13) : Double($0 / 2 % 11) + 0.5)
      })
    #expect(file.annotations.map(\.id) == [7, 8])
  }

  @Test(
    "C10: numbers that are not finite are no JSON",
    arguments: ["1e999", "-1e999", "Infinity", "-Infinity", "NaN"])
  func infinite(number: String) throws {
    let text = Self.file(Self.annotation(box: "[1, 1, \(number), 6]"))
    #expect(try message(text).contains("gt.json:2:"))
    #expect(throws: CocoError.self) { try inventory(text) }
  }

  @Test(
    "C11: file names that are none are listed",
    arguments: [
      #""/etc/passwd""#, #""a/../../b""#, #""..""#, #""""#, "null", #""a\u0000b""#,
    ])
  func fileNames(name: String) throws {
    let text = Self.file(Self.annotation()).replacingOccurrences(of: "\"a.jpg\"", with: name)
    let inventory = try inventory(text)
    #expect(inventory.faults.map(\.kind) == ["file_name"] && inventory.samples.isEmpty)
    #expect(inventory.faults.first?.message.contains("image 1") == true)
  }

  @Test("C11: odd names within the folder are kept as they are")
  func oddNames() throws {
    for name in ["a\\nb.png", "-rf", "..a/b..png", "\\u202e.png"] {
      let text = Self.file("").replacingOccurrences(of: "a.jpg", with: name)
      #expect(try inventory(text).faults == [])
    }
    let bytes =
      Data("{\"images\": [{\"id\": 1, \"height\": 1, \"width\": 1, \"file_name\": \"".utf8) + [0xff]
      + Data("\"}]}".utf8)
    let error = #expect(throws: CocoError.self) { try CocoAnnotations.parse(bytes, file: "gt.json") }
    #expect(error?.message.contains("not UTF-8") == true)
  }

  @Test("C13: the row is named, among very many")
  func results() throws {
    let row = #"{"image_id":1,"category_id":3,"bbox":[0,0,1,1],"score":0.5}"#
    let rows = [String](repeating: row, count: 100_000)
    #expect(
      try CocoResults.parse(Data("[\(rows.joined(separator: ","))]".utf8), file: "dt.json").rows.count
        == 100_000)
    for (bad, expected) in [
      (#"{"image_id":1,"category_id":3,"bbox":[0,0,1],"score":0.5}"#, "result 100000, from 0, has 3 numbers"),
      (#"{"image_id":1,"category_id":3,"bbox":[0,0,1,1]}"#, "result 100000, from 0, has no \"score\""),
      (#"{"image_id":1,"category_id":3,"bbox":[0,0,1,1],"score":NaN}"#, "result 100000, from 0: NaN"),
      (#"{"image_id":1,"category_id":3,"bbox":[0,0,1,1],"score":"nan"}"#, "score of result 100000, from 0,"),
      (#"{"image_id":1,"category_id":3,"bbox":[0,0,1,1],"score":null}"#, "a model that has diverged"),
    ] {
      let text = Data("[\((rows + [bad]).joined(separator: ","))]".utf8)
      let error = #expect(throws: CocoError.self) { try CocoResults.parse(text, file: "dt.json") }
      #expect("\(try #require(error))".contains(expected), "\(String(describing: error))")
    }
  }

  @Test("C14: a long line is read whole, and its pieces join without a seam")
  func longLine() throws {
    let annotations = (0..<40_000).map { index in
      Self.annotation(
        id: "\(index)", box: "[\(index % 5), 1.25, 6, 6]", area: "36.\(index)",
        mask: index % 3 == 0
          ? #"{"size": [10, 12], "counts": [\#(index % 100), 10, \#(110 - index % 100)]}"#
          : "[[1,1,7,1,7,\(index % 7)]]")
    }
    let text = Self.file(annotations.joined(separator: ", ")).replacingOccurrences(of: "\n", with: " ")
    let file = try parsed(text)
    #expect(text.utf8.count > 5_000_000 && file.annotations.map(\.id) == Array(0..<40_000))
    for annotation in file.annotations {
      let id = annotation.id
      #expect(annotation.boundingBox == (Double(id % 5), 1.25, 6, 6) && annotation.area == Double("36.\(id)"))
      #expect(
        annotation.segmentation
          == (id % 3 == 0
            ? .runLengths([id % 100, 10, 110 - id % 100], height: 10, width: 12)
            : .polygons([[1, 1, 7, 1, 7, Double(id % 7)]])))
    }
  }

  @Test("folders, pipes and files beyond 4 GiB are refused before they are read")
  func kinds() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    let sparse = folder.path + "/sparse"
    #expect(FileManager.default.createFile(atPath: sparse, contents: nil))
    for (path, size, expected) in [
      (folder.path, 0, "is a folder"), (pipe, 0, "is a pipe"), (sparse, 4 << 30, ":1:1: '\\0'"),
      (sparse, 4 << 30 + 1, "(4 GiB)"),
    ] {
      if path == sparse { #expect(truncate(sparse, off_t(size)) == 0) }
      let error = #expect(throws: CocoError.self) { try CocoAnnotations(contentsOf: path) }
      #expect("\(try #require(error))".contains(expected), "\(String(describing: error))")
    }
  }

  @Test("changed at random, a file is read or refused with its place", arguments: 0..<4)
  func mutations(seed: Int) throws {
    let text = Self.file(
      [
        Self.annotation(mask: "[[1, 1, 7, 1, 7, 7.5], [2, 2, 3e0, 2, 3, 3]]"),
        Self.annotation(id: "8", mask: #"{"size": [10, 12], "counts": "0<0"}"#),
        Self.annotation(
          id: "9.0", box: "[-1, 0.5, 1e1, 2]", mask: #"{"size": [10, 12], "counts": [0, 20, 100]}"#),
      ].joined(separator: ",\n"))
    let seeds = Array(text.utf8)
    let bits: [UInt8] = Array("{}[]\",:0123456789.-eE\\utrfalsn\u{0} \n".utf8) + [0x80, 0xff]
    var random = RandomGenerator(seed: UInt64(seed), purpose: .augmentation(stage: 0))
    for _ in 0..<1000 {
      var bytes = seeds
      for _ in 0...random.integer(below: 3) {
        let place = random.integer(below: bytes.count)
        switch random.integer(below: 4) {
        case 0: bytes[place] = bits[random.integer(below: bits.count)]
        case 1: bytes.insert(bits[random.integer(below: bits.count)], at: place)
        case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.integer(below: 9)))
        default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 20)], at: place)
        }
        if bytes.isEmpty { bytes = seeds }
      }
      let data = Data(bytes)
      do throws(CocoError) {
        let file = try CocoAnnotations.parse(data, file: "gt.json")
        for annotation in file.annotations { _ = try? annotation.segmentation?.mask(height: 10, width: 12) }
        // What is read is JSON to others as well.
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: data) }
      } catch {
        #expect(
          error.line != nil || error.message.contains("more than once")
            || error.message.contains("\"images\""))
      }
    }
  }
}
