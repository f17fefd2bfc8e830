import Configuration
import Imaging

/// `backend` and `interpolation`: how mm's transforms resample.
struct ResamplingKeys: Decodable, Sendable {
  let resampling: Resampling

  private enum Backend: String, Decodable, CaseIterable { case cv2, pillow }

  enum CodingKeys: String, CodingKey { case interpolation, backend }

  /// mmcv's keys: OpenCV and bilinear where they say nothing.
  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    resampling =
      switch try keys.decodeIfPresent(Backend.self, forKey: .backend) ?? .cv2 {
      case .cv2:
        .openCV(try keys.decodeIfPresent(Interpolation.self, forKey: .interpolation) ?? .bilinear)
      case .pillow:
        .pillow(try keys.decodeIfPresent(PillowFilter.self, forKey: .interpolation) ?? .bilinear)
      }
  }
}

/// A range of numbers, written [smallest, largest].
struct NumberRange: Decodable, Sendable, Equatable {
  var low: Double
  var high: Double

  init(_ low: Double, _ high: Double) { (self.low, self.high) = (low, high) }

  init(from decoder: any Decoder) throws {
    let ends = try decoder.singleValueContainer().decode([Double].self)
    guard ends.count == 2, ends.allSatisfy(\.isFinite), ends[0] <= ends[1] else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath, debugDescription: "[smallest, largest] is wanted, not \(ends)"))
    }
    (low, high) = (ends[0], ends[1])
  }
}
