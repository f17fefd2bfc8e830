import COpenCV

/// What stands right of and below a picture that is made larger (mm's `padding_mode`).
public enum PaddingMode: String, Sendable, CaseIterable, Codable {
  /// One value.
  case constant
  /// The last row and column, repeated.
  case edge
  /// The picture mirrored at its last row and column, which are not repeated: `a b c | b a`.
  case reflect
  /// The picture mirrored behind its last row and column: `a b c | c b a`.
  case symmetric

  var number: Int32 {
    switch self {
    case .constant: Int32(DP_PAD_CONSTANT)
    case .edge: Int32(DP_PAD_EDGE)
    case .reflect: Int32(DP_PAD_REFLECT)
    case .symmetric: Int32(DP_PAD_SYMMETRIC)
    }
  }
}
