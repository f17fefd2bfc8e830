import Files

/// What a pickle's calls give: the few that describe tensors, and placeholders for all others.
extension Unpickler {
  /// The result of a call.
  mutating func result(of function: PickleValue, _ arguments: PickleValue) throws -> PickleValue {
    guard case .tuple(let start, let count) = arguments else {
      throw fault("calls with \(arguments.kind) instead of a tuple")
    }
    // No call that is known has more; a long tuple must not be copied again and again.
    let values = Array(graph.elements[start..<start + min(count, 8)])
    switch function {
    case .name(let index): return try result(of: graph.names[index], index, values)
    case .placeholder(let index): return .placeholder(index)
    default: throw fault("calls \(function.kind)")
    }
  }

  private mutating func result(
    of name: PickleName, _ index: Int, _ arguments: [PickleValue]
  ) throws -> PickleValue {
    switch name.meaning {
    case .dictionary: return try dictionary(arguments)
    case .tensor: return try tensor(arguments)
    case .parameter:
      guard let first = arguments.first, case .tensor = first else {
        throw fault("\(name.full) without a tensor")
      }
      return first
    case .typedTensor:
      guard arguments.count >= 3, case .name(let inner) = arguments[0], case .tuple = arguments[2] else {
        throw fault("\(name.full) with wrong arguments")
      }
      // Its function is one that builds tensors: others would nest calls without end.
      switch graph.names[inner].meaning {
      case .tensor, .parameter, .foreignTensor: return try result(of: arguments[0], arguments[2])
      default: return .placeholder(index)
      }
    case .size:
      guard let first = arguments.first, case .tuple = first else {
        throw fault("torch.Size without a tuple")
      }
      return first
    case .foreignTensor(let kind): return try foreignTensor(kind)
    case .numberType:
      if let type = try numberType(arguments) { return type }
      try keep(1)
      return .placeholder(index)
    case .emptyArray: return try emptyArray()
    case .filledArray: return try filledArray(arguments)
    case .encoding: return try encoded(arguments) ?? .placeholder(index)
    case .attribute:
      guard arguments.count == 2, case .name(let owner) = arguments[0],
        case .string(let attribute) = arguments[1],
        graph.names[owner].full == PickleName.historyBuffer, !attribute.hasPrefix("_")
      else {
        if graph.harmful.count < 100 { graph.harmful.append((name.full, place)) }
        return .placeholder(index)
      }
      self.attribute = nil
      try keep(1)
      return .placeholder(owner)
    case .storage, .untypedStorage, .type, .plain, .unknown, .harmful:
      try keep(1)
      return .placeholder(index)
    }
  }

  /// `OrderedDict()`, or with a list of pairs as Python 2 wrote it; `defaultdict(factory)`.
  private mutating func dictionary(_ arguments: [PickleValue]) throws -> PickleValue {
    var entries: [(key: PickleValue, value: PickleValue)] = []
    for case .list(let index) in arguments.prefix(1) {
      for pair in graph.lists[index] {
        guard let pair = graph.sequence(pair), pair.count == 2 else {
          throw fault("OrderedDict with a list of other things than pairs")
        }
        entries.append((pair[0], pair[1]))
      }
    }
    try keep(1 + 2 * entries.count)
    graph.dictionaries.append(entries)
    return .dictionary(graph.dictionaries.count - 1)
  }

  mutating func foreignTensor(_ kind: String) throws -> PickleValue {
    try keep(1)
    graph.tensors.append(
      PickledTensor(type: .uint8, storage: 0, offset: 0, shape: [], strides: [], fault: kind))
    return .tensor(graph.tensors.count - 1)
  }

  /// (storage, offset, shape, strides, ...): all of it has to lie in the storage.
  private mutating func tensor(_ arguments: [PickleValue]) throws -> PickleValue {
    guard arguments.count >= 4, case .storage(let index) = arguments[0],
      case .integer(let offset) = arguments[1],
      let shape = graph.integers(arguments[2]), let strides = graph.integers(arguments[3])
    else { throw fault("a tensor that is not described by storage, offset, shape and strides") }
    let storage = graph.storages[index]
    var type = storage.type
    var typeName = storage.typeName
    if arguments.count >= 7, case .name(let named) = arguments[6] {
      // Version 3: the storage is untyped, the type stands beside it.
      guard case .type(let given) = graph.names[named].meaning else {
        throw fault("a tensor of the type \(graph.names[named].full.printed)")
      }
      (type, typeName) = (given, graph.names[named].full)
    }
    guard let type else { return try foreignTensor("of the type \(typeName.printed)") }
    guard shape.count == strides.count else {
      throw fault("a tensor of \(shape.count) extents and \(strides.count) strides")
    }
    guard offset >= 0, shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }) else {
      throw fault("a tensor with a negative offset, extent or stride: \(offset), \(shape), \(strides)")
    }
    var last = offset
    // Of the extents that are not 0: no product of some of them may overflow later.
    var bytes = type.size
    for (extent, stride) in zip(shape, strides) {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: max(1, extent))
      let (way, far) = max(0, extent - 1).multipliedReportingOverflow(by: stride)
      let (end, beyond) = last.addingReportingOverflow(way)
      guard !overflow, !far, !beyond else {
        throw fault("a tensor with an impossible shape \(shape), \(strides)")
      }
      (bytes, last) = (product, end)
    }
    let room = storage.range.count / type.size
    guard shape.contains(0) ? offset <= room : last < room else {
      throw fault(
        "a tensor of shape \(shape) and strides \(strides) at \(offset) goes beyond its storage of \(room) numbers"
      )
    }
    try keep(1 + 2 * shape.count)
    graph.tensors.append(
      PickledTensor(type: type, storage: index, offset: offset, shape: shape, strides: strides))
    return .tensor(graph.tensors.count - 1)
  }

  /// The storage of a persistent id: ("storage", type, key, device, count) and, in the legacy format, a view
  /// (key, offset, count) of it.
  mutating func storage(_ id: PickleValue) throws -> PickleValue {
    guard let values = graph.sequence(id), values.count >= 5, case .string("storage") = values[0],
      case .name(let name) = values[1], case .string(let key) = values[2],
      case .integer(let count) = values[4]
    else { throw fault("an object outside the pickle that is not a storage") }
    var (size, type): (Int, ElementType?) = (1, nil)
    switch graph.names[name].meaning {
    case .storage(let known, let bytes): (size, type) = (bytes, known)
    case .untypedStorage: break
    default: throw fault("a storage of the type \(graph.names[name].full.printed)")
    }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    guard count >= 0, !overflow else { throw fault("a storage of \(count) numbers") }
    var range = 0..<bytes
    if values.count >= 6, let view = graph.sequence(values[5]) {
      guard view.count == 3, case .integer(let start) = view[1], case .integer(let length) = view[2],
        start >= 0, length >= 0, start <= count, length <= count - start
      else { throw fault("a view that goes beyond its storage") }
      range = start * size..<(start + length) * size
    }
    try keep(1)
    graph.storages.append(
      PickledStorage(
        key: key, byteCount: bytes, range: range, elementSize: size, type: type,
        typeName: graph.names[name].full))
    return .storage(graph.storages.count - 1)
  }
}
