import Configuration
import Foundation
import Imaging
import Layers
import Tensors

/// Paints over a random window (mmpretrain's `RandomErasing`; Zhong et al. 2017), on bytes, before they are normalised.
///
/// The window is drawn as timm draws it: up to ten times, until both of its sides are shorter than the image's.
public struct RandomErasing: Transform, Decodable {
  /// False: labels stay where they are.
  public var movesPixels: Bool { false }

  private enum Mode: String, Decodable, CaseIterable { case const, rand }

  private let probability: Float
  private let areas: ClosedRange<Double>
  private let aspects: NumberRange
  private let mode: Mode
  /// Blue, green, red.
  private let colour: [Float]
  /// Nil: uniform noise, whatever the colour.
  private let deviation: [Float]?

  enum CodingKeys: String, CodingKey {
    case probability = "erase_prob"
    case smallest = "min_area_ratio"
    case largest = "max_area_ratio"
    case aspects = "aspect_range"
    case mode
    case colour = "fill_color"
    case deviation = "fill_std"
  }

  /// mmpretrain's keys; colours are in the image's order: blue, green, red.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    probability = try keys.decodeIfPresent(Float.self, forKey: .probability, in: 0...1) ?? 0.5
    let smallest = try keys.decodeIfPresent(Double.self, forKey: .smallest, in: 0...1) ?? 0.02
    let largest = try keys.decodeIfPresent(Double.self, forKey: .largest, in: 0...1) ?? 0.4
    guard smallest <= largest else {
      throw keys.refusal("\(largest) is less than min_area_ratio, \(smallest)", forKey: .largest)
    }
    areas = smallest...largest
    if let one = try? keys.decode(Double.self, forKey: .aspects) {
      guard one > 0, one.isFinite else { throw keys.refusal("a positive number is wanted", forKey: .aspects) }
      aspects = NumberRange(min(one, 1 / one), max(one, 1 / one))
    } else {
      aspects = try keys.decodeIfPresent(NumberRange.self, forKey: .aspects) ?? NumberRange(0.3, 10.0 / 3)
    }
    guard aspects.low >= 0.01, aspects.high <= 100 else {
      throw keys.refusal("height / width in 0.01 ... 100 is wanted", forKey: .aspects)
    }
    mode = try keys.decodeIfPresent(Mode.self, forKey: .mode) ?? .const
    colour = try keys.decodeChannels(forKey: .colour, in: 0...255) ?? [128, 128, 128]
    deviation = try keys.decodeChannels(forKey: .deviation, in: 0...255)
  }

  /// The sample, painted over or as it is.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    guard random.uniform() < probability, let image = sample.image else { return sample }
    var size: ImageSize?
    for _ in 0..<10 where size == nil {
      let area = areas.lowerBound + (areas.upperBound - areas.lowerBound) * Double(random.uniform())
      let aspect = exp(log(aspects.low) + (log(aspects.high) - log(aspects.low)) * Double(random.uniform()))
      size = Draw(area: area, aspect: aspect).size(in: image.size)
    }
    guard let size else { return sample }
    let window = PixelWindow(
      top: random.integer(below: image.height - size.height + 1),
      left: random.integer(below: image.width - size.width + 1), height: size.height, width: size.width)
    var pixels = image.pixels
    window.fill(&pixels, rowWidth: image.width, channels: image.channels) { channel in
      switch (mode, deviation) {
      case (.const, _): return UInt8(colour[channel])
      case (.rand, nil): return UInt8(random.nextWord() >> 24)
      case (.rand, let deviation?):
        return UInt8(max(0, min(colour[channel] + deviation[channel] * random.normal(), 255)))
      }
    }
    var result = sample
    result.image?.pixels = pixels
    return result
  }

  /// What is drawn of a window before its place.
  package struct Draw: Sendable {
    let area: Double
    let aspect: Double

    /// A share of the image's area, and height / width.
    package init(area: Double, aspect: Double) { (self.area, self.aspect) = (area, aspect) }

    /// The window's size, where both sides are shorter than the image's.
    package func size(in size: ImageSize) -> ImageSize? {
      let pixels = area * Double(size.height * size.width)
      let height = Int((pixels * aspect).squareRoot().rounded(.toNearestOrEven))
      let width = Int((pixels / aspect).squareRoot().rounded(.toNearestOrEven))
      guard height < size.height, width < size.width else { return nil }
      return ImageSize(height: height, width: width)
    }
  }
}

extension KeyedDecodingContainer {
  /// One number for all channels, or three: blue, green, red.
  func decodeChannels(forKey key: Key, in range: ClosedRange<Float>) throws -> [Float]? {
    guard contains(key), try !decodeNil(forKey: key) else { return nil }
    let numbers: [Float]
    if let one = try? decode(Float.self, forKey: key) {
      numbers = [one, one, one]
    } else {
      numbers = try decode([Float].self, forKey: key)
    }
    guard numbers.count == 3, numbers.allSatisfy({ range.contains($0) }) else {
      throw refusal("one or three numbers in \(range) are wanted, not \(numbers)", forKey: key)
    }
    return numbers
  }
}
