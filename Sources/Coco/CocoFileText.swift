import Files
import Foundation

/// An annotation file together with its text, so that a part of it can be written as it stands: keys, lists and digits
/// that nobody here knows are kept.
public struct CocoFileText: Sendable {
  /// What the file says.
  public let annotations: CocoAnnotations

  private let bytes: Data
  /// The file's own keys in its order, with their values.
  private let members: [JSONSpans.Member]
  private let imageSpans: [Range<Int>]
  private let annotationSpans: [Range<Int>]
  /// The image of each annotation in the file, of those too that `annotations` leaves out.
  private let owners: [Int]

  /// Reads a file, whole.
  ///
  /// - Throws: `CocoError` when the file cannot be read or is not of COCO's form.
  public init(contentsOf path: String) throws(CocoError) {
    let bytes: Data
    do throws(FileError) {
      bytes = Data(try RegularFile(path, wanted: "an annotation file").whole(limit: JSONPieces.sizeLimit))
    } catch { throw CocoError(error.message, file: path) }
    // From here on the text is known to be JSON, and every row to be sound.
    let tables = try CocoTables(try JSONPieces(bytes, file: path))
    annotations = try tables.checked()
    owners = tables.annotations.map(\.imageID)
    let found = bytes.withUnsafeBytes { buffer in
      let spans = JSONSpans(buffer)
      let members = spans.members(from: 0)
      func elements(_ key: String) -> [Range<Int>] {
        members.first { $0.key == key }.map { spans.elements(from: $0.value.lowerBound) } ?? []
      }
      return (members, elements("images"), elements("annotations"))
    }
    (members, imageSpans, annotationSpans) = found
    self.bytes = bytes
    guard imageSpans.count == annotations.images.count, annotationSpans.count == owners.count else {
      throw CocoError("its lists cannot be taken apart", file: path)
    }
  }

  /// The value of a key of an image, as a text: strings without their quotation marks. The index is the image's place
  /// in the file.
  ///
  /// - Returns: Nil where the image has no such key, or null.
  public func value(of key: String, ofImage index: Int) -> String? {
    guard imageSpans.indices.contains(index) else { return nil }
    return bytes.withUnsafeBytes { buffer in
      let spans = JSONSpans(buffer)
      guard let member = spans.members(from: imageSpans[index].lowerBound).first(where: { $0.key == key })
      else { return nil }
      let text = spans.text(member.value)
      return text == "null" ? nil : text
    }
  }

  /// The keys of an image, in the order of the file.
  public func keys(ofImage index: Int) -> [String] {
    guard imageSpans.indices.contains(index) else { return [] }
    return bytes.withUnsafeBytes { JSONSpans($0).members(from: imageSpans[index].lowerBound).map(\.key) }
  }

  /// The text of a file with some of the images and their annotations, and with all else that this file holds.
  ///
  /// - Parameter chosen: The images' places in the file.
  public func encoded(images chosen: [Int]) -> [UInt8] {
    let chosen = Set(chosen)
    let ids = Set(chosen.compactMap { imageSpans.indices.contains($0) ? annotations.images[$0].id : nil })
    let images = imageSpans.indices.filter(chosen.contains).map { imageSpans[$0] }
    let objects = annotationSpans.indices.filter { ids.contains(owners[$0]) }.map { annotationSpans[$0] }
    var text: [UInt8] = []
    return bytes.withUnsafeBytes { buffer in
      func list(_ spans: [Range<Int>]) {
        text += "[".utf8
        for (place, span) in spans.enumerated() {
          text += (place > 0 ? ",\n" : "\n").utf8
          text += buffer[span]
        }
        text += "]".utf8
      }
      text += "{".utf8
      for (place, member) in members.enumerated() {
        if place > 0 { text += ",\n".utf8 }
        text += "\(member.key.quotedJSON): ".utf8
        switch member.key {
        case "images": list(images)
        case "annotations": list(objects)
        default: text += buffer[member.value]
        }
      }
      text += "}\n".utf8
      return text
    }
  }
}
