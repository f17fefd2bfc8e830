import Configuration
import Imaging
import Tensors

/// Makes the sample larger, to the right and below (`Pad` of mmcv and mmdetection).
///
/// To a size, to a multiple of a divisor, or to a square (whose side may be a multiple, too). A side that is larger
/// already stays as it is.
public struct Pad: Transform, Decodable {
  /// True.
  public var movesPixels: Bool { true }
  private enum Target: Sendable {
    case size(ImageSize)
    case multiple(of: Int)
    case square(multipleOf: Int)
  }

  private let target: Target
  private let colour: [UInt8]
  private let label: Located<Int>?
  private let mode: PaddingMode

  /// `pad_val`: a number for the image, or what each part of the sample is padded with.
  private struct Values: Decodable {
    var image: [Double] = [0]
    var label: Located<Int>?
    var mask = 0

    enum CodingKeys: String, CodingKey {
      case image = "img"
      case label = "seg"
      case mask = "masks"
    }

    init() {}

    init(from decoder: any Decoder) throws {
      if let one = try? decoder.singleValueContainer().decode(Double.self) {
        image = [one]
        return
      }
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      if keys.contains(.image) {
        image =
          try (try? keys.decode(Double.self, forKey: .image)).map { [$0] }
          ?? keys.decode([Double].self, forKey: .image)
        guard image.count == 1 || image.count == 3, image.allSatisfy({ (0...255).contains($0) }) else {
          throw keys.refusal("one or three numbers in 0...255 are wanted, not \(image)", forKey: .image)
        }
      }
      label = try keys.decodeIfPresent(Located<Int>.self, forKey: .label)
      mask = try keys.decodeIfPresent(Int.self, forKey: .mask, in: 0...0) ?? 0
    }
  }

  enum CodingKeys: String, CodingKey {
    case size
    case divisor = "size_divisor"
    case toSquare = "pad_to_square"
    case values = "pad_val"
    case mode = "padding_mode"
  }

  /// mm's keys; `size` is (width, height), `pad_val.img` one number or one a channel: blue, green, red.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    let size = try keys.decodeIfPresent(Scale.self, forKey: .size)
    let divisor = try keys.decodeIfPresent(Int.self, forKey: .divisor, in: 1...ImageLimits.side)
    if try keys.decodeIfPresent(Bool.self, forKey: .toSquare) ?? false {
      guard size == nil else {
        throw keys.refusal("size and pad_to_square exclude each other", forKey: .size)
      }
      target = .square(multipleOf: divisor ?? 1)
    } else {
      switch (size, divisor) {
      case (let size?, nil): target = .size(ImageSize(height: size.height, width: size.width))
      case (nil, let divisor?): target = .multiple(of: divisor)
      case (nil, nil):
        // Fails, with the component's place.
        let missing = try keys.decode(Scale.self, forKey: .size)
        throw keys.refusal(
          "one of size, size_divisor and pad_to_square is wanted, not \(missing)", forKey: .size)
      case (_?, _?): throw keys.refusal("size and size_divisor exclude each other", forKey: .divisor)
      }
    }
    let values = try keys.decodeIfPresent(Values.self, forKey: .values) ?? Values()
    guard values.image.allSatisfy({ (0...255).contains($0) }) else {
      throw keys.refusal("numbers in 0...255 are wanted, not \(values.image)", forKey: .values)
    }
    colour = (0..<3).map { UInt8(values.image[$0 % values.image.count].rounded(.toNearestOrEven)) }
    label = values.label
    mode = try keys.decodeIfPresent(PaddingMode.self, forKey: .mode) ?? .constant
  }

  /// - Throws: `ConfigurationError` when `pad_val.seg` is not what the data set ignores.
  func checked(in context: DataContext) throws -> Pad {
    try context.labels?.require(label)
    return self
  }

  /// The sample in its new size; what is new in its label map is of no class.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    let size = newSize(for: sample.size)
    guard size.height <= ImageLimits.side, size.width <= ImageLimits.side,
      size.height * size.width <= ImageLimits.pixels
    else {
      throw DataError(
        file: sample.imagePath,
        "an image of \(sample.size) pixels would be padded to \(size), which is too large")
    }
    return size == sample.size ? sample : sample.padded(to: size, colour: colour, mode: mode)
  }

  func newSize(for size: ImageSize) -> ImageSize {
    func multiple(_ side: Int, of divisor: Int) -> Int { (side + divisor - 1) / divisor * divisor }
    switch target {
    case .size(let wanted):
      return ImageSize(height: max(wanted.height, size.height), width: max(wanted.width, size.width))
    case .multiple(let divisor):
      return ImageSize(height: multiple(size.height, of: divisor), width: multiple(size.width, of: divisor))
    case .square(let divisor):
      let side = multiple(max(size.height, size.width), of: divisor)
      return ImageSize(height: side, width: side)
    }
  }
}
