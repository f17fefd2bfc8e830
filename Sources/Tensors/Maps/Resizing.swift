import CKernels

extension Tensor {
  /// Bilinear resizing of `[B, H, W, C]` to a height and width in pixels (PyTorch's `interpolate`, without
  /// antialiasing). Where `alignCorners` is true, the centres of the corner pixels stay where they are, else the
  /// corners of the corner pixels do.
  ///
  /// - Returns: `[B, height, width, C]`.
  public func resizedBilinear(height: Int, width: Int, alignCorners: Bool) -> Tensor {
    let maps = MapShape(self, height, width)
    OperationCounter.current?.add(.bilinearUpsampling, 4, maps.images, height, width, maps.channels)
    let rows = BilinearTaps(from: maps.height, to: height, alignCorners: alignCorners)
    let columns = BilinearTaps(from: maps.width, to: width, alignCorners: alignCorners)
    let (inRow, outRow) = (maps.width * maps.channels, width * maps.channels)
    let old = shape
    return Tensor.operation("resize_bilinear", of: [self]) {
      let y = Tensor.uninitialized([maps.images, height, width, maps.channels])
      let (x, result) = (storage, y.storage)
      parallel(over: maps.images * height, grain: max(1, (1 << 14) / max(1, outRow))) { range in
        for out in range {
          let (image, i) = (out / height, out % height)
          let source = x.base + image * maps.height * inRow
          dp_bilinear_row(
            result.base + out * outRow, source + Int(rows.first[i]) * inRow,
            source + Int(rows.second[i]) * inRow, rows.fraction[i], columns.first, columns.second,
            columns.fraction, width, maps.channels)
        }
      }
      return (
        y,
        { gradient in
          let gx = Tensor.uninitialized(old)
          let (g, output) = (gradient.storage, gx.storage)
          let users = rows.users(of: maps.height)
          // Every piece gathers into its own input rows.
          parallel(over: maps.images * maps.height, grain: max(1, (1 << 14) / max(1, inRow))) { range in
            (output.base + range.lowerBound * inRow).update(repeating: 0, count: range.count * inRow)
            for row in range {
              let image = row / maps.height
              for (i, weight) in users[row % maps.height] {
                dp_bilinear_row_backward(
                  output.base + row * inRow, g.base + (image * height + i) * outRow, weight, columns.first,
                  columns.second, columns.fraction, width, maps.channels)
              }
            }
          }
          return [gx]
        }
      )
    }
  }

  /// Resizing of `[B, H, W, C]` to the nearest pixel: row i of the result is row floor(i H / height).
  ///
  /// - Returns: `[B, height, width, C]`.
  public func resizedNearest(height: Int, width: Int) -> Tensor {
    let maps = MapShape(self, height, width)
    OperationCounter.current?.add(.nearestUpsampling, maps.images, height, width, maps.channels)
    let columns = (0..<width).map { Int32($0 * maps.width / width) }
    let (inRow, outRow) = (maps.width * maps.channels, width * maps.channels)
    let old = shape
    return Tensor.operation("resize_nearest", of: [self]) {
      let y = Tensor.uninitialized([maps.images, height, width, maps.channels])
      let (x, result) = (storage, y.storage)
      parallel(over: maps.images * height, grain: max(1, (1 << 14) / max(1, outRow))) { range in
        for out in range {
          let (image, i) = (out / height, out % height)
          dp_gather_items(
            result.base + out * outRow, x.base + (image * maps.height + i * maps.height / height) * inRow,
            columns, width, maps.channels)
        }
      }
      return (
        y,
        { gradient in
          let gx = Tensor.uninitialized(old)
          let (g, output) = (gradient.storage, gx.storage)
          parallel(over: maps.images * maps.height, grain: max(1, (1 << 14) / max(1, inRow))) { range in
            (output.base + range.lowerBound * inRow).update(repeating: 0, count: range.count * inRow)
            for row in range {
              let (image, i) = (row / maps.height, row % maps.height)
              // The rows of the result whose floor is i.
              let first = (i * height + maps.height - 1) / maps.height
              let end = ((i + 1) * height + maps.height - 1) / maps.height
              for out in first..<end {
                dp_scatter_items(
                  output.base + row * inRow, g.base + (image * height + out) * outRow, columns, width,
                  maps.channels)
              }
            }
          }
          return [gx]
        }
      )
    }
  }
}

/// The extents of feature maps that are to be resized.
private struct MapShape: Sendable {
  let images, height, width, channels: Int

  init(_ x: Tensor, _ newHeight: Int, _ newWidth: Int) {
    require(
      x.rank == 4 && newHeight >= 0 && newWidth >= 0
        && (x.shape[1] > 0 || newHeight == 0) && (x.shape[2] > 0 || newWidth == 0),
      "shape \(x.shape) resized to \(newHeight) x \(newWidth)")
    (images, height, width, channels) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
  }
}

/// Where bilinear resizing reads along one axis: output i mixes `first[i]` and `second[i]`.
struct BilinearTaps: Sendable {
  var first: [Int32] = []
  var second: [Int32] = []
  /// Weight of the second.
  var fraction: [Float] = []

  init(from size: Int, to newSize: Int, alignCorners: Bool) {
    // In Float32 as PyTorch computes it, to take the same pixels.
    let scale =
      alignCorners
      ? (newSize > 1 ? Float(size - 1) / Float(newSize - 1) : 0) : Float(size) / Float(max(1, newSize))
    for i in 0..<newSize {
      let position = alignCorners ? Float(i) * scale : max(0, (Float(i) + 0.5) * scale - 0.5)
      let lower = min(Int(position), size - 1)
      first.append(Int32(lower))
      second.append(Int32(min(lower + 1, size - 1)))
      fraction.append(min(max(position - Float(lower), 0), 1))
    }
  }

  /// For each input the outputs that read it, ascending, with their weights.
  func users(of size: Int) -> [[(output: Int, weight: Float)]] {
    var users = [[(output: Int, weight: Float)]](repeating: [], count: size)
    for i in first.indices {
      let (lower, upper) = (Int(first[i]), Int(second[i]))
      users[lower].append((i, 1 - fraction[i]))
      users[upper].append((i, fraction[i]))
    }
    return users
  }
}
