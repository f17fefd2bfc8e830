import CKernels

extension Tensor {
  /// y[i, j, ...] = x with the index along `axis` replaced by `indices[i, j, ...]` (PyTorch's `gather`).
  ///
  /// Gradients of an index that occurs more than once add up.
  ///
  /// - Parameters:
  ///   - axis: Negative ones count from the end.
  ///   - indices: Row-major numbers of the result's shape, each below the axis' extent.
  ///   - target: The result's shape, not larger than this tensor's in any other axis.
  public func gathered(axis: Int, indices: [Int32], shape target: [Int]) -> Tensor {
    let axis = self.axis(axis)
    let old = shape
    require(
      target.count == rank && target.product == indices.count
        && target.indices.allSatisfy { $0 == axis || target[$0] <= old[$0] },
      "\(indices.count) indices of shape \(target) into axis \(axis) of a tensor of shape \(old)")
    require(
      indices.allSatisfy { 0 <= $0 && $0 < old[axis] },
      "indices up to \(indices.max() ?? 0) into axis \(axis) of a tensor of shape \(old)")
    var from = rowMajorStrides(old)
    let step = from[axis]
    from[axis] = 0
    return Tensor.operation("gather", of: [self]) { [from] in
      let y = Tensor.uninitialized(target)
      if y.count > 0 {
        dp_gather(y.storage.base, storage.base, indices, step, target.count, target, from)
      }
      return (
        y,
        { gradient in
          let gx = Tensor.filled(0, shape: old)
          if gradient.count > 0 {
            dp_gather_backward(
              gx.storage.base, gradient.storage.base, indices, step, target.count, target, from)
          }
          return [gx]
        }
      )
    }
  }

  /// The parts of an axis that the indices name, in their order (PyTorch's `index_select`).
  ///
  /// Gradients of an index that occurs more than once add up.
  public func rows(_ indices: [Int], axis: Int = 0) -> Tensor {
    let axis = self.axis(axis)
    let old = shape
    require(
      indices.allSatisfy { 0 <= $0 && $0 < old[axis] },
      "indices up to \(indices.max() ?? 0) into axis \(axis) of a tensor of shape \(old)")
    let (outer, inner) = (old[..<axis].product, old[(axis + 1)...].product)
    let (extent, wanted) = (old[axis], indices.map { Int32($0) })
    let (count, grain) = (wanted.count, max(1, (1 << 14) / max(1, inner)))
    var target = old
    target[axis] = count
    return Tensor.operation("rows", of: [self]) { [target] in
      let y = Tensor.uninitialized(target)
      let (x, result) = (storage, y.storage)
      parallel(over: outer * count, grain: grain) { range in
        wanted.withUnsafeBufferPointer { wanted in
          guard let indices = wanted.baseAddress else { return }
          for (o, items) in runs(of: range, length: count) {
            dp_gather_items(
              result.base + (o * count + items.lowerBound) * inner, x.base + o * extent * inner,
              indices + items.lowerBound, items.count, inner)
          }
        }
      }
      return (
        y,
        { gradient in
          let gx = Tensor.filled(0, shape: old)
          let (g, output) = (gradient.storage, gx.storage)
          // Where an index occurs twice, all of an axis is one piece: its sums have an order.
          let unit = Set(wanted).count == count ? 1 : max(1, count)
          parallel(over: outer * count / unit, grain: max(1, grain / unit)) { range in
            wanted.withUnsafeBufferPointer { wanted in
              guard let indices = wanted.baseAddress else { return }
              for (o, items) in runs(of: range.lowerBound * unit..<range.upperBound * unit, length: count) {
                dp_scatter_items(
                  output.base + o * extent * inner, g.base + (o * count + items.lowerBound) * inner,
                  indices + items.lowerBound, items.count, inner)
              }
            }
          }
          return [gx]
        }
      )
    }
  }
}

/// The parts of a range that lie in one stretch of `length` each, and which stretch that is.
private func runs(of range: Range<Int>, length: Int) -> [(stretch: Int, items: Range<Int>)] {
  guard length > 0, !range.isEmpty else { return [] }
  return (range.lowerBound / length...(range.upperBound - 1) / length).map { stretch in
    let start = stretch * length
    return (stretch, max(0, range.lowerBound - start)..<min(length, range.upperBound - start))
  }
}

/// Rows of a table, such as word vectors or relative position biases (PyTorch's `embedding`).
///
/// Gradients of a row that is used more than once add up, in the order of the indices.
///
/// - Parameters:
///   - indices: Row-major numbers of `shape`, each below the number of rows.
///   - shape: Any.
///   - table: `[rows, ...]`.
/// - Returns: `shape + [...]`.
public func embedding(_ indices: [Int], shape: [Int], table: Tensor) -> Tensor {
  require(
    table.rank >= 1 && shape.product == indices.count,
    "\(indices.count) indices of shape \(shape) into a table of shape \(table.shape)")
  return table.rows(indices).reshaped(shape + table.shape.dropFirst())
}
