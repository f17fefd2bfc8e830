import CKernels

/// What is done to the sums of a product before, or soon after, they are written; in inference.
struct ProductEpilogue: Sendable {
  /// Added to each row.
  var bias: TensorStorage?
  /// Added, number by number; lies as the result does.
  var residual: TensorStorage?
  /// The last of all.
  var activation: Activation?

  /// Does to sums that were written what the product has not done, in one pass, in place.
  func finish(_ y: TensorStorage, addsResidual: Bool) {
    var rest = self
    if !addsResidual { rest.residual = nil }
    guard let finish = rest.finish(y) else { return }
    parallel(over: y.count, grain: 1 << 14) { finish(y.base, $0.lowerBound, $0.count) }
  }

  /// What adds the residual to a stretch of the sums in y and applies the activation, in place, while it is in the cache;
  /// nil where there is neither.
  func finish(_ y: TensorStorage) -> RowProduct.Finish? {
    guard residual != nil || activation != nil else { return nil }
    let (residual, kernel) = (residual, activation?.kernel)
    return { _, start, count in
      // What is added is in the first level of cache yet when the activation takes it.
      let block = 1 << 11
      for first in stride(from: start, to: start + count, by: block) {
        let (out, count) = (y.base + first, min(block, start + count - first))
        if let residual { dp_accumulate(out, residual.base + first, count) }
        if let kernel { withTemporary(out, count, kernel) }
      }
    }
  }

  /// Kernels of activations read what they do not write.
  private func withTemporary(_ out: UnsafeMutablePointer<Float>, _ count: Int, _ kernel: ElementwiseKernel) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { copy in
      guard let base = copy.baseAddress else { return }
      base.initialize(from: out, count: count)
      kernel(out, base, count)
    }
  }
}
