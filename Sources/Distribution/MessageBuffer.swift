/// Bytes that ranks send to each other, at a place that stays.
///
/// `@unchecked Sendable`: written by who makes it before anybody else has it, or by MPI until the exchange is done, and
/// only read afterwards.
public final class MessageBuffer: @unchecked Sendable {
  let bytes: UnsafeMutableRawBufferPointer

  /// Room for so many bytes, which `fill` writes.
  init(count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void = { _ in }) {
    bytes = .allocate(byteCount: count, alignment: 64)
    fill(bytes)
  }

  /// A copy of bytes.
  public convenience init(_ bytes: [UInt8]) { self.init(count: bytes.count) { $0.copyBytes(from: bytes) } }

  deinit { bytes.deallocate() }

  /// How many there are.
  public var count: Int { bytes.count }

  /// A copy.
  public var array: [UInt8] { Array(bytes) }

  /// Numbers among them, counted in numbers: all ranks run the same program on processors of one byte order.
  func numbers<Number: BitwiseCopyable>(_ range: Range<Int>) -> [Number] {
    let size = MemoryLayout<Number>.size
    return [Number](unsafeUninitializedCapacity: range.count) { target, count in
      UnsafeMutableRawBufferPointer(target).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound * size..<range.upperBound * size]))
      count = range.count
    }
  }
}
