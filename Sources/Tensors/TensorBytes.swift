import Files

extension Tensor {
  /// A tensor from the bytes of float32 numbers, little-endian and row-major.
  package init(bytes: [UInt8], shape: [Int]) {
    require(
      bytes.count == shape.product * MemoryLayout<Float>.size, "\(bytes.count) bytes for a tensor \(shape)")
    self = .uninitialized(shape)
    UnsafeMutableRawBufferPointer(storage.values).copyBytes(from: bytes)
  }

  /// Tensors of float32 numbers that `fill` writes, all of each, as they lie in memory.
  package static func tensors(
    _ shapes: [[Int]], filling fill: (_ memory: [UnsafeMutableRawBufferPointer]) throws -> Void
  ) rethrows -> [Tensor] {
    let tensors = shapes.map { Tensor.uninitialized($0) }
    try fill(tensors.map { UnsafeMutableRawBufferPointer($0.storage.values) })
    return tensors
  }

  /// A tensor whose float32 numbers are those of a file in memory, from a byte on that the caller has checked; nil where
  /// they do not lie there as numbers do. Written numbers stay in this process.
  package init?(in file: MappedFile, at byte: Int, shape: [Int]) {
    guard Int(bitPattern: file.address + byte) % MemoryLayout<Float>.alignment == 0, Computation.isOn else {
      return nil
    }
    require(
      byte >= 0 && byte + shape.product * MemoryLayout<Float>.size <= file.count,
      "a tensor \(shape) at byte \(byte) of \(file.count)")
    self.init(shape: shape, storage: TensorStorage(count: shape.product, in: file, at: byte))
  }

  /// The numbers as bytes, little-endian and row-major.
  package var bytes: [UInt8] { Array(UnsafeRawBufferPointer(storage.values)) }

  /// Copies some of the numbers, as they lie in memory, to where there is room for them.
  package func copy(_ range: Range<Int>, to target: UnsafeMutableRawBufferPointer) {
    target.copyMemory(from: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: storage.values[range])))
  }
}
