import CKernels

/// Maps put together from parts; for predictions, nothing here has a derivative.
extension Tensor {
  /// Adds a smaller map `[B, h, w, C]` to the part of this map `[B, H, W, C]` whose upper left pixel is given.
  package mutating func add(_ part: Tensor, row: Int, column: Int) {
    require(
      rank == 4 && part.rank == 4 && part.shape[0] == shape[0] && part.shape[3] == shape[3]
        && row >= 0 && row + part.shape[1] <= shape[1] && column >= 0 && column + part.shape[2] <= shape[2],
      "a part \(part.shape) of a map \(shape), from row \(row) and column \(column) on")
    makeUnique()
    let (height, width, channels, rows) = (shape[1], shape[2], shape[3], part.shape[1])
    let line = part.shape[2] * channels
    let (sum, addend) = (storage, part.storage)
    parallel(over: shape[0] * rows, grain: max(1, (1 << 14) / max(1, line))) { range in
      for index in range {
        let (image, i) = (index / rows, index % rows)
        dp_accumulate(
          sum.base + ((image * height + row + i) * width + column) * channels, addend.base + index * line,
          line)
      }
    }
  }

  /// `[B, H, W, C]` with left and right, or top and bottom, exchanged.
  package func mirrored(horizontally: Bool, vertically: Bool) -> Tensor {
    require(rank == 4, "a map \(shape) to be mirrored")
    guard horizontally || vertically else { return detached }
    let (height, width, channels) = (shape[1], shape[2], shape[3])
    let columns = (0..<width).map { Int32(horizontally ? width - 1 - $0 : $0) }
    let y = Tensor.uninitialized(shape)
    let (x, result, line) = (storage, y.storage, width * channels)
    parallel(over: shape[0] * height, grain: max(1, (1 << 14) / max(1, line))) { range in
      for index in range {
        let (image, i) = (index / height, index % height)
        let row = image * height + (vertically ? height - 1 - i : i)
        dp_gather_items(result.base + index * line, x.base + row * line, columns, width, channels)
      }
    }
    return y
  }
}

/// Maps `[B, h, w, C]` resized to one size, as `resizedBilinear` does it, and joined along their channels: no map is
/// there twice, as it would be when they are resized first. For predictions; it has no derivative.
///
/// - Parameter strip: Which rows of the result; nil: all.
/// - Returns: `[B, strip.count, width, sum of C]`.
package func joinedChannels(
  of maps: [Tensor], height: Int, width: Int, alignCorners: Bool, rows strip: Range<Int>? = nil
) -> Tensor {
  let strip = strip ?? 0..<height
  require(strip.lowerBound >= 0 && strip.upperBound <= height, "rows \(strip) of \(height)")
  let images = maps.first?.shape[0] ?? 0
  require(
    maps.allSatisfy { $0.rank == 4 && $0.shape[0] == images && min($0.shape[1], $0.shape[2]) > 0 },
    "maps \(maps.map(\.shape)) to be joined at \(height) x \(width)")
  let total = maps.map { $0.shape[3] }.reduce(0, +)
  let y = Tensor.uninitialized([images, strip.count, width, total])
  let result = y.storage
  var channel = 0
  for map in maps {
    let (oldHeight, oldWidth, channels) = (map.shape[1], map.shape[2], map.shape[3])
    let (x, start, isSame) = (map.storage, channel, oldHeight == height && oldWidth == width)
    channel += channels
    if !isSame { OperationCounter.current?.add(.bilinearUpsampling, 4, images, strip.count, width, channels) }
    let rows = BilinearTaps(from: oldHeight, to: height, alignCorners: alignCorners)
    let columns = BilinearTaps(from: oldWidth, to: width, alignCorners: alignCorners)
    let line = oldWidth * channels
    parallel(over: images * strip.count, grain: max(1, (1 << 14) / max(1, width * channels))) { range in
      var scratch = [Float](repeating: 0, count: isSame ? 0 : width * channels)
      scratch.withUnsafeMutableBufferPointer { scratch in
        for index in range {
          let (image, i) = (index / strip.count, strip.lowerBound + index % strip.count)
          let source = x.base + image * oldHeight * line
          if !isSame {
            dp_bilinear_row(
              scratch.baseAddress, source + Int(rows.first[i]) * line, source + Int(rows.second[i]) * line,
              rows.fraction[i], columns.first, columns.second, columns.fraction, width, channels)
          }
          let row = isSame ? UnsafePointer(source + i * line) : UnsafePointer(scratch.baseAddress)
          dp_copy_strided(
            result.base + index * width * total + start, row, 2, [width, channels], [total, 1],
            [channels, 1], 0, width)
        }
      }
    }
  }
  return y
}
