/// A step of bicubic interpolation (Keys, 1981, with a = -0.75 as PyTorch has it).
private func bicubicWeight(_ distance: Double) -> Double {
  let (a, x) = (-0.75, abs(distance))
  return x <= 1
    ? ((a + 2) * x - (a + 3)) * x * x + 1 : x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0
}

/// How each of `newSize` positions mixes the `size` ones of an axis: `[newSize, size]`.
private func bicubicMatrix(from size: Int, to newSize: Int) -> Tensor {
  var weights = [Float](repeating: 0, count: newSize * size)
  let scale = Double(size) / Double(max(1, newSize))
  for i in 0..<newSize {
    let position = (Double(i) + 0.5) * scale - 0.5
    let lower = Int(position.rounded(.down))
    for tap in lower - 1...lower + 2 {
      // What lies outside is the pixel at the border.
      weights[i * size + min(max(tap, 0), size - 1)] += Float(bicubicWeight(position - Double(tap)))
    }
  }
  return Tensor(weights, shape: [newSize, size])
}

extension Tensor {
  /// Bicubic resizing of `[B, H, W, C]` (PyTorch's `interpolate` without `align_corners` and antialiasing), as products
  /// of matrices: for small maps, such as embeddings of positions.
  ///
  /// - Returns: `[B, height, width, C]`.
  public func resizedBicubic(height: Int, width: Int) -> Tensor {
    require(
      rank == 4 && height >= 0 && width >= 0 && (shape[1] > 0 || height == 0) && (shape[2] > 0 || width == 0),
      "shape \(shape) resized to \(height) x \(width)")
    let (images, oldHeight, oldWidth, channels) = (shape[0], shape[1], shape[2], shape[3])
    let rows = matmul(
      bicubicMatrix(from: oldHeight, to: height), reshaped([images, oldHeight, oldWidth * channels]))
    return matmul(
      bicubicMatrix(from: oldWidth, to: width), rows.reshaped([images, height, oldWidth, channels]))
  }
}
