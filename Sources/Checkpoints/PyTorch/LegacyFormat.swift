import Files

extension PyTorchFile {
  /// `0x1950a86a20f9469cfc6c`, little-endian (`torch/serialization.py`, `MAGIC_NUMBER`).
  static let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
  private static let magicText = "119547037146038801333356"

  /// Whether a file begins with the magic number, in whatever protocol.
  static func isLegacy(_ head: [UInt8]) -> Bool {
    head.first == 0x80 || head.starts(with: "L\(magicText)".utf8)
  }

  /// A plain pickle of NumPy arrays, as detectron2 and Caffe2 write their models (`.pkl`).
  private init(arrays source: ByteSource, _ graph: PickleGraph, _ root: PickleValue) throws {
    try self.init(
      source, format: .pickle, graph: graph, root: root, isBigEndian: false,
      sizes: [:]
    ) { key in throw source.failure("storage '\(key.printed)' is missing") }
  }

  /// Reads the format before PyTorch 1.6: pickles with magic number, protocol, machine, object, storage keys; then
  /// for each key the count of numbers and the numbers. It has no checksums. Also reads a plain pickle of arrays.
  ///
  /// - Throws: `CheckpointError`.
  init(legacy source: ByteSource) throws {
    var stream = source.stream()
    func pickle() throws -> (PickleGraph, PickleValue) {
      var machine = Unpickler(stream)
      let root = try machine.run()
      stream = machine.stream
      return (machine.graph, root)
    }
    let (first, magic) = try pickle()
    guard case .large(Self.magic) = magic else {
      guard !first.arrays.isEmpty else {
        throw source.failure(
          "is a pickle, but neither of torch.save (its magic number is wrong) nor of NumPy arrays")
      }
      guard stream.remaining == 0 else {
        throw source.failure("\(stream.remaining) bytes after the pickle, at byte \(stream.position)")
      }
      try self.init(arrays: source, first, magic)
      return
    }
    guard case .integer(let version) = try pickle().1, version == 1001 else {
      throw source.failure("is of a torch.save with another protocol than 1001")
    }
    let (machine, information) = try pickle()
    var isBigEndian = false
    if case .dictionary(let index) = information, case .bool(false) = machine.value(index, "little_endian") {
      isBigEndian = true
    }
    let (graph, root) = try pickle()
    let (keyGraph, keyRoot) = try pickle()
    guard let keys = keyGraph.sequence(keyRoot) else {
      throw source.failure("has no list of storage keys, but \(keyRoot.kind)")
    }
    var wanted: [String: PickledStorage] = [:]
    for storage in graph.storages {
      if let known = wanted[storage.key], known.byteCount != storage.byteCount {
        throw source.failure(
          "storage '\(storage.key.printed)' has \(known.byteCount) bytes in one place and \(storage.byteCount) in another"
        )
      }
      wanted[storage.key] = storage
    }
    var places: [String: Range<Int>] = [:]
    for key in keys {
      guard case .string(let key) = key, let storage = wanted[key] else {
        throw source.failure("lists a storage that no tensor uses")
      }
      guard stream.remaining >= 8 else {
        throw source.failure("ends before storage '\(key.printed)': it is cut short")
      }
      let header = try source.read(stream.position..<stream.position + 8)
      var swapped = header
      if isBigEndian { swapped.reverse() }
      let count = swapped.number(at: 0, Int64.self)
      guard count >= 0, Int(count) == storage.byteCount / max(1, storage.elementSize) else {
        throw source.failure(
          "storage '\(key.printed)' should have \(storage.byteCount / max(1, storage.elementSize)) numbers, but the file says \(count)"
        )
      }
      let start = stream.position + 8
      guard storage.byteCount <= source.count - start else {
        throw source.failure(
          "storage '\(key.printed)' needs \(storage.byteCount) bytes, the file has \(source.count - start) more: it is cut short"
        )
      }
      guard places.updateValue(start..<start + storage.byteCount, forKey: key) == nil else {
        throw source.failure("lists storage '\(key.printed)' twice")
      }
      stream = source.stream(start + storage.byteCount..<source.count, origin: 0)
    }
    guard stream.remaining == 0 else {
      throw source.failure("\(stream.remaining) bytes after the last storage, at byte \(stream.position)")
    }
    let ranges = places
    try self.init(
      source, format: .legacy, graph: graph, root: root, isBigEndian: isBigEndian,
      sizes: ranges.mapValues(\.count)
    ) { key in
      guard let range = ranges[key] else { throw source.failure("storage '\(key.printed)' is missing") }
      return try source.read(range)
    }
  }
}
