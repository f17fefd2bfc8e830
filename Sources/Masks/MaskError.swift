/// What can be wrong with a mask that came out of a file.
public enum MaskError: Error, Sendable, Equatable {
  /// A size that is negative or has more pixels than an image may have.
  case illegalSize(height: Int, width: Int)
  /// The runs cover `sum` pixels instead of height x width.
  case runsDoNotCover(sum: Int, height: Int, width: Int)
  /// Run number `index` has a negative or impossibly large length.
  case illegalRun(index: Int, length: Int)
  /// A compressed string holds a byte outside "0" ... "o".
  case illegalCharacter(byte: UInt8, position: Int)
  /// A compressed string ends within a number.
  case unterminated
  /// There is no polygon at all.
  case noPolygon
  /// Part `part` of a polygon has `numbers` numbers, not pairs of at least three corners.
  case illegalPolygon(part: Int, numbers: Int)
  /// A coordinate is not finite, or farther from the image than any image is large.
  case illegalCoordinate(part: Int, index: Int, value: Double)
  /// Masks to be joined or compared that differ in size (height, width).
  case sizesDiffer(height: Int, width: Int, otherHeight: Int, otherWidth: Int)

  /// The most pixels a mask may have: Pillow's limit for an image.
  public static let pixelLimit = 178_956_970

  /// How far from the origin a polygon's corner may lie, in pixels.
  public static let coordinateLimit = 1_000_000.0
}

extension MaskError: CustomStringConvertible {
  /// One sentence: what is wrong, and what would be right.
  public var description: String {
    switch self {
    case .illegalSize(let height, let width):
      "a mask of \(height) x \(width) pixels (height x width): "
        + "sides must not be negative, and the area at most \(Self.pixelLimit)"
    case .runsDoNotCover(let sum, let height, let width):
      "the run lengths cover \(sum) pixels, but the mask has \(height) x \(width) = \(height * width)"
    case .illegalRun(let index, let length):
      "run length \(index) is \(length); a run is 0 or more pixels, and no longer than the mask"
    case .illegalCharacter(let byte, let position):
      "compressed run lengths hold the byte \(byte) at position \(position); "
        + "legal are the characters '0' (48) to 'o' (111)"
    case .unterminated:
      "compressed run lengths end within a number"
    case .noPolygon:
      "the list of polygons is empty"
    case .illegalPolygon(let part, let numbers):
      "polygon \(part) has \(numbers) numbers; x, y of three or more corners are needed (6, 8, 10, ...)"
    case .illegalCoordinate(let part, let index, let value):
      "polygon \(part) has the coordinate \(value) at position \(index); "
        + "it must be finite and within \(Int(Self.coordinateLimit)) pixels of the origin"
    case .sizesDiffer(let height, let width, let otherHeight, let otherWidth):
      "masks of different sizes: \(height) x \(width) and \(otherHeight) x \(otherWidth) (height x width)"
    }
  }
}
