import Configuration
import Data
import Tensors

/// Exchanges left and right where the right half is the darker one, and brightens at random.
public struct DarkSideLeft: Transform, Decodable {
  private let amount: Float

  enum CodingKeys: CodingKey { case amount }

  /// `amount`: how much brighter a picture may become.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    amount = try keys.decodeIfPresent(Float.self, forKey: .amount, in: 0...255) ?? 0
  }

  /// The sample with image, objects and label map moved alike.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    guard let image = sample.image else {
      throw DataError(file: sample.imagePath, "is not loaded yet: put DarkSideLeft behind LoadImageFromFile")
    }
    let row = image.width * image.channels
    var balance = 0
    for (place, pixel) in image.pixels.enumerated() {
      balance += place % row < row / 2 ? Int(pixel) : -Int(pixel)
    }
    var result = balance > 0 ? sample.flippedHorizontally() : sample
    guard var brighter = result.image else { return result }
    let more = random.uniform(0, amount)
    brighter.pixels = brighter.pixels.map { UInt8(min(255, Float($0) + more)) }
    result.image = brighter
    return result
  }
}
