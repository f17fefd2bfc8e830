import Files
import Foundation

/// Reads one pickle and builds data from it: numbers, strings, containers, tensors' descriptions.
///
/// There is nothing in it that could run: a class or function is a name, known ones are listed in `PickleName`, a
/// call of any other gives an inert placeholder. Opcodes, stack, memo, text and values are bounded.
struct Unpickler {
  /// What a pickle may hold.
  enum Limit {
    static let opcodes = 5_000_000
    static let stack = 10_000
    static let memo = 1_000_000
    static let text = 64 << 20
    /// Of strings where there are arrays, whose numbers they hold.
    static let numbers = 1 << 30
    /// Containers and their members.
    static let values = 3_000_000
    static let line = 4096
    /// Different classes and functions.
    static let names = 10_000
  }

  /// The bytes; after `run`, what is behind the pickle.
  private(set) var stream: ByteStream
  /// What has been built.
  var graph = PickleGraph()
  var stack: [PickleValue] = []
  private var marks: [Int] = []
  /// Values by number; those that leave numbers out stand apart.
  private var memo: [PickleValue] = []
  private var scatteredMemo: [Int: PickleValue] = [:]
  private var nameIndices: [String: Int] = [:]
  private var values = 0
  /// Bytes that arrays hold.
  var arrayBytes = 0
  /// Whether a function that makes NumPy arrays was named.
  private var namesArrays = false
  /// `getattr` that has not (yet) been called for what it may be called for.
  var attribute: (name: String, byte: Int)?
  /// Where the current opcode stands.
  private(set) var place = 0

  init(_ stream: ByteStream) { self.stream = stream }

  /// An error at the current opcode.
  func fault(_ message: String) -> CheckpointError {
    stream.source.failure("byte \(place) of the pickle: \(message)")
  }

  /// Reads up to STOP.
  ///
  /// - Throws: `CheckpointError`, for harm before all else.
  mutating func run() throws -> PickleValue {
    do {
      let root = try read()
      try refuseHarm()
      return root
    } catch {
      try refuseHarm()
      throw error
    }
  }

  private func refuseHarm() throws {
    let harmful = graph.harmful + (attribute.map { [$0] } ?? [])
    guard !harmful.isEmpty else { return }
    let names = harmful.prefix(10).map { "\($0.name.printed) (byte \($0.byte))" }
    throw stream.source.failure(
      "is made to run code and no checkpoint: it names \(names.joined(separator: ", "))"
        + (harmful.count > 10 ? " and \(harmful.count - 10) more" : "")
        + ". Nothing was run. Do not open it with torch.load; get the file from a source you trust")
  }

  private mutating func read() throws -> PickleValue {
    for _ in 0..<Limit.opcodes {
      place = stream.place
      let code = try stream.byte()
      guard let opcode = PickleOpcode(rawValue: code) else {
        throw fault("0x\(String(code, radix: 16)) is no opcode: it is damaged, or no pickle")
      }
      if opcode == .stop {
        guard stack.count == 1, marks.isEmpty else {
          throw fault("STOP with \(stack.count) values on the stack, not 1")
        }
        return stack[0]
      }
      try execute(opcode)
    }
    throw fault("more than \(Limit.opcodes) opcodes")
  }

  private mutating func execute(_ opcode: PickleOpcode) throws {
    switch opcode {
    case .proto:
      let version = try stream.byte()
      guard version <= 5 else { throw fault("pickle protocol \(version), newer than 5") }
    case .frame: _ = try stream.integer(UInt64.self)
    case .mark:
      guard marks.count < Limit.stack else { throw fault("more than \(Limit.stack) marks") }
      marks.append(stack.count)
    case .pop:
      if marks.last == stack.count, !marks.isEmpty { marks.removeLast() } else { _ = try pop() }
    case .popMark: _ = try popMark()
    case .duplicate: try push(try top())
    case .none: try push(.none)
    case .newTrue: try push(.bool(true))
    case .newFalse: try push(.bool(false))
    case .integer, .long, .float, .string, .unicode: try pushLine(opcode)
    case .binaryInteger: try push(.integer(Int(try stream.integer(Int32.self))))
    case .binaryInteger1: try push(.integer(Int(try stream.byte())))
    case .binaryInteger2: try push(.integer(Int(try stream.integer(UInt16.self))))
    case .long1: try pushLong(Int(try stream.byte()))
    case .long4: try pushLong(Int(try stream.integer(Int32.self)))
    case .binaryFloat:
      try push(.real(Double(bitPattern: try stream.integer(UInt64.self).byteSwapped)))
    case .shortBinaryUnicode: try pushText(UInt64(try stream.byte()))
    case .binaryUnicode: try pushText(UInt64(try stream.integer(UInt32.self)))
    case .binaryUnicode8: try pushText(try stream.integer(UInt64.self))
    case .shortBinaryString: try pushBytes(UInt64(try stream.byte()), asText: true)
    case .binaryString: try pushBytes(UInt64(try stream.integer(UInt32.self)), asText: true)
    case .shortBinaryBytes: try pushBytes(UInt64(try stream.byte()))
    case .binaryBytes: try pushBytes(UInt64(try stream.integer(UInt32.self)))
    case .binaryBytes8, .byteArray8: try pushBytes(try stream.integer(UInt64.self))
    case .emptyTuple: try push(.tuple(start: 0, count: 0))
    case .tuple: try pushTuple(try popMark())
    case .tuple1, .tuple2, .tuple3:
      let count = Int(opcode.rawValue - PickleOpcode.tuple1.rawValue) + 1
      guard stack.count - count >= (marks.last ?? 0) else {
        throw fault("a tuple of more than the stack holds")
      }
      let items = Array(stack.suffix(count))
      stack.removeLast(count)
      try pushTuple(items)
    case .emptyList, .emptySet: try pushList([])
    case .list, .frozenSet: try pushList(try popMark())
    case .append: try append([try pop()])
    case .appends, .addItems: try append(try popMark())
    case .emptyDictionary: try pushDictionary([])
    case .dictionary: try pushDictionary(try popMark())
    case .setItem:
      let value = try pop()
      try set([try pop(), value])
    case .setItems: try set(try popMark())
    case .get: try recall(try lineNumber())
    case .binaryGet: try recall(Int(try stream.byte()))
    case .longBinaryGet: try recall(Int(try stream.integer(UInt32.self)))
    case .put: try remember(try lineNumber())
    case .binaryPut: try remember(Int(try stream.byte()))
    case .longBinaryPut: try remember(Int(try stream.integer(UInt32.self)))
    case .memoize: try remember(memo.count + scatteredMemo.count)
    case .global:
      let module = try line()
      try pushName(module, try line())
    case .stackGlobal:
      guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
        throw fault("STACK_GLOBAL without two strings")
      }
      try pushName(module, name)
    case .reduce:
      let arguments = try pop()
      try push(try result(of: try pop(), arguments))
    case .newObject:
      let arguments = try pop()
      guard case .name = try top() else { throw fault("NEWOBJ of \(try top().kind), not of a class") }
      try push(try result(of: try pop(), arguments))
    case .build:
      let state = try pop()
      switch try top() {
      case .dictionary, .placeholder: break
      case .numberType(let index): try fill(numberType: index, state)
      case .tensor(let index): try fill(array: index, state)
      case let other: throw fault("BUILD on \(other.kind)")
      }
    case .binaryPersistent: try push(try storage(try pop()))
    case .instance, .object, .newObjectWithKeywords, .extension1, .extension2, .extension4, .persistent,
      .nextBuffer, .readOnlyBuffer:
      throw fault("opcode 0x\(String(opcode.rawValue, radix: 16)) (\(opcode)) is not allowed in a checkpoint")
    case .stop: break
    }
  }

  // MARK: Stack

  mutating func push(_ value: PickleValue) throws {
    guard stack.count < Limit.stack else { throw fault("more than \(Limit.stack) values on the stack") }
    stack.append(value)
  }

  private mutating func pop() throws -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.popLast() else {
      throw fault("takes a value from an empty stack")
    }
    return value
  }

  private func top() throws -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.last else {
      throw fault("needs a value on an empty stack")
    }
    return value
  }

  private mutating func popMark() throws -> [PickleValue] {
    guard let mark = marks.popLast() else { throw fault("needs a MARK, and there is none") }
    let items = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return items
  }

  // MARK: Memo

  private mutating func remember(_ index: Int) throws {
    let value = try top()
    if index < memo.count {
      memo[index] = value
    } else if index == memo.count {
      memo.append(value)
    } else {
      scatteredMemo[index] = value
    }
    guard memo.count + scatteredMemo.count <= Limit.memo else {
      throw fault("more than \(Limit.memo) values in the memo")
    }
  }

  private mutating func recall(_ index: Int) throws {
    guard let value = index < memo.count ? memo[index] : scatteredMemo[index] else {
      throw fault("the memo has no value \(index)")
    }
    try push(value)
  }

  // MARK: Values

  /// Counts values that are kept.
  mutating func keep(_ count: Int) throws {
    values += count
    guard values <= Limit.values else { throw fault("more than \(Limit.values) values") }
  }

  private mutating func pushTuple(_ items: [PickleValue]) throws {
    try keep(items.count)
    try push(.tuple(start: graph.elements.count, count: items.count))
    graph.elements += items
  }

  private mutating func pushList(_ items: [PickleValue]) throws {
    try keep(items.count + 1)
    try push(.list(graph.lists.count))
    graph.lists.append(items)
  }

  private mutating func pushDictionary(_ items: [PickleValue]) throws {
    try keep(1)
    try push(.dictionary(graph.dictionaries.count))
    graph.dictionaries.append([])
    try set(items)
  }

  private mutating func append(_ items: [PickleValue]) throws {
    switch try top() {
    case .list(let index):
      try keep(items.count)
      graph.lists[index] += items
    case .placeholder: break
    case let other: throw fault("appends to \(other.kind)")
    }
  }

  private mutating func set(_ items: [PickleValue]) throws {
    guard items.count % 2 == 0 else { throw fault("sets items without a value: \(items.count) is odd") }
    switch try top() {
    case .dictionary(let index):
      try keep(items.count)
      for number in stride(from: 0, to: items.count, by: 2) {
        graph.dictionaries[index].append((items[number], items[number + 1]))
      }
    case .placeholder: break
    case let other: throw fault("sets an item of \(other.kind)")
    }
  }

  private mutating func pushName(_ module: String, _ name: String) throws {
    // Names take more time than other values: they count as several.
    try keep(6)
    if let known = nameIndices["\(module)\n\(name)"] { return try push(.name(known)) }
    guard graph.names.count < Limit.names else { throw fault("more than \(Limit.names) names") }
    let named = PickleName(module: module, name: name)
    switch named.meaning {
    case .harmful: graph.harmful.append((named.full, place))
    case .attribute: attribute = (named.full, place)
    case .unknown: graph.skipped.insert(named.full)
    case .emptyArray, .filledArray: namesArrays = true
    default: break
    }
    nameIndices["\(module)\n\(name)"] = graph.names.count
    try push(.name(graph.names.count))
    graph.names.append(named)
  }

  // MARK: Text and numbers

  private func text(of bytes: [UInt8]) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw fault("text that is not UTF-8") }
    return text
  }

  private mutating func counted(_ count: UInt64) throws -> [UInt8] {
    let limit = namesArrays ? Limit.numbers : Limit.text
    guard count <= UInt64(limit) else {
      throw fault("a string of \(count) bytes, more than \(limit)")
    }
    return try stream.bytes(Int(count))
  }

  private mutating func pushText(_ count: UInt64) throws {
    let bytes = try counted(count)
    try push(.string(try text(of: bytes)))
  }

  private mutating func line(limit: Int = Limit.line) throws -> String {
    let bytes = try stream.line(limit: limit)
    return try text(of: bytes)
  }

  /// A string of Python 2 is text where it can be.
  private mutating func pushBytes(_ count: UInt64, asText isText: Bool = false) throws {
    let bytes = try counted(count)
    if isText, let text = String(validating: bytes, as: UTF8.self) { return try push(.string(text)) }
    try push(.bytes(bytes))
  }

  private mutating func pushLong(_ count: Int) throws {
    guard count >= 0 else { throw fault("an integer of \(count) bytes") }
    let bytes = try counted(UInt64(count))
    guard bytes.count <= 8 else { return try push(.large(bytes)) }
    let sign: UInt8 = (bytes.last ?? 0) & 0x80 == 0 ? 0 : 0xff
    let filled = bytes + [UInt8](repeating: sign, count: 8 - bytes.count)
    try push(.integer(Int(filled.number(at: 0, Int64.self))))
  }

  private mutating func lineNumber() throws -> Int {
    guard let number = Int(try line()), number >= 0 else {
      throw fault("a number of the memo is expected")
    }
    return number
  }

  /// A value in the text form of protocol 0.
  private mutating func pushLine(_ opcode: PickleOpcode) throws {
    let isText = opcode == .string || opcode == .unicode
    var line = try line(limit: isText ? Limit.text : Limit.line)
    switch opcode {
    case .integer where line == "00" || line == "01": return try push(.bool(line == "01"))
    case .integer, .long:
      if opcode == .long, line.hasSuffix("L") { line.removeLast() }
      if let number = Int(line) { return try push(.integer(number)) }
    case .float:
      if let number = Double(line) { return try push(.real(number)) }
    case .string:
      let quote = line.first
      if line.utf8.count >= 2, quote == "'" || quote == "\"", line.last == quote, !line.contains("\\") {
        return try push(.string(String(line.dropFirst().dropLast())))
      }
    default:
      if !line.contains("\\") { return try push(.string(line)) }
    }
    throw fault("'\(line.printed)' is not what protocol 0 writes here, or is not read")
  }
}
