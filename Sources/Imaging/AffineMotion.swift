import CKernels
import Foundation

/// A motion of a picture in its own frame: for every place of the result, the place that it shows.
///
/// (x, y) shows (xx x + xy y + x0, yx x + yy y + y0), in pixels; the middle of the first pixel is (0.5, 0.5).
public struct AffineMotion: Sendable, Equatable {
  /// xx, xy, x0, yx, yy, y0.
  public var coefficients: [Double]

  private init(_ coefficients: [Double]) { self.coefficients = coefficients }

  /// Along rows, by `amount` pixels a row.
  public static func shearX(_ amount: Double) -> AffineMotion { AffineMotion([1, amount, 0, 0, 1, 0]) }
  /// Along columns, by `amount` pixels a column.
  public static func shearY(_ amount: Double) -> AffineMotion { AffineMotion([1, 0, 0, amount, 1, 0]) }
  /// By so many pixels: to the left and up for positive ones.
  public static func shift(x: Double, y: Double) -> AffineMotion { AffineMotion([1, 0, x, 0, 1, y]) }

  /// Around the middle of a picture, against the clock.
  public static func rotation(degrees: Double, of size: ImageSize) -> AffineMotion {
    let turn = degrees.truncatingRemainder(dividingBy: 360)
    let angle = -((turn < 0 ? turn + 360 : turn) * (.pi / 180))
    // Pillow rounds to 15 digits: a quarter turn has exact numbers.
    func rounded(_ value: Double) -> Double { Double(String(format: "%.15f", value)) ?? value }
    let (cosine, sine) = (rounded(cos(angle)), rounded(sin(angle)))
    let (x, y) = (Double(size.width) / 2, Double(size.height) / 2)
    return AffineMotion([
      cosine, sine, cosine * -x + sine * -y + x, -sine, cosine, -sine * -x + cosine * -y + y,
    ])
  }
}

/// How a moved picture is resampled.
public enum MotionInterpolation: String, Sendable, CaseIterable, Codable {
  /// The pixel at the place.
  case nearest
  /// Between 2 x 2 pixels.
  case bilinear
  /// The cubic with a = -1 over 4 x 4 pixels.
  case bicubic

  fileprivate var number: Int32 {
    switch self {
    case .nearest: Int32(DP_AFFINE_NEAREST)
    case .bilinear: Int32(DP_AFFINE_BILINEAR)
    case .bicubic: Int32(DP_AFFINE_BICUBIC)
    }
  }
}

extension Image {
  /// Moved, in the same size (Pillow's `Image.transform`). What comes from outside is of the colour `fill`: blue, green
  /// and red.
  public func moved(_ motion: AffineMotion, interpolation: MotionInterpolation, fill: SIMD3<UInt8>) -> Image {
    changed { source, target in
      dp_affine(
        source, Int64(height), Int64(width), motion.coefficients, [fill.x, fill.y, fill.z],
        interpolation.number,
        target)
    }
  }
}
