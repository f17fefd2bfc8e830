import Files

/// The type of a NumPy array's numbers, such as `<f4`.
struct NumberType {
  /// The kind's letter and the bytes of a number.
  var name: String
  var isBigEndian = false

  /// Nil for types that are not read.
  var element: ElementType? {
    switch name {
    case "f8": .float64
    case "f4": .float32
    case "f2": .float16
    case "i8": .int64
    case "i4": .int32
    case "i2": .int16
    case "i1": .int8
    case "u1": .uint8
    case "b1": .bool
    default: nil
    }
  }
}

/// NumPy arrays as its `__reduce__` and `__reduce_ex__` write them: type, shape, order and bytes.
extension Unpickler {
  /// `numpy.dtype('f4', False, True)`; a state with the order of bytes may follow. Nil for types of other kinds.
  mutating func numberType(_ arguments: [PickleValue]) throws -> PickleValue? {
    guard case .string(let name)? = arguments.first else { return nil }
    try keep(1)
    graph.numberTypes.append(
      NumberType(name: name.filter { !"<>=|".contains($0) }, isBigEndian: name.hasPrefix(">")))
    return .numberType(graph.numberTypes.count - 1)
  }

  /// (version, order of bytes, ...).
  mutating func fill(numberType index: Int, _ state: PickleValue) throws {
    guard let values = graph.sequence(state), values.count > 1, case .string(let order) = values[1] else {
      return
    }
    graph.numberTypes[index].isBigEndian = order == ">"
  }

  /// An array that BUILD fills.
  mutating func emptyArray() throws -> PickleValue { try foreignTensor(Self.emptyFault) }

  private static var emptyFault: String { "an array without numbers" }

  /// (version, shape, type, whether columns come first, bytes).
  mutating func fill(array index: Int, _ state: PickleValue) throws {
    guard graph.tensors[index].fault == Self.emptyFault else { throw fault("BUILD on a tensor") }
    let values = graph.sequence(state) ?? []
    if values.count == 5, case .placeholder = values[2] {
      graph.tensors[index].fault = "an array of a type that is not read"
      return
    }
    guard values.count == 5, case .numberType(let type) = values[2],
      case .bool(let isColumnMajor) = values[3]
    else {
      throw fault("an array that is not described by shape, type, order and bytes")
    }
    graph.tensors[index] = try array(type, shape: values[1], isColumnMajor, bytes(of: values[4]))
  }

  /// `_frombuffer(bytes, type, shape, order)`.
  mutating func filledArray(_ arguments: [PickleValue]) throws -> PickleValue {
    guard arguments.count == 4, case .numberType(let type) = arguments[1],
      case .string(let order) = arguments[3]
    else {
      throw fault("an array that is not described by bytes, type, shape and order")
    }
    graph.tensors.append(try array(type, shape: arguments[2], order == "F", bytes(of: arguments[0])))
    return .tensor(graph.tensors.count - 1)
  }

  /// `_codecs.encode(text, 'latin1')`: the letters' numbers.
  mutating func encoded(_ arguments: [PickleValue]) throws -> PickleValue? {
    guard arguments.count == 2, case .string(let text) = arguments[0], case .string(let code) = arguments[1],
      ["latin1", "latin-1"].contains(code)
    else { return nil }
    try keep(1)
    try countBytes(text.utf8.count)
    return .bytes(
      try text.unicodeScalars.map { letter in
        guard let byte = UInt8(exactly: letter.value) else {
          throw fault("a letter that latin1 does not have")
        }
        return byte
      })
  }

  /// The bytes of an array; those of Python 2 may have been taken for text.
  private func bytes(of value: PickleValue) -> [UInt8]? {
    switch value {
    case .bytes(let bytes): bytes
    case .string(let text): Array(text.utf8)
    default: nil
    }
  }

  /// What is recalled from the memo again and again must not fill the memory.
  private mutating func countBytes(_ count: Int) throws {
    arrayBytes += count
    let room = 4 * stream.source.count + 16 << 20
    guard arrayBytes <= room else {
      throw fault("arrays of more than \(room) bytes, for a file of \(stream.source.count)")
    }
  }

  /// A tensor over bytes of its own.
  private mutating func array(
    _ type: Int, shape: PickleValue, _ isColumnMajor: Bool, _ bytes: [UInt8]?
  ) throws -> PickledTensor {
    let type = graph.numberTypes[type]
    guard let element = type.element else {
      return PickledTensor(
        type: .uint8, storage: 0, offset: 0, shape: [], strides: [],
        fault: "an array of the type \(type.name.printed)")
    }
    guard var bytes, let extents = graph.integers(shape), extents.allSatisfy({ $0 >= 0 }) else {
      throw fault("an array that is not described by shape and bytes")
    }
    var (size, overflows) = (element.size, false)
    // Of the extents that are not 0: no product of some of them may overflow later.
    for extent in extents where extent > 0 && !overflows {
      (size, overflows) = size.multipliedReportingOverflow(by: extent)
    }
    guard !overflows, bytes.count == (extents.contains(0) ? 0 : size) else {
      throw fault("an array of shape \(extents) and type \(type.name) with \(bytes.count) bytes")
    }
    try countBytes(bytes.count)
    if type.isBigEndian { bytes.swap(size: element.size) }
    var strides = [Int](repeating: 1, count: extents.count)
    let axes = isColumnMajor ? Array(extents.indices) : extents.indices.reversed()
    for (axis, next) in zip(axes, axes.dropFirst()) { strides[next] = strides[axis] * max(1, extents[axis]) }
    try keep(2 + 2 * extents.count)
    let key = "array \(graph.arrays.count)"
    graph.storages.append(
      PickledStorage(
        key: key, byteCount: bytes.count, range: 0..<bytes.count, elementSize: element.size, type: element,
        typeName: type.name))
    graph.arrays[key] = bytes
    return PickledTensor(
      type: element, storage: graph.storages.count - 1, offset: 0, shape: extents, strides: strides)
  }
}
