/// A change of a photograph that RandAugment draws, with its argument (timm's and Pillow's rules).
public enum PictureOperation: Sendable, Equatable {
  /// Each channel stretched to 0 ... 255.
  case autoContrast
  /// Each channel's values about equally often.
  case equalize
  /// 255 - v.
  case invert
  /// Against the clock, by so many degrees.
  case rotate(degrees: Double)
  /// So many upper bits stay.
  case posterize(bits: Int)
  /// 255 - v from the threshold on.
  case solarize(threshold: Int)
  /// v + amount below the threshold.
  case solarizeAdd(amount: Int, threshold: Int)
  /// Saturation by a factor.
  case colour(factor: Double)
  /// Contrast by a factor.
  case contrast(factor: Double)
  /// Brightness by a factor.
  case brightness(factor: Double)
  /// Sharpness by a factor.
  case sharpness(factor: Double)
  /// By so many pixels a row, or a column.
  case shear(Double, along: PictureAxis)
  /// By a share of the side.
  case translate(share: Double, along: PictureAxis)
}

/// Which way a picture is moved.
public enum PictureAxis: String, Sendable, CaseIterable, Codable {
  /// Along rows.
  case horizontal
  /// Along columns.
  case vertical
}

extension Image {
  /// Changed by an operation. Where it moves pixels, they are interpolated, and what comes from outside is of the
  /// colour `fill`: blue, green and red.
  public func applying(
    _ operation: PictureOperation, interpolation: MotionInterpolation = .bicubic,
    fill: SIMD3<UInt8> = SIMD3(repeating: 128)
  ) -> Image {
    func moved(_ motion: AffineMotion) -> Image {
      self.moved(motion, interpolation: interpolation, fill: fill)
    }
    return switch operation {
    case .autoContrast: withFullContrast()
    case .equalize: equalized()
    case .invert: inverted()
    case .rotate(let degrees): degrees == 0 ? self : moved(.rotation(degrees: degrees, of: size))
    case .posterize(let bits): posterized(bits: bits)
    case .solarize(let threshold): solarized(from: threshold)
    case .solarizeAdd(let amount, let threshold): solarized(adding: amount, below: threshold)
    case .colour(let factor): withSaturation(Float(factor))
    case .contrast(let factor): withContrast(Float(factor))
    case .brightness(let factor): withBrightness(Float(factor))
    case .sharpness(let factor): withSharpness(Float(factor))
    case .shear(let amount, .horizontal): moved(.shearX(amount))
    case .shear(let amount, .vertical): moved(.shearY(amount))
    case .translate(let share, .horizontal): moved(.shift(x: share * Double(width), y: 0))
    case .translate(let share, .vertical): moved(.shift(x: 0, y: share * Double(height)))
    }
  }
}
