import Files

/// Writes tensors as `torch.save` does: a state dict in a zip archive of stored entries, which
/// `torch.load(..., weights_only=True)` reads.
public enum PyTorchWriter {
  /// Writes the file beside its place and renames it.
  ///
  /// - Parameters:
  ///   - tensors: By name, in PyTorch's layouts.
  ///   - classes: The classes' names, if known: the file is then a dictionary of `meta`, with the names where mm keeps
  ///     them (`dataset_meta.classes`), and `state_dict`; else it is the state dict itself.
  ///   - categoryIDs: The classes' numbers in annotation files, beside the names, where they are not the usual ones.
  ///   - path: A file of this name is replaced.
  /// - Throws: `CheckpointError` with the system's reason.
  public static func write(
    _ tensors: [String: StoredTensor], classes: [String]? = nil, categoryIDs: [Int]? = nil,
    to path: String
  ) throws {
    let sorted = tensors.sorted { $0.key < $1.key }
    var archive = ZipWriter(folder: "archive")
    archive.add("data.pkl", pickle(sorted, classes, categoryIDs))
    archive.add("byteorder", Array("little".utf8))
    for (number, (_, tensor)) in sorted.enumerated() { archive.add("data/\(number)", tensor.bytes) }
    archive.add("version", Array("3\n".utf8))
    try AtomicFile.write(to: path, chunks: archive.finished())
  }

  /// Protocol 2: a dictionary from names to calls of `_rebuild_tensor_v2`, alone or below `state_dict`.
  private static func pickle(
    _ tensors: [(key: String, value: StoredTensor)], _ classes: [String]?, _ categoryIDs: [Int]?
  ) -> [UInt8] {
    let emptyDictionary: UInt8 = 0x7d
    let setItem: UInt8 = 0x73
    var text: [UInt8] = [0x80, 2, emptyDictionary]  // PROTO
    func string(_ string: String) {
      text.append(0x58)  // BINUNICODE
      text.append(number: UInt32(truncatingIfNeeded: string.utf8.count))
      text += Array(string.utf8)
    }
    func integer(_ number: Int) {
      text += [0x8a, 8]  // LONG1
      text.append(number: Int64(number))
    }
    func tuple(_ numbers: [Int]) {
      text.append(0x28)  // MARK
      numbers.forEach(integer)
      text.append(0x74)  // TUPLE
    }
    func global(_ name: String) { text += Array("c\(name)\n".utf8) }
    if let classes {
      string("meta")
      text.append(emptyDictionary)
      string("dataset_meta")
      text.append(emptyDictionary)
      string("classes")
      text += [0x5d, 0x28]  // EMPTY_LIST, MARK
      classes.forEach(string)
      text += [0x65, setItem]  // APPENDS
      if let categoryIDs, !categoryIDs.isEmpty {
        string(Checkpoint.categoryIDsKey)
        text += [0x5d, 0x28]
        categoryIDs.forEach(integer)
        text += [0x65, setItem]
      }
      text += [setItem, setItem]
      string("state_dict")
      text.append(emptyDictionary)
    }
    for (number, (name, tensor)) in tensors.enumerated() {
      string(name)
      global("torch._utils\n_rebuild_tensor_v2")
      text += [0x28, 0x28]  // MARK, MARK
      string("storage")
      global("torch\n\(tensor.type.storageName)")
      string("\(number)")
      string("cpu")
      integer(tensor.shape.product)
      text += [0x74, 0x51]  // TUPLE, BINPERSID
      integer(0)
      tuple(tensor.shape)
      tuple(tensor.shape.indices.map { tensor.shape[($0 + 1)...].product })
      text.append(0x89)  // NEWFALSE
      global("collections\nOrderedDict")
      text += [0x29, 0x52, 0x74, 0x52, setItem]  // EMPTY_TUPLE, REDUCE, TUPLE, REDUCE
    }
    if classes != nil { text.append(setItem) }
    return text + [0x2e]  // STOP
  }
}

extension ElementType {
  /// The storage class of PyTorch.
  fileprivate var storageName: String {
    switch self {
    case .float64: "DoubleStorage"
    case .float32: "FloatStorage"
    case .float16: "HalfStorage"
    case .bfloat16: "BFloat16Storage"
    case .int64: "LongStorage"
    case .int32: "IntStorage"
    case .int16: "ShortStorage"
    case .int8: "CharStorage"
    case .uint8: "ByteStorage"
    case .bool: "BoolStorage"
    }
  }
}
