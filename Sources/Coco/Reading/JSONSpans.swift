import Foundation

/// Where the values of a JSON text stand. The text is known to be JSON: of what is none, spans are short or missing.
struct JSONSpans {
  /// A key of an object, and where its value stands.
  struct Member: Sendable {
    var key: String
    var value: Range<Int>
  }

  private let bytes: UnsafeRawBufferPointer

  /// Looks into bytes that outlive it.
  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The members of the object that begins at a place, or behind white space.
  func members(from start: Int) -> [Member] {
    var place = skipped(start)
    var members: [Member] = []
    guard byte(place) == UInt8(ascii: "{") else { return [] }
    place = skipped(place + 1)
    while byte(place) == UInt8(ascii: "\"") {
      let key = place..<end(ofValueAt: place)
      place = skipped(key.upperBound)
      guard byte(place) == UInt8(ascii: ":") else { break }
      place = skipped(place + 1)
      let value = place..<end(ofValueAt: place)
      members.append(Member(key: text(key), value: value))
      place = skipped(value.upperBound)
      guard byte(place) == UInt8(ascii: ",") else { break }
      place = skipped(place + 1)
    }
    return members
  }

  /// The elements of the list that begins at a place.
  func elements(from start: Int) -> [Range<Int>] {
    var place = skipped(start)
    var elements: [Range<Int>] = []
    guard byte(place) == UInt8(ascii: "[") else { return [] }
    place = skipped(place + 1)
    while place < bytes.count, byte(place) != UInt8(ascii: "]") {
      let element = place..<end(ofValueAt: place)
      guard !element.isEmpty else { break }
      elements.append(element)
      place = skipped(element.upperBound)
      guard byte(place) == UInt8(ascii: ",") else { break }
      place = skipped(place + 1)
    }
    return elements
  }

  /// What stands in a span: of a string the text that it means.
  func text(_ span: Range<Int>) -> String {
    if byte(span.lowerBound) == UInt8(ascii: "\""), span.count >= 2 {
      let inner = bytes[span.lowerBound + 1..<span.upperBound - 1]
      guard inner.contains(UInt8(ascii: "\\")) else { return String(decoding: inner, as: UTF8.self) }
      if let text = try? JSONDecoder().decode(String.self, from: Data(bytes[span])) { return text }
    }
    return String(decoding: bytes[span], as: UTF8.self)
  }

  private func byte(_ place: Int) -> UInt8 { place < bytes.count ? bytes[place] : 0 }

  /// The next place that is not white space.
  private func skipped(_ place: Int) -> Int {
    var place = place
    while place < bytes.count, [9, 10, 13, 32].contains(bytes[place]) { place += 1 }
    return place
  }

  /// The place behind a value.
  private func end(ofValueAt start: Int) -> Int {
    var place = start
    var depth = 0
    while place < bytes.count {
      switch bytes[place] {
      case UInt8(ascii: "\""):
        place = endOfString(place)
        if depth == 0 { return place }
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        // The bracket around a number or a word is not its own.
        if depth == 0 { return place }
        depth -= 1
        if depth == 0 { return place + 1 }
      case UInt8(ascii: ","), UInt8(ascii: ":"), 9, 10, 13, 32: if depth == 0 { return place }
      default: break
      }
      place += 1
    }
    return place
  }

  private func endOfString(_ start: Int) -> Int {
    var place = start + 1
    while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
      place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
    }
    return min(place + 1, bytes.count)
  }
}
