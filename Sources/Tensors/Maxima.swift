import CKernels

extension Tensor {
  /// For each row of the last axis the position of its largest number, the first among equals.
  public var indicesOfMaxima: [Int32] {
    precondition(rank > 0 && shape[rank - 1] > 0, "maxima along the last axis of shape \(shape)")
    let (width, x) = (shape[rank - 1], storage)
    let rows = count / width
    return [Int32](unsafeUninitializedCapacity: rows) { buffer, initialized in
      initialized = rows
      guard let base = buffer.baseAddress else { return }
      let indices = Shared(base)
      parallel(over: rows, grain: max(1, (1 << 15) / width)) { range in
        dp_indices_of_maxima(
          x.base + range.lowerBound * width, range.count, width, indices.base + range.lowerBound)
      }
    }
  }
}
