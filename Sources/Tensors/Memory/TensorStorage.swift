import Files
import Synchronization

extension Tensor {
  /// The type of a tensor's numbers.
  public enum ElementType: String, Sendable {
    /// What every operation computes with.
    case float32
    /// The upper half of a float32: for operands of products in inference (``Precision``). No operation takes it.
    case bfloat16

    /// Bytes of one number.
    public var size: Int {
      switch self {
      case .float32: 4
      case .bfloat16: 2
      }
    }
  }
}

/// The numbers of a tensor. Written only by the operation that makes it, or by a sole owner.
///
/// `@unchecked Sendable`: what is stored never changes but for `kept`, which is locked, and the pieces of a parallel
/// loop write ranges that no other piece touches, while the loop's closure keeps the storage alive.
final class TensorStorage: @unchecked Sendable {
  let elementType: Tensor.ElementType
  let count: Int
  /// Where the numbers are; nil where they are not computed (``Computation``), or zeros that nobody has asked for.
  private let block: BufferPool.Block?
  /// Who counts what the numbers would take, where they are not computed.
  private let account: MemoryAccount?
  /// The file that the block is a part of; else it is the pool's.
  private let file: MappedFile?
  private let kept = Mutex(Kept())

  private struct Kept {
    var derived: [DerivedForm: TensorStorage] = [:]
    /// Zeros, made when they are asked for.
    var stand: BufferPool.Block?
  }

  /// Uninitialised numbers.
  init(shape: [Int], elementType: Tensor.ElementType = .float32) {
    require(shape.allSatisfy { $0 >= 0 }, "a tensor of shape \(shape)")
    (count, self.elementType) = (shape.product, elementType)
    block = Self.block(count, elementType) { "a tensor \(shape)" }
    account = Self.account(count, elementType)
    file = nil
  }

  /// Float32 numbers that are a part of a file in memory.
  init(count: Int, in file: MappedFile, at byte: Int) {
    (self.count, elementType, self.file, account) = (count, .float32, file, nil)
    block = BufferPool.Block(address: file.address + byte, size: count * MemoryLayout<Float>.size)
  }

  /// Zeros that take no memory until somebody looks at them or writes them.
  init(zerosWhenAskedForOfShape shape: [Int]) {
    require(shape.allSatisfy { $0 >= 0 }, "a tensor of shape \(shape)")
    (count, elementType, block, file) = (shape.product, .float32, nil, nil)
    account = Self.account(count, .float32)
  }

  /// Zeros of any type.
  convenience init(zerosOfShape shape: [Int], elementType: Tensor.ElementType) {
    self.init(shape: shape, elementType: elementType)
    block?.address.initializeMemory(as: UInt8.self, repeating: 0, count: count * elementType.size)
  }

  /// Uninitialised numbers of an operation's own.
  ///
  /// - Parameter purpose: What they are for, for the message when there is no memory: "the columns of a convolution".
  init(count: Int, elementType: Tensor.ElementType = .float32, for purpose: StaticString) {
    (self.count, self.elementType) = (count, elementType)
    block = Self.block(count, elementType) { "\(purpose)" }
    account = Self.account(count, elementType)
    file = nil
  }

  deinit {
    account?.give(count, elementType)
    for block in [file == nil ? block : nil, kept.withLock { $0.stand }].compactMap(\.self) {
      BufferPool.shared.give(block)
    }
  }

  private static func block(
    _ count: Int, _ type: Tensor.ElementType, _ purpose: () -> String
  ) -> BufferPool.Block? {
    Computation.isOn ? memory(count, type, purpose) : nil
  }

  private static func account(_ count: Int, _ type: Tensor.ElementType) -> MemoryAccount? {
    guard !Computation.isOn, let account = MemoryAccount.current else { return nil }
    account.take(count, type)
    return account
  }

  private static func memory(
    _ count: Int, _ type: Tensor.ElementType, _ purpose: () -> String
  ) -> BufferPool.Block {
    let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: type.size)
    return BufferPool.shared.take(bytes: isTooLarge ? .max : bytes, for: purpose)
  }

  /// Where the numbers begin. Only operations of this room see it, and only for float32.
  var base: UnsafeMutablePointer<Float> {
    require(elementType == .float32, "an operation of float32 on numbers of \(elementType)")
    return (block ?? stand).address.assumingMemoryBound(to: Float.self)
  }

  /// Where the numbers begin, of bfloat16.
  var halves: UnsafeMutablePointer<UInt16> {
    require(elementType == .bfloat16, "an operation of bfloat16 on numbers of \(elementType)")
    return (block ?? stand).address.assumingMemoryBound(to: UInt16.self)
  }

  /// Zeros for numbers that are not computed, or not asked for until now.
  private var stand: BufferPool.Block {
    kept.withLock { kept in
      if let made = kept.stand { return made }
      let made = Self.memory(count, elementType) { "a tensor of \(count) numbers" }
      made.address.initializeMemory(as: UInt8.self, repeating: 0, count: count * elementType.size)
      kept.stand = made
      return made
    }
  }

  /// All numbers.
  var values: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: base, count: count) }

  /// What an operation has made of these numbers, kept until they are written: made at the first call.
  func derived(_ form: DerivedForm, _ make: () -> TensorStorage) -> TensorStorage {
    if let made = kept.withLock({ $0.derived[form] }) { return made }
    let made = make()
    if Computation.isOn { kept.withLock { $0.derived[form] = made } }
    return made
  }

  /// Drops what was made of the numbers, as they are about to be written.
  func forgetDerived() { kept.withLock { $0.derived = [:] } }
}
