import Configuration
import Tensors

/// Resamples the sample to one of several sizes, each as likely as the others (mm's `RandomChoiceResize`).
public struct RandomChoiceResize: Transform, Decodable {
  /// True.
  public var movesPixels: Bool { true }
  private let choices: [Resize]

  enum CodingKeys: String, CodingKey {
    case scales
    case type = "resize_type"
  }

  /// mm's keys; `scales` is a list of [width, height]. All others are those of `Resize`.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    _ = try keys.decodeIfPresent(ResizeType.self, forKey: .type)
    let settings = try Resize.Settings(from: decoder)
    let scales = try keys.decode([Scale].self, forKey: .scales)
    guard !scales.isEmpty else { throw keys.refusal("one or more scales are wanted", forKey: .scales) }
    choices = scales.map { Resize(width: $0.width, height: $0.height, settings) }
  }

  /// The sample in its new size.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    try choices[random.integer(below: choices.count)](sample, random: &random)
  }
}
