import CKernels
import Files
import Tensors

/// A file of `torch.save`: what its pickle describes, and where the numbers lie.
struct PyTorchFile {
  /// Zip archive, or the sequence of pickles before it.
  var format: Checkpoint.Format
  /// All values of the pickle.
  var graph: PickleGraph
  /// What was saved.
  var root: PickleValue
  /// Whether numbers are stored high byte first.
  var isBigEndian: Bool
  /// The size of what the file holds for a storage's key; nil if it holds nothing.
  var sizes: [String: Int]
  /// Reads all bytes of a storage.
  var bytes: (String) throws -> [UInt8]
  /// Where storages lie in a file in memory, their checksums checked; nil where there is none, or they lie otherwise there.
  typealias Places = (_ keys: [String]) throws -> (file: MappedFile, ranges: [Range<Int>])?
  private let places: Places
  private let source: ByteSource

  init(
    _ source: ByteSource, format: Checkpoint.Format, graph: PickleGraph, root: PickleValue, isBigEndian: Bool,
    sizes: [String: Int], places: @escaping Places = { _ in nil },
    bytes: @escaping (String) throws -> [UInt8]
  ) throws {
    guard !graph.hasCycle(from: root) else {
      throw source.failure("a list or dictionary in it holds itself")
    }
    (self.source, self.places) = (source, places)
    (self.format, self.graph, self.root, self.isBigEndian) = (format, graph, root, isBigEndian)
    // What stands in the pickle itself goes before what stands beside it.
    self.sizes = sizes.merging(graph.arrays.mapValues(\.count)) { $1 }
    self.bytes = { key in try graph.arrays[key] ?? bytes(key) }
  }

  /// The dense tensors, by their names; each storage is read once and freed before the next.
  ///
  /// A tensor that is its whole storage shares its memory with others that are (tied weights).
  ///
  /// - Parameter chosen: Numbers of the graph's tensors by name.
  /// - Returns: The tensors, and the bytes of their storages, each counted once.
  /// - Throws: `CheckpointError`, before anything is read where sizes disagree.
  func tensors(_ chosen: [String: Int]) throws -> (tensors: [String: StoredTensor], byteCount: Int) {
    var byKey: [String: [(name: String, tensor: PickledTensor)]] = [:]
    var copied = 0
    for (name, number) in chosen {
      let tensor = graph.tensors[number]
      if let fault = tensor.fault {
        throw source.failure("tensor '\(name.printed)' is \(fault): convert it in PyTorch first")
      }
      let storage = graph.storages[tensor.storage]
      guard let size = sizes[storage.key] else {
        throw source.failure(
          "tensor '\(name.printed)' needs storage '\(storage.key.printed)', which is missing")
      }
      guard size == storage.byteCount else {
        throw source.failure(
          "storage '\(storage.key.printed)' of tensor '\(name.printed)' should have \(storage.byteCount) bytes, but the file holds \(size)"
        )
      }
      if !isWhole(tensor) { copied = copied.addingReportingOverflow(tensor.byteCount).partialValue }
      byKey[storage.key, default: []].append((name, tensor))
    }
    // Views that repeat a few numbers (stride 0) must not fill the memory.
    let room = 4 * source.count + 16 << 20
    guard copied >= 0, copied <= room, chosen.count < 1 << 20 else {
      throw source.failure(
        "its views come to \(copied) bytes, more than \(room) for a file of \(source.count)")
    }
    var tensors: [String: StoredTensor] = [:]
    var total = 0
    let whole = byKey.filter { key, members in
      graph.arrays[key] == nil && members.allSatisfy { isWhole($0.tensor) }
    }.keys.sorted()
    if let (file, ranges) = try places(whole) {
      for (key, range) in zip(whole, ranges) {
        total += range.count
        for (name, tensor) in byKey.removeValue(forKey: key) ?? [] {
          tensors[name] = StoredTensor(type: tensor.type, shape: tensor.shape, in: file, at: range)
        }
      }
    }
    for (key, members) in byKey.sorted(by: { $0.key < $1.key }) {
      let bytes = try bytes(key)
      let isSwapped = isBigEndian && graph.arrays[key] == nil
      total += bytes.count
      var whole: [ElementType: [UInt8]] = [:]
      for (name, tensor) in members {
        var dense = isWhole(tensor) ? whole[tensor.type] ?? bytes : gathered(tensor, bytes)
        if isSwapped, !isWhole(tensor) || whole[tensor.type] == nil { dense.swap(size: tensor.type.size) }
        if isWhole(tensor) { whole[tensor.type] = dense }
        tensors[name] = StoredTensor(type: tensor.type, shape: tensor.shape, bytes: dense)
      }
    }
    return (tensors, total)
  }

  private func isWhole(_ tensor: PickledTensor) -> Bool {
    let storage = graph.storages[tensor.storage]
    return tensor.isContiguous && tensor.offset == 0 && storage.range == 0..<tensor.byteCount
      && storage.byteCount == tensor.byteCount
  }

  private func gathered(_ tensor: PickledTensor, _ bytes: [UInt8]) -> [UInt8] {
    let size = tensor.type.size
    let start = graph.storages[tensor.storage].range.lowerBound + tensor.offset * size
    let count = tensor.byteCount
    guard count > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { target, filled in
      bytes.withUnsafeBufferPointer { bytes in
        if let source = bytes.baseAddress, let target = target.baseAddress {
          dp_stored_gather(target, source + start, size, tensor.shape.count, tensor.shape, tensor.strides)
        }
      }
      filled = count
    }
  }
}

extension Array where Element == UInt8 {
  /// Turns the bytes of each number round.
  mutating func swap(size: Int) {
    let items = count / size
    withUnsafeMutableBufferPointer { if size > 1 { dp_stored_swap($0.baseAddress, items, size) } }
  }
}
