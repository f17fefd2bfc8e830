import CKernels

/// A copy that reads and writes with a stride for each axis: permutations, slices, padding, broadcasting.
struct StridedCopy {
  private var axes: [Axis]

  private struct Axis: Sendable {
    var size, to, from: Int
  }

  /// A walk over all indices of `sizes`; a stride of 0 in `from` repeats.
  init(sizes: [Int], to: [Int], from: [Int]) {
    require(sizes.count == to.count && sizes.count == from.count, "\(sizes), \(to), \(from)")
    axes = []
    for (size, (to, from)) in zip(sizes, zip(to, from)) where size != 1 {
      // Axes that follow each other in both memories are one.
      if let last = axes.last, last.to == size * to, last.from == size * from {
        axes[axes.count - 1] = Axis(size: last.size * size, to: to, from: from)
      } else {
        axes.append(Axis(size: size, to: to, from: from))
      }
    }
    if axes.isEmpty { axes = [Axis(size: 1, to: 1, from: 1)] }
    require(axes.count <= Int(DP_MAXIMUM_AXES), "\(axes.count) axes of a copy")
  }

  /// Copies from `x` to `y`, beginning at the given numbers of each.
  func callAsFunction(_ x: TensorStorage, at source: Int = 0, to y: TensorStorage, startingAt target: Int = 0)
  {
    guard axes.allSatisfy({ $0.size > 0 }), let last = axes.last else { return }
    if last.to == 1, last.from > 1, let row = axes.dropLast().firstIndex(where: { $0.from == 1 }) {
      var order = axes
      order.remove(at: row)
      order.insert(axes[row], at: order.count - 1)
      Self.transpose(order, x, at: source, to: y, at: target)
    } else {
      Self.copy(axes, x, at: source, to: y, at: target)
    }
  }

  private static func copy(
    _ axes: [Axis], _ x: TensorStorage, at source: Int, to y: TensorStorage, at target: Int
  ) {
    let (sizes, to, from) = (axes.map(\.size), axes.map(\.to), axes.map(\.from))
    let runs = sizes.dropLast().product
    let last = axes[axes.count - 1]
    // A run is cut where there are few of them.
    let parts = max(1, min((63 + runs) / runs, last.size >> 14))
    parallel(over: runs * parts, grain: max(1, (1 << 15) / (last.size / parts))) { range in
      guard parts > 1 else {
        return dp_copy_strided(
          y.base + target, x.base + source, sizes.count, sizes, to, from, range.lowerBound, range.upperBound)
      }
      for index in range {
        let (run, part) = index.quotientAndRemainder(dividingBy: parts)
        let (start, end) = (last.size * part / parts, last.size * (part + 1) / parts)
        dp_copy_strided(
          y.base + target + start * last.to, x.base + source + start * last.from, sizes.count,
          sizes.dropLast() + [end - start], to, from, run, run + 1)
      }
    }
  }

  private static func transpose(
    _ axes: [Axis], _ x: TensorStorage, at source: Int, to y: TensorStorage, at target: Int
  ) {
    let (to, from) = (axes.map(\.to), axes.map(\.from))
    let sizes = axes.map(\.size)
    let row = axes[axes.count - 2]
    let columns = axes[axes.count - 1].size
    let planes = sizes.dropLast(2).product
    // Planes are cut into blocks of rows and columns where there are few of them.
    let wanted = max(1, min((63 + planes) / planes, (row.size * columns) >> 14))
    let heights = max(1, min(row.size / 32, wanted))
    let widths = max(1, min(columns / 64, (wanted + heights - 1) / heights))
    let blocks = heights * widths
    parallel(over: planes * blocks, grain: max(1, (1 << 15) / (row.size * columns / blocks))) { range in
      guard blocks > 1 else {
        return dp_copy_transposed(
          y.base + target, x.base + source, sizes.count, sizes, to, from, range.lowerBound, range.upperBound)
      }
      for index in range {
        let (plane, block) = index.quotientAndRemainder(dividingBy: blocks)
        let (height, width) = block.quotientAndRemainder(dividingBy: widths)
        let (top, bottom) = (row.size * height / heights, row.size * (height + 1) / heights)
        let (left, right) = (columns * width / widths, columns * (width + 1) / widths)
        dp_copy_transposed(
          y.base + target + top * row.to + left, x.base + source + top + left * from[from.count - 1],
          sizes.count, sizes.dropLast(2) + [bottom - top, right - left], to, from, plane, plane + 1)
      }
    }
  }
}

/// The strides of a dense row-major tensor.
func rowMajorStrides(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
  return strides
}

extension Tensor {
  /// The numbers repeated over the axes in which `shape` is larger, matched from the last axis; no derivative.
  func repeated(to target: [Int]) -> Tensor {
    if shape == target { return detached }
    let lead = target.count - rank
    let strides = rowMajorStrides(shape)
    let from = target.indices.map { $0 < lead || shape[$0 - lead] == 1 ? 0 : strides[$0 - lead] }
    let y = Tensor.uninitialized(target)
    StridedCopy(sizes: target, to: rowMajorStrides(target), from: from)(storage, to: y.storage)
    return y
  }

  /// One number everywhere, written by all threads.
  static func filled(_ value: Float, shape: [Int]) -> Tensor { Tensor(value).repeated(to: shape) }
}
