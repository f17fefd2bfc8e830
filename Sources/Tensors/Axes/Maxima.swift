import CKernels

extension Tensor {
  /// For each row of the last axis the position of its largest number, the first among equals.
  public var indicesOfMaxima: [Int32] {
    require(rank > 0 && shape[rank - 1] > 0, "maxima along the last axis of shape \(shape)")
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

extension Tensor {
  /// The largest number along an axis and where it is (PyTorch's `max` with `dim`): the first of equals, NaN before
  /// all numbers. The gradient goes to that place.
  ///
  /// - Returns: The values, and their row-major indices along the axis, which stays as 1 or goes.
  public func maximum(axis: Int, keepingAxis: Bool = false) -> (values: Tensor, indices: [Int32]) {
    let axis = self.axis(axis)
    let old = shape
    let (outer, extent, inner) = (old[..<axis].product, old[axis], old[(axis + 1)...].product)
    require(extent > 0 || outer * inner == 0, "maximum along axis \(axis) of a tensor of shape \(old)")
    var target = old
    if keepingAxis { target[axis] = 1 } else { target.remove(at: axis) }
    var indices: [Int32] = []
    let values = Tensor.operation("maximum", of: [self]) { [target] in
      let (y, places) = largest(outer: outer, count: extent, inner: inner)
      indices = places
      return (
        Tensor(shape: target, storage: y),
        { gradient in
          let gx = Tensor.filled(0, shape: old)
          let (g, output) = (gradient.storage, gx.storage)
          parallel(over: outer, grain: max(1, (1 << 15) / max(1, inner))) { range in
            places.withUnsafeBufferPointer { index in
              for o in range {
                dp_scatter_columns(
                  output.base + o * extent * inner, g.base + o * inner,
                  index.baseAddress?.advanced(by: o * inner), inner)
              }
            }
          }
          return [gx]
        }
      )
    }
    return (values, indices)
  }

  /// The largest number over some axes, which stay as 1 or go; NaN where there is one (PyTorch's `amax`).
  ///
  /// Several equal ones share the gradient.
  public func maximum(axes: [Int], keepingAxes: Bool = false) -> Tensor {
    let gone = Set(axes.map(axis))
    require(gone.count == axes.count, "axes \(axes) of a tensor of shape \(shape) repeat")
    let kept = shape.enumerated().map { gone.contains($0.offset) ? 1 : $0.element }
    require(
      kept.product == 0 || count > 0, "maximum over the axes \(axes) of a tensor of shape \(shape)")
    let target = keepingAxes ? kept : shape.indices.filter { !gone.contains($0) }.map { shape[$0] }
    return Tensor.operation("maximum", of: [self]) {
      var (y, now) = (storage, shape)
      for axis in gone.sorted(by: >) where now[axis] != 1 && count > 0 {
        y =
          Tensor(shape: now, storage: y).largest(
            outer: now[..<axis].product, count: now[axis], inner: now[(axis + 1)...].product
          ).values
        now[axis] = 1
      }
      if count == 0 { y = TensorStorage(count: 0, for: "the maxima") }
      let (x, most) = (detached, Tensor(shape: kept, storage: y))
      return (
        Tensor(shape: target, storage: y),
        { gradient in
          let mark = x.marked(where: most.repeated(to: x.shape))
          let share = gradient.reshaped(kept) / mark.sum(axes: axes, keepingAxes: true)
          return [mark * share]
        }
      )
    }
  }

  /// Largest numbers of `[outer, count, inner]` and their places: `[outer, inner]` of each.
  private func largest(outer: Int, count: Int, inner: Int) -> (values: TensorStorage, indices: [Int32]) {
    let (x, y) = (storage, TensorStorage(count: count == 0 ? 0 : outer * inner, for: "the maxima"))
    let indices = [Int32](unsafeUninitializedCapacity: y.count) { buffer, initialized in
      initialized = y.count
      guard let base = buffer.baseAddress, y.count > 0 else { return }
      let places = Shared(base)
      if inner == 1 {
        parallel(over: outer, grain: max(1, (1 << 15) / count)) { range in
          let start = range.lowerBound
          dp_largest_of_rows(
            y.base + start, places.base + start, x.base + start * count, range.count, count)
        }
      } else {
        let parts = outer > 1 ? 1 : max(1, inner >> 8)
        parallel(over: outer * parts, grain: max(1, (1 << 15) / (count * (inner / parts)))) { range in
          for piece in range {
            let (o, part) = (piece / parts, piece % parts)
            let (first, end) = (inner * part / parts, inner * (part + 1) / parts)
            dp_largest_of_columns(
              y.base + o * inner + first, places.base + o * inner + first,
              x.base + o * count * inner + first, count, inner, end - first)
          }
        }
      }
    }
    return (y, indices)
  }

  /// 1 where the numbers equal another tensor's of the same shape, else 0; no derivative.
  private func marked(where other: Tensor) -> Tensor {
    let y = Tensor.uninitialized(shape)
    let (a, b, result) = (storage, other.storage, y.storage)
    parallel(over: count, grain: 1 << 15) { range in
      let start = range.lowerBound
      dp_mark_equal(result.base + start, a.base + start, b.base + start, range.count)
    }
    return y
  }
}
