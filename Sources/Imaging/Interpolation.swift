import COpenCV

/// How OpenCV resamples a picture.
public enum Interpolation: String, Sendable, CaseIterable, Codable {
  /// OpenCV's fixed-point bilinear interpolation.
  case bilinear
  /// The pixel at floor(i · in / out).
  case nearest
  /// The cubic with a = -0.75 over 4 x 4 pixels, whatever the factor.
  case bicubic
  /// The mean over the area of an output pixel, where the picture becomes smaller.
  case area
  /// Lanczos over 8 x 8 pixels, whatever the factor.
  case lanczos

  /// The bridge's number.
  var number: Int32 {
    switch self {
    case .bilinear: Int32(DP_LINEAR)
    case .nearest: Int32(DP_NEAREST)
    case .bicubic: Int32(DP_CUBIC)
    case .area: Int32(DP_AREA)
    case .lanczos: Int32(DP_LANCZOS)
    }
  }
}

/// How a picture is resampled, and by whose rules.
public enum Resampling: Hashable, Sendable {
  /// OpenCV's.
  case openCV(Interpolation)
  /// Pillow's: with antialiasing where the picture becomes smaller.
  case pillow(PillowFilter)
}

extension Image {
  /// Resampled to another size.
  public func resized(height: Int, width: Int, _ resampling: Resampling) -> Image {
    switch resampling {
    case .openCV(let interpolation): resized(height: height, width: width, interpolation: interpolation)
    case .pillow(let filter): resized(height: height, width: width, pillow: filter)
    }
  }
}
