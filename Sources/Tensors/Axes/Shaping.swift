import CKernels

extension Tensor {
  /// The same numbers under another shape; one axis may be -1: what is left. No copy.
  public func reshaped(_ newShape: [Int]) -> Tensor {
    let known = newShape.filter { $0 != -1 }
    require(
      known.count >= newShape.count - 1 && known.allSatisfy { $0 >= 0 },
      "shape \(shape) to be reshaped to \(newShape)")
    let target =
      known.count == newShape.count
      ? newShape : newShape.map { $0 == -1 ? (known.product == 0 ? 0 : count / known.product) : $0 }
    require(target.product == count, "shape \(shape) reshaped to \(newShape)")
    if target == shape { return self }
    let old = shape
    return Tensor.operation("reshape", of: [self]) {
      (Tensor(shape: target, storage: storage), { [$0.reshaped(old)] })
    }
  }

  /// One more axis, of extent 1, before the axis that is at this place now.
  public func expandedAxis(at axis: Int) -> Tensor {
    var target = shape
    require(0...rank ~= axis, "axis \(axis) put into shape \(shape)")
    target.insert(1, at: axis)
    return reshaped(target)
  }

  /// Axis i of the result is axis `axes[i]` of this.
  public func permuted(_ axes: [Int]) -> Tensor {
    let order = axes.map(axis)
    require(order.sorted() == Array(0..<rank), "axes \(axes) of a tensor of shape \(shape)")
    if order == Array(0..<rank) { return self }
    return Tensor.operation("permute", of: [self]) {
      let strides = rowMajorStrides(shape)
      let target = order.map { shape[$0] }
      let y = Tensor.uninitialized(target)
      StridedCopy(sizes: target, to: rowMajorStrides(target), from: order.map { strides[$0] })(
        storage, to: y.storage)
      return (
        y,
        { gradient in
          var inverse = order
          for (position, axis) in order.enumerated() { inverse[axis] = position }
          return [gradient.permuted(inverse)]
        }
      )
    }
  }

  /// A border of one number, a pair of extents for each axis.
  public func padded(_ amounts: [(before: Int, after: Int)], value: Float = 0) -> Tensor {
    require(
      amounts.count == rank && amounts.allSatisfy { $0.before >= 0 && $0.after >= 0 },
      "padding \(amounts) of a tensor of shape \(shape)")
    if amounts.allSatisfy({ $0.before == 0 && $0.after == 0 }) { return self }
    return Tensor.operation("pad", of: [self]) {
      let target = zip(shape, amounts).map { $0 + $1.before + $1.after }
      let strides = rowMajorStrides(target)
      let start = zip(strides, amounts).map { $0 * $1.before }.reduce(0, +)
      let y = Tensor.filled(value, shape: target)
      let old = shape
      StridedCopy(sizes: old, to: strides, from: rowMajorStrides(old))(
        storage, to: y.storage, startingAt: start)
      return (y, { [$0.block(of: old, strides: strides, at: start)] })
    }
  }

  /// A part of an axis: `start`, `start + step`, ... below `end`.
  public func sliced(axis: Int, from start: Int, to end: Int, step: Int = 1) -> Tensor {
    let axis = self.axis(axis)
    require(
      0 <= start && start <= end && end <= shape[axis] && step > 0,
      "slice \(start)..<\(end) by \(step) of axis \(axis) of a tensor of shape \(shape)")
    if start == 0, end == shape[axis], step == 1 { return self }
    let old = shape
    var target = old
    target[axis] = (end - start + step - 1) / step
    var strides = rowMajorStrides(old)
    let offset = start * strides[axis]
    strides[axis] *= step
    return Tensor.operation("slice", of: [self]) { [strides] in
      (
        block(of: target, strides: strides, at: offset),
        { gradient in
          let gx = Tensor.filled(0, shape: old)
          StridedCopy(sizes: gradient.shape, to: strides, from: rowMajorStrides(gradient.shape))(
            gradient.storage, to: gx.storage, startingAt: offset)
          return [gx]
        }
      )
    }
  }

  /// Turned along some axes (PyTorch's `roll`): the element at i goes to (i + shift) modulo the extent.
  public func rolled(_ shifts: [Int], axes: [Int]) -> Tensor {
    require(shifts.count == axes.count, "shifts \(shifts) along the axes \(axes)")
    var total = [Int](repeating: 0, count: rank)
    for (axis, shift) in zip(axes.map(axis), shifts) where shape[axis] > 0 {
      let sum = (total[axis] + shift) % shape[axis]
      total[axis] = sum < 0 ? sum + shape[axis] : sum
    }
    if total.allSatisfy({ $0 == 0 }) { return self }
    return Tensor.operation("roll", of: [self]) { [total] in
      (turned(total), { [$0.turned(zip($0.shape, total).map { $1 == 0 ? 0 : $0 - $1 })] })
    }
  }

  /// Every element moved on by `shifts`, each in `0 ..< extent`; no derivative.
  private func turned(_ shifts: [Int]) -> Tensor {
    let y = Tensor.uninitialized(shape)
    let strides = rowMajorStrides(shape)
    // Each axis falls into two runs that stay whole; a block is one of them in every axis.
    var blocks: [(sizes: [Int], from: Int, to: Int)] = [([], 0, 0)]
    for (axis, shift) in shifts.enumerated() {
      let rest = shape[axis] - shift
      let runs = [(size: rest, from: 0, to: shift), (size: shift, from: rest, to: 0)]
      blocks = blocks.flatMap { block in
        runs.filter { $0.size > 0 }.map { run in
          (
            sizes: block.sizes + [run.size], from: block.from + run.from * strides[axis],
            to: block.to + run.to * strides[axis]
          )
        }
      }
    }
    for block in blocks {
      StridedCopy(sizes: block.sizes, to: strides, from: strides)(
        storage, at: block.from, to: y.storage, startingAt: block.to)
    }
    return y
  }

  /// A dense copy of what lies at the given strides; no derivative.
  fileprivate func block(of target: [Int], strides: [Int], at offset: Int) -> Tensor {
    let y = Tensor.uninitialized(target)
    StridedCopy(sizes: target, to: rowMajorStrides(target), from: strides)(
      storage, at: offset, to: y.storage)
    return y
  }
}

/// Tensors joined along an axis; their other axes agree.
public func concatenated(_ tensors: [Tensor], axis: Int) -> Tensor {
  guard let first = tensors.first else { EngineFailure.end("no tensors to be joined") }
  let axis = first.axis(axis)
  for tensor in tensors {
    require(
      tensor.rank == first.rank
        && tensor.shape.indices.allSatisfy { $0 == axis || tensor.shape[$0] == first.shape[$0] },
      "shapes \(first.shape) and \(tensor.shape) to be joined along axis \(axis)")
  }
  if tensors.count == 1 { return first }
  return Tensor.operation("concatenate", of: tensors) {
    var target = first.shape
    target[axis] = tensors.map { $0.shape[axis] }.reduce(0, +)
    let strides = rowMajorStrides(target)
    let y = Tensor.uninitialized(target)
    var starts: [Int] = []
    var start = 0
    for tensor in tensors {
      StridedCopy(sizes: tensor.shape, to: strides, from: rowMajorStrides(tensor.shape))(
        tensor.storage, to: y.storage, startingAt: start)
      starts.append(start)
      start += tensor.shape[axis] * strides[axis]
    }
    let parts = zip(tensors, starts).map { tensor, start in
      (shape: tensor.shape, start: start, isNeeded: tensor.needsGradient)
    }
    return (
      y,
      { gradient in
        parts.map { $0.isNeeded ? gradient.block(of: $0.shape, strides: strides, at: $0.start) : nil }
      }
    )
  }
}
