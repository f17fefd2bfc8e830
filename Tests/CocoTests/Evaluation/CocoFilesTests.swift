import Coco
import Foundation
import Masks
import Testing

@Suite("COCO files")
struct CocoFilesTests {
  private func annotations(_ text: String) throws(CocoError) -> CocoAnnotations {
    try CocoAnnotations.parse(Data(text.utf8), file: "gt.json")
  }

  private func error(_ body: () throws(CocoError) -> Void) -> String {
    do throws(CocoError) {
      try body()
      return "no error"
    } catch { return "\(error)" }
  }

  private static let image = #"{"id": 1, "file_name": "a.jpg", "height": 4, "width": 5}"#

  /// A file with one picture, one class and the given objects.
  private static func file(_ annotations: String) -> String {
    #"{"images": [\#(image)], "categories": [{"id": 0, "name": "ship"}], "annotations": [\#(annotations)]}"#
  }

  @Test("every form of mask, ids with gaps, unknown keys, escapes, 1.0 as an id")
  func good() throws {
    let file = try annotations(
      """
      {"info": {"a": [1, null, {"b": true}]}, "licenses": [],
       "images": [{"id": -3, "file_name": "caf\\u00e9 \\ud83d\\ude00.jpg", "height": 4, "width": 5, "x": "\\n"},
                  {"id": 7.0, "width": 5, "height": 4}],
       "categories": [{"id": 90, "name": "b"}, {"id": 0, "name": "a"}],
       "annotations": [
        {"id": 1, "image_id": 7, "category_id": 0, "bbox": [0, 1.5, 2e0, 3], "area": 6.25, "iscrowd": 0,
         "segmentation": [[0, 0, 2, 0, 2, 2, 0, 2]]},
        {"id": 2, "image_id": 7, "category_id": 0, "bbox": [0, 0, 1, 1], "area": 1, "iscrowd": 1, "ignore": 1,
         "segmentation": {"size": [4, 5], "counts": [0, 4, 16]}},
        {"id": 3, "image_id": -3, "category_id": 90, "bbox": [0, 0, 1, 1], "area": 1,
         "segmentation": {"counts": "04`0", "size": [4, 5]}},
        {"id": 4, "image_id": 8, "category_id": 90, "bbox": [0, 0, 1, 1], "area": 1},
        {"id": 5, "image_id": 7, "category_id": 91, "bbox": [0, 0, 1, 1], "area": 1}]}
      """)
    #expect(file.images.map(\.id) == [-3, 7])
    #expect(file.images.map(\.fileName) == ["café 😀.jpg", nil])
    #expect(file.categories.map(\.id) == [90, 0])
    #expect(file.annotations.map(\.id) == [1, 2, 3])
    #expect(file.annotations[0].boundingBox == (0, 1.5, 2, 3))
    #expect(file.annotations.map(\.isCrowd) == [false, true, false])
    #expect(file.annotations[0].area == 6.25)
    let masks = try file.annotations.map { try #require($0.segmentation).mask(height: 4, width: 5) }
    #expect(masks.map(\.area) == [4, 4, 4])
    #expect(
      file.faults == [
        .init(annotationID: 4, kind: .unknownImage, missingID: 8),
        .init(annotationID: 5, kind: .unknownCategory, missingID: 91),
      ])
  }

  @Test(
    "numbers are read to the last bit",
    arguments: [
      "0.1", "-0.0", "123456789012345678", "0.30000000000000004", "2.2250738585072014e-308", "1e22", "1E-7",
      "9007199254740993", "179769313486231570000", "0.000000000000000000000000123456789", "5e-324",
      "3.14159265358979323846",
    ])
  func numbers(text: String) throws {
    let file = try annotations(
      Self.file(#"{"id": 1, "image_id": 1, "category_id": 0, "bbox": [0, 0, 1, 1], "area": \#(text)}"#))
    #expect(file.annotations[0].area == Double(text))
  }

  @Test(
    "bad JSON is refused with its place",
    arguments: [
      ("", "gt.json:1:1: the file ends"),
      ("{\"images\": [", "gt.json:1:13: the file ends"),
      ("{\"images\": [],}", "a comma before '}'"),
      ("{\"images\": []\n \"x\": 1}", "gt.json:2:2: '\"' where ',' or '}'"),
      ("{\"images\": []} x", "'x' where the end of the file"),
      ("{\"images\": [], \"images\": []}", "\"images\" occurs twice"),
      ("{\"images\": [], \"x\": NaN}", "NaN is no JSON number"),
      ("{\"images\": [], \"x\": -Infinity}", "-Infinity is no JSON number"),
      ("{\"images\": [], \"x\": 01}", "0 only before a point"),
      ("{\"images\": [], \"x\": 1.}", "digits behind its point"),
      ("{\"images\": [], \"x\": 1e999}", "too large"),
      ("{\"images\": [], \"x\": tru}", "'t' where a value"),
      ("{\"images\": [], \"x\": \"\t\"}", "control character"),
      ("{\"images\": [{\"file_name\": \"\\ud800\"}]}", "half a surrogate pair"),
      ("{\"images\": [{\"file_name\": \"\\ud800\\u0041\"}]}", "half a surrogate pair"),
      ("{\"images\": [{\"file_name\": \"\\u12\"}]}", "illegal escape"),
      ("{\"images\": [{\"file_name\": \"\\u+123\"}]}", "illegal escape"),
      ("{\"images\": [{\"file_name\": \"\\x\"}]}", "illegal escape"),
      ("{\"images\": [], \"x\": \"abc", "the file ends"),
      ("\u{FEFF}{}", "byte-order mark"),
      ("[]", "result files"),
      ("{}", "no \"images\""),
      ("{\"images\": [], \"x\": " + String(repeating: "[", count: 1025), "more than 1024 levels"),
    ])
  func badJSON(text: String, expected: String) {
    let message = error { () throws(CocoError) in _ = try annotations(text) }
    #expect(message.contains(expected), "\(message)")
  }

  @Test("bytes that are not UTF-8 are refused, in strings that nobody reads too")
  func notUTF8() {
    let bytes = Data(#"{"images": [], "x": ""#.utf8) + [0xC3, 0x28] + Data(#""}"#.utf8)
    let message = error { () throws(CocoError) in _ = try CocoAnnotations.parse(bytes, file: "gt.json") }
    #expect(message.contains("not UTF-8"))
  }

  @Test(
    "bad annotations are refused by id",
    arguments: [
      (#"{"id": 5, "image_id": "1"}"#, "gt.json:1:153: '\"' where the image_id of annotation 5, a number"),
      (#"{"id": 1.5}"#, "is 1.5, not a whole number"),
      (#"{"id": 5, "bbox": [1, 2, 3]}"#, "bbox of annotation 5 has 3 numbers"),
      (#"{"id": 5, "image_id": 1, "category_id": 0, "area": 1}"#, "annotation 5 has no \"bbox\""),
      (#"{"id": 5, "image_id": 1, "category_id": 0, "bbox": [0, 0, 1, 1]}"#, "annotation 5 has no \"area\""),
      (
        #"{"image_id": 1, "category_id": 0, "bbox": [0, 0, 1, 1], "area": 1}"#,
        "number 0, from 0, has no \"id\""
      ),
      (#"{"id": 5, "segmentation": {"counts": [1]}}"#, "annotation 5 needs a \"size\""),
      (#"{"id": 5, "segmentation": {"size": [1, 1]}}"#, "annotation 5 has no \"counts\""),
      (#"{"id": 5, "segmentation": [["a"]]}"#, "segmentation of annotation 5"),
      (
        #"{"id": 5, "image_id": 1, "category_id": 0, "bbox": [0, 0, 1, 1], "area": 1}, "#
          + #"{"id": 5, "image_id": 1, "category_id": 0, "bbox": [0, 0, 1, 1], "area": 1}"#,
        "annotation ids that occur more than once: 5"
      ),
    ])
  func badAnnotations(text: String, expected: String) {
    let message = error { () throws(CocoError) in _ = try annotations(Self.file(text)) }
    #expect(message.contains(expected), "\(message)")
  }

  @Test(
    "a picture needs a size",
    arguments: [
      (#"{"id": 3, "file_name": "a", "width": 5}"#, "image 3 has no \"height\""),
      (#"{"id": 3, "height": null, "width": 5}"#, "image 3 has no \"height\""),
      (#"{"id": 3, "height": 0, "width": 5}"#, "image 3 is said to have 0 x 5"),
      (#"{"id": 3, "height": 1000000000, "width": 1000000000}"#, "image 3 is said to have"),
      (#"{"height": 1, "width": 1}"#, "image number 0, from 0, has no \"id\""),
    ])
  func badImages(text: String, expected: String) {
    let message = error { () throws(CocoError) in _ = try annotations("{\"images\": [\(text)]}") }
    #expect(message.contains(expected), "\(message)")
  }

  @Test(
    "bad masks are refused by id when they are compared",
    arguments: [
      (#"[[0, 0, 1, 1]]"#, "annotation 5: polygon 0 has 4 numbers"),
      (#"[]"#, "annotation 5: the list of polygons is empty"),
      (#"{"size": [4, 5], "counts": [3]}"#, "annotation 5: the run lengths cover 3"),
      (#"{"size": [5, 4], "counts": [20]}"#, "annotation 5: masks of different sizes"),
      (#"{"size": [4, 5], "counts": "~"}"#, "annotation 5: compressed run lengths hold the byte 126"),
      (#"{"size": [4, 5], "counts": [-1, 21]}"#, "annotation 5: run length 0 is -1"),
    ])
  func badMasks(text: String, expected: String) throws {
    let truth = try annotations(
      Self.file(
        #"{"id": 5, "image_id": 1, "category_id": 0, "bbox": [0, 0, 1, 1], "area": 1, "segmentation": \#(text)}"#
      ))
    let mask = RunLengthMask(Bitmap(height: 4, width: 5))
    let message = error { () throws(CocoError) in
      var evaluator = try CocoEvaluator(annotations: truth, iouType: .segm)
      try evaluator.add(imageID: 1, detections: [CocoDetection(categoryID: 0, score: 1, mask: mask)])
    }
    #expect(message.contains(expected), "\(message)")
  }

  @Test(
    "bad results are refused by row",
    arguments: [
      (#"{}"#, "results are a list"),
      (#"[{"image_id": 1, "category_id": 0, "bbox": [0, 0, 1, 1]}]"#, "result 0, from 0, has no \"score\""),
      (#"[{"image_id": 1, "category_id": 0, "bbox": [0, 0, 1, 1], "score": NaN}]"#, "diverged"),
      (
        #"[{"image_id": 1, "category_id": 0, "bbox": [0, 0, 1], "score": 1}]"#,
        "result 0, from 0, has 3 numbers"
      ),
      (
        #"[{"image_id": 1, "category_id": 0, "bbox": [], "score": 1}]"#,
        "neither \"bbox\" nor \"segmentation\""
      ),
      (
        "["
          + [4, 9, 1, 9].map { #"{"image_id": \#($0), "category_id": 0, "bbox": [0,0,1,1], "score": 1}"# }
          .joined(separator: ",") + "]",
        "dt.json: results for images that gt.json does not have: image_id 4, 9"
      ),
    ])
  func badResults(text: String, expected: String) throws {
    let truth = try annotations(Self.file(""))
    let message = error { () throws(CocoError) in
      let results = try CocoResults.parse(Data(text.utf8), file: "dt.json")
      _ = try CocoEvaluator.evaluate(results, against: truth, iouType: .bbox)
    }
    #expect(message.contains(expected), "\(message)")
  }

  @Test("classes that the annotations lack are told")
  func unknownCategories() throws {
    let results = try CocoResults.parse(
      Data(#"[{"image_id": 1, "category_id": 3, "bbox": [0, 0, 1, 1], "score": 1}]"#.utf8), file: "dt.json")
    #expect(try results.unknownCategoryIDs(in: annotations(Self.file(""))) == [3])
  }

  @Test("a file that is not there")
  func missing() {
    let message = error { () throws(CocoError) in _ = try CocoAnnotations(contentsOf: "/nowhere/gt.json") }
    #expect(message == "/nowhere/gt.json: cannot be read: no such file")
  }
}
