import Conversion
import Curation
import Imaging
import TestSupport

extension TemporaryFolder {
  /// A path in the folder.
  func at(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a PNG of one colour.
  func picture(_ name: String) throws {
    try write(try Image(height: 4, width: 5, colour: [9, 9, 9]).encodedPNG(), as: name)
  }

  /// Writes a label map of one number.
  func map(_ name: String, _ number: Int32) throws {
    let map = LabelMap(height: 4, width: 5, pixels: [Int32](repeating: number, count: 20))
    try write(try map.encodedPNG(), as: name)
  }

  /// Writes an annotation file of pictures a00.png, a01.png, ... with a patient each and keys that nobody knows.
  func annotations(_ name: String, count: Int, extra: String = "") throws {
    let images = (0..<count).map { number in
      "{\"file_name\": \"a\(number / 10)\(number % 10).png\", \"height\": 4, \"width\": 5, \"id\": \(100 - number), "
        + "\"patient\": \"p\(number % 5)\", \"gps\": [1.50, {\"x\": \"]}\\\"\"}]}"
    }
    let objects = (0..<count).map { number in
      "{\"id\": \(number + 1), \"image_id\": \(100 - number), \"category_id\": \(7 + number % 2), "
        + "\"bbox\": [0.10,0,2,2e0], \"area\": 4, \"iscrowd\": 0, \"note\": \"\\u00fc\"}"
    }
    try write(
      Array(
        """
        {"info": {"year": 2026, "x": null}, "licenses": [], "images": [\(images.joined(separator: ","))],
         "annotations": [\((objects + (extra.isEmpty ? [] : [extra])).joined(separator: ", "))],
         "categories": [{"id": 7, "name": "cat", "supercategory": "pet"}, {"id": 8, "name": "dog"}]}
        """.utf8), as: name)
  }
}
