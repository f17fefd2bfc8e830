import CKernels

/// The pixels of a photograph on their way into a batch.
package struct BytePixels: Sendable {
  /// `[height, width, 3]`.
  package let bytes: [UInt8]
  package let height, width: Int

  /// Pixels of three channels.
  package init(_ bytes: [UInt8], height: Int, width: Int) {
    require(
      height >= 0 && width >= 0 && bytes.count == [height, width, 3].product,
      "\(bytes.count) bytes for pixels of [\(height), \(width), 3]")
    (self.bytes, self.height, self.width) = (bytes, height, width)
  }
}

extension Tensor {
  /// Photographs in the upper left corners of a batch; the rest is padding.
  ///
  /// - Parameters:
  ///   - photographs: None higher or wider than the batch.
  ///   - table: What each byte becomes: 256 numbers for each channel of the batch.
  ///   - order: Which channel of a photograph becomes which of the batch.
  /// - Returns: `[B, height, width, 3]`.
  package static func batch(
    _ photographs: [BytePixels], height: Int, width: Int, table: [Float], order: [Int], padding: Float
  ) -> Tensor {
    require(
      table.count == 3 * 256 && order.count == 3 && order.allSatisfy { (0..<3).contains($0) },
      "a table of \(table.count) numbers, channels \(order)")
    require(
      photographs.allSatisfy { $0.height <= height && $0.width <= width },
      "photographs \(photographs.map { [$0.height, $0.width] }) in a batch of [\(height), \(width)]")
    let result = Tensor.uninitialized([photographs.count, height, width, 3])
    let storage = result.storage
    let channels = order.map { Int32($0) }
    parallel(photographs.count) { index in
      let photograph = photographs[index]
      dp_image_normalize(
        photograph.bytes, Int64(photograph.height), Int64(photograph.width), table, channels, padding,
        storage.base + index * height * width * 3, Int64(height), Int64(width))
    }
    return result
  }
}
