import CKernels
import Tensors

/// Bytes that ranks send to each other, at a place that stays. Their memory is that of tensors, which is used again: the
/// system would clear each page of a new one first, which takes longer than to send it.
///
/// `@unchecked Sendable`: written by who makes it before anybody else has it, or by MPI until the exchange is done, then by
/// the one who adds up what has come, if any, and only read afterwards.
public final class MessageBuffer: @unchecked Sendable {
  let bytes: UnsafeMutableRawBufferPointer
  /// The memory, or the buffer that it is a part of.
  private let block: BufferPool.Block?
  private let whole: MessageBuffer?

  /// Room for so many bytes, which `fill` writes.
  init(count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void = { _ in }) {
    let block = BufferPool.shared.take(bytes: count) { "a message between ranks" }
    (self.block, whole) = (block, nil)
    bytes = UnsafeMutableRawBufferPointer(start: block.address, count: count)
    fill(bytes)
  }

  /// A part of another one, which stays.
  init(_ range: Range<Int>, of whole: MessageBuffer) {
    (block, self.whole) = (nil, whole)
    bytes = UnsafeMutableRawBufferPointer(rebasing: whole.bytes[range])
  }

  /// A copy of bytes.
  public convenience init(_ bytes: [UInt8]) { self.init(count: bytes.count) { $0.copyBytes(from: bytes) } }

  deinit { if let block { BufferPool.shared.give(block) } }

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

  /// Adds the float32 numbers of another one, number by number.
  func add(_ other: MessageBuffer) {
    precondition(other.count == count, "sums of \(count) and \(other.count) bytes")
    let (sum, addend) = (
      bytes.assumingMemoryBound(to: Float.self), other.bytes.assumingMemoryBound(to: Float.self)
    )
    if let sum = sum.baseAddress, let addend = addend.baseAddress {
      dp_accumulate(sum, addend, other.count / 4)
    }
  }
}
