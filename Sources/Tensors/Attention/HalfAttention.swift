import CKernels

extension Precision {
  /// Whether attention takes its products in bfloat16: no operation with a derivative does.
  func isHalf(for inputs: [Tensor?], _ dropout: AttentionDropout?) -> Bool {
    self == .bfloat16 && isAvailable && dropout == nil && !inputs.contains { $0?.needsGradient ?? false }
  }
}

/// What a thread needs for one head after the other whose products are in bfloat16.
struct HalfAttentionRoom: Sendable {
  private let halves, floats: TensorStorage

  /// Room for so many tokens of a head of some width.
  init(count: Int, width: Int) {
    halves = TensorStorage(
      count: dp_half_attention_halves(count, width), elementType: .bfloat16, for: "a head of attention")
    floats = TensorStorage(count: dp_half_attention_floats(count, width), for: "a head of attention")
  }

  /// Lends the memory to a call, which the room must outlive.
  func lend(to head: inout dp_half_attention_head) {
    (head.halves, head.floats) = (halves.halves, floats.base)
  }
}
