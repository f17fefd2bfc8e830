/// Pieces of pickles, put together by hand.
enum PickleText {
  /// Protocol 2 with STOP.
  static func program(_ body: [UInt8]) -> [UInt8] { [0x80, 2] + body + [0x2e] }

  static func text(_ string: String) -> [UInt8] {
    [0x58] + little(UInt32(string.utf8.count)) + Array(string.utf8)
  }

  static func integer(_ number: Int) -> [UInt8] { [0x8a, 8] + little(UInt64(bitPattern: Int64(number))) }

  static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }

  static func tuple(_ items: [[UInt8]]) -> [UInt8] { [0x28] + items.flatMap { $0 } + [0x74] }

  static func list(_ items: [[UInt8]]) -> [UInt8] { [0x5d, 0x28] + items.flatMap { $0 } + [0x65] }

  static func dictionary(_ entries: [(String, [UInt8])]) -> [UInt8] {
    [0x7d, 0x28] + entries.flatMap { text($0.0) + $0.1 } + [0x75]
  }

  /// A call.
  static func call(_ module: String, _ name: String, _ arguments: [[UInt8]]) -> [UInt8] {
    global(module, name) + tuple(arguments) + [0x52]
  }

  /// A storage's persistent id; with `isLegacy` with the view that the old format adds.
  static func storage(
    _ key: String, type: String = "FloatStorage", module: String = "torch", count: Int, isLegacy: Bool = false
  ) -> [UInt8] {
    tuple(
      [text("storage"), global(module, type), text(key), text("cpu"), integer(count)]
        + (isLegacy ? [[0x4e]] : []))
      + [0x51]
  }

  /// A tensor of 32-bit numbers unless said otherwise.
  static func tensor(
    _ key: String, type: String = "FloatStorage", count: Int, offset: Int = 0, shape: [Int], strides: [Int],
    isLegacy: Bool = false
  ) -> [UInt8] {
    call(
      "torch._utils", "_rebuild_tensor_v2",
      [
        storage(key, type: type, count: count, isLegacy: isLegacy), integer(offset),
        tuple(shape.map(integer)),
        tuple(strides.map(integer)), [0x89], call("collections", "OrderedDict", []),
      ])
  }

  /// A piece again and again.
  static func repeated(_ piece: [UInt8], _ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<count { bytes += piece }
    return bytes
  }

  /// None, put at so many places of the memo.
  static func puts(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = [0x4e]
    for index in 0..<UInt32(count) { bytes += [0x72] + little(index) }
    return bytes
  }

  static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  /// The old format: its five pickles, and the storages.
  static func legacy(
    _ body: [UInt8], storages: [(key: String, count: Int, bytes: [UInt8])], version: Int = 1001,
    magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19],
    information: [UInt8] = dictionary([("little_endian", [0x88])]), isBigEndian: Bool = false
  ) -> [UInt8] {
    let head = program([0x8a, 10] + magic) + program(integer(version)) + program(information)
    let keys = program(list(storages.map { text($0.key) }))
    let data = storages.flatMap { storage in
      let count = little(UInt64(storage.count))
      return (isBigEndian ? count.reversed() : count) + storage.bytes
    }
    return head + program(body) + keys + data
  }
}

/// The bytes of 32-bit numbers.
func floats(_ numbers: Float...) -> [UInt8] { numbers.flatMap { PickleText.little($0.bitPattern) } }
