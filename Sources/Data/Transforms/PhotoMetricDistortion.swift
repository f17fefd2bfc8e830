import CKernels
import Configuration
import Imaging
import Tensors

/// Changes brightness, contrast, saturation and hue, each with probability 1/2 (mmsegmentation's
/// `PhotoMetricDistortion`). Contrast comes before saturation and hue or behind them, by a coin. Every step ends in
/// 8 bits, cut off below the point.
///
/// The draws are this package's own, not numpy's: the same distribution, other numbers.
public struct PhotoMetricDistortion: Transform, Decodable {
  /// What is done to one image; nil: nothing.
  package struct Decisions: Equatable, Sendable {
    /// Added.
    package var brightness: Float?
    /// Multiplied.
    package var contrast: Float?
    /// Whether contrast comes before saturation and hue.
    package var contrastComesFirst: Bool
    /// Multiplied, in HSV.
    package var saturation: Float?
    /// Added in HSV, where a turn is 180.
    package var hue: Int?

    package init(
      brightness: Float? = nil, contrast: Float? = nil, contrastComesFirst: Bool = true,
      saturation: Float? = nil, hue: Int? = nil
    ) {
      self.brightness = brightness
      self.contrast = contrast
      self.contrastComesFirst = contrastComesFirst
      self.saturation = saturation
      self.hue = hue
    }
  }

  private let brightness: Double
  private let contrast: ClosedRange<Double>
  private let saturation: ClosedRange<Double>
  private let hue: Int

  enum CodingKeys: String, CodingKey {
    case brightness = "brightness_delta"
    case contrast = "contrast_range"
    case saturation = "saturation_range"
    case hue = "hue_delta"
  }

  /// mmsegmentation's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    func range(_ key: CodingKeys) throws -> ClosedRange<Double> {
      guard let ends = try keys.decodeIfPresent([Double].self, forKey: key) else { return 0.5...1.5 }
      guard ends.count == 2, ends[0] >= 0, ends[0] <= ends[1], ends[1] <= 255 else {
        throw keys.refusal("[smallest, largest] is wanted, in 0...255, not \(ends)", forKey: key)
      }
      return ends[0]...ends[1]
    }
    brightness = try keys.decodeIfPresent(Double.self, forKey: .brightness, in: 0...255) ?? 32
    contrast = try range(.contrast)
    saturation = try range(.saturation)
    hue = try keys.decodeIfPresent(Int.self, forKey: .hue, in: 0...180) ?? 18
  }

  /// The sample with its image changed.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    let decisions = decisions(random: &random)
    var result = sample
    result.image = sample.image.map { Self.distorted($0, by: decisions) }
    return result
  }

  package func decisions(random: inout RandomGenerator) -> Decisions {
    func coin() -> Bool { random.nextWord() >> 31 == 1 }
    func within(_ range: ClosedRange<Double>) -> Float {
      Float(range.lowerBound + (range.upperBound - range.lowerBound) * Double(random.uniform()))
    }
    var decisions = Decisions()
    if coin() { decisions.brightness = within(-brightness...brightness) }
    decisions.contrastComesFirst = coin()
    if coin() { decisions.contrast = within(contrast) }
    if coin() { decisions.saturation = within(saturation) }
    // From -delta up to, not including, delta, as numpy's randint draws it.
    if coin() { decisions.hue = hue > 0 ? Int.random(in: -hue..<hue, using: &random) : 0 }
    return decisions
  }

  /// An image changed by given decisions.
  package static func distorted(_ image: Image, by decisions: Decisions) -> Image {
    var image = image
    func change(_ tables: [[UInt8]]) { image = image.mapped(through: tables.flatMap { $0 }) }
    func contrast() {
      if let factor = decisions.contrast { change([[UInt8]](repeating: table { $0 * factor }, count: 3)) }
    }
    if let shift = decisions.brightness { change([[UInt8]](repeating: table { $0 + shift }, count: 3)) }
    if decisions.contrastComesFirst { contrast() }
    if let factor = decisions.saturation {
      image = image.convertedToHSV()
      change([identity, table { $0 * factor }, identity])
      image = image.convertedFromHSV()
    }
    if let shift = decisions.hue {
      image = image.convertedToHSV()
      change([turned(by: shift), identity, identity])
      image = image.convertedFromHSV()
    }
    if !decisions.contrastComesFirst { contrast() }
    return image
  }

  private static let identity: [UInt8] = Array(0...255)

  /// A function of 0 ... 255, cut to that range and below the point.
  private static func table(_ function: (Float) -> Float) -> [UInt8] {
    (0..<256).map { UInt8(min(max(function(Float($0)), 0), 255)) }
  }

  /// Hues, 180 a turn.
  private static func turned(by shift: Int) -> [UInt8] {
    (0..<256).map { UInt8((($0 + shift) % 180 + 180) % 180) }
  }
}

extension Image {
  /// Every value replaced by what the table of its channel says: `[3, 256]`.
  fileprivate func mapped(through tables: [UInt8]) -> Image {
    precondition(channels == 3, "\(channels) channels; colours have 3")
    var result = self
    result.pixels.withUnsafeMutableBufferPointer { pixels in
      guard let base = pixels.baseAddress else { return }
      dp_pixels_map(base, Int64(height * width), tables, base)
    }
    return result
  }
}
