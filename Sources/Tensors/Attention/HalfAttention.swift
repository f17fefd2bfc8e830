import CKernels

extension Precision {
  /// Whether attention takes its products in bfloat16: no operation with a derivative does.
  func isHalf(for inputs: [Tensor?], _ dropout: AttentionDropout?) -> Bool {
    self == .bfloat16 && isAvailable && dropout == nil && !inputs.contains { $0?.needsGradient ?? false }
  }
}

/// The packed k and v of some heads, all of one size: numbers of a head one behind the other.
struct HalfAttentionHeads: Sendable {
  private let packed: TensorStorage
  private let each: Int

  /// Memory for so many heads of some tokens and some width.
  init(heads: Int, count: Int, width: Int) {
    each = dp_half_attention_packed(count, width)
    packed = TensorStorage(count: heads * each, elementType: .bfloat16, for: "a head of attention")
  }

  /// Lends a head's memory to a call, which these must outlive.
  func lend(_ number: Int, to head: inout dp_half_attention_head) {
    head.packed = packed.halves + number * each
  }
}

/// What a thread needs beside them, for one head after the other.
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
