import Configuration
import Imaging

extension KeyedDecodingContainer {
  /// Two numbers, or one that stands for both.
  package func decodePair<Number: Decodable>(_ type: Number.Type, forKey key: Key) throws -> (Number, Number)?
  {
    guard contains(key), try !decodeNil(forKey: key) else { return nil }
    if let one = try? decode(Number.self, forKey: key) { return (one, one) }
    let numbers = try decode([Number].self, forKey: key)
    guard numbers.count == 2 else {
      throw refusal("two numbers are wanted, not \(numbers.count)", forKey: key)
    }
    return (numbers[0], numbers[1])
  }
}

/// Width and height, as mm writes scales.
struct Scale: Decodable, Hashable, Sendable {
  var width: Int
  var height: Int

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  init(from decoder: any Decoder) throws {
    let sides = try decoder.singleValueContainer().decode([Int].self)
    guard sides.count == 2, sides.allSatisfy({ (1...ImageLimits.side).contains($0) }) else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath,
          debugDescription: "[width, height], each in 1...\(ImageLimits.side), is wanted, not \(sides)"))
    }
    (width, height) = (sides[0], sides[1])
  }
}

/// The transform that resizes for another one: mm names it in `resize_type`.
enum ResizeType: String, Decodable, CaseIterable {
  case resize = "Resize"
  case detection = "mmdet.Resize"
  case segmentation = "mmseg.Resize"
}

/// A key whose only legal value is null: what it would switch on is not there.
struct Nothing: Decodable {
  init(from decoder: any Decoder) throws {
    guard try decoder.singleValueContainer().decodeNil() else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "only null is known"))
    }
  }
}
