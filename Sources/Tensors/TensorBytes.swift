extension Tensor {
  /// A tensor from the bytes of float32 numbers, little-endian and row-major.
  package init(bytes: [UInt8], shape: [Int]) {
    require(
      bytes.count == shape.product * MemoryLayout<Float>.size, "\(bytes.count) bytes for a tensor \(shape)")
    self = .uninitialized(shape)
    UnsafeMutableRawBufferPointer(storage.values).copyBytes(from: bytes)
  }

  /// A tensor of float32 numbers that `fill` writes, all of them, as they lie in memory.
  package init(shape: [Int], filling fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    self = .uninitialized(shape)
    try fill(UnsafeMutableRawBufferPointer(storage.values))
  }

  /// The numbers as bytes, little-endian and row-major.
  package var bytes: [UInt8] { Array(UnsafeRawBufferPointer(storage.values)) }

  /// Copies some of the numbers, as they lie in memory, to where there is room for them.
  package func copy(_ range: Range<Int>, to target: UnsafeMutableRawBufferPointer) {
    target.copyMemory(from: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: storage.values[range])))
  }
}
