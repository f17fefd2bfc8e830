/// Extents of a picture, in pixels.
public struct ImageSize: Hashable, Sendable {
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int

  /// A size of so many rows and columns.
  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }
}

extension ImageSize: CustomStringConvertible {
  /// Width and height, as people say them.
  public var description: String { "\(width) x \(height)" }
}

/// A photograph in memory: 8 bits a channel, dense rows, channels last `[H, W, C]`.
///
/// Three channels are blue, green, red, as OpenCV reads them and mm's configs expect them.
public struct Image: Sendable, Equatable {
  /// Rows.
  public let height: Int
  /// Columns.
  public let width: Int
  /// 3 (blue, green, red) or 1 (grey).
  public let channels: Int
  /// `[H, W, C]`, row-major.
  public var pixels: [UInt8] {
    didSet {
      precondition(
        pixels.count == height * width * channels,
        "\(height) x \(width) x \(channels) need \(height * width * channels) pixels, not \(pixels.count)")
    }
  }

  /// A picture over its pixels, `[H, W, C]`.
  public init(height: Int, width: Int, channels: Int = 3, pixels: [UInt8]) {
    precondition(
      pixels.count == height * width * channels,
      "\(height) x \(width) x \(channels) need \(height * width * channels) pixels, not \(pixels.count)")
    precondition(channels == 3 || channels == 1, "\(channels) channels; 3 or 1 are wanted")
    self.height = height
    self.width = width
    self.channels = channels
    self.pixels = pixels
  }

  /// A picture of one colour: one number a channel.
  public init(height: Int, width: Int, colour: [UInt8]) {
    var pixels = [UInt8]()
    pixels.reserveCapacity(height * width * colour.count)
    for _ in 0..<height * width { pixels.append(contentsOf: colour) }
    self.init(height: height, width: width, channels: colour.count, pixels: pixels)
  }

  /// Height and width.
  public var size: ImageSize { ImageSize(height: height, width: width) }
}
