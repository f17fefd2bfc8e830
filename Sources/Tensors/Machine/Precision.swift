import CKernels

/// The type in which inference keeps weights and multiplies (mm's configs have no such key: `precision`).
///
/// Sums, norms, activations, softmax, scans and all that follows a model are float32 in either.
public enum Precision: String, Sendable, Codable, CaseIterable {
  /// Numbers of 24 bits: what models are trained in.
  case float32
  /// The operands of products, linear layers, convolutions and attention, rounded to 8 bits; their sums are float32.
  case bfloat16

  /// Whether this processor multiplies so: bfloat16 takes AVX512_BF16.
  public var isAvailable: Bool {
    switch self {
    case .float32: true
    case .bfloat16: dp_half_is_available() != 0
    }
  }

  /// What to say where the processor does not.
  public static let missing =
    "this processor has no AVX512_BF16, which bfloat16 needs: the model runs in float32"
}
