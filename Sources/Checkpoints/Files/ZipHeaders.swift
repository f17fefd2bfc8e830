import Files

/// Where the directory of an archive lies: the records at its end, 32-bit and 64-bit.
struct ZipEnding {
  var count: Int
  var directory: Range<Int>

  init(_ source: ByteSource) throws {
    let size = source.count
    guard size >= 22 else { throw source.failure("\(size) bytes: too short for a zip archive") }
    let record = try source.read(size - 22..<size)
    guard record.number(at: 0, UInt32.self) == 0x0605_4b50, record.number(at: 20, UInt16.self) == 0 else {
      let tail = try source.read(max(0, size - 22 - 65_535)..<size)
      let isCommented = stride(from: tail.count - 22, through: 0, by: -1).contains {
        tail.number(at: $0, UInt32.self) == 0x0605_4b50
      }
      throw source.failure(
        isCommented
          ? "the archive has a comment or bytes after its end, which torch.save never writes"
          : "the end of the archive is missing: it is cut short")
    }
    func field16(_ index: Int) -> Int { Int(record.number(at: index, UInt16.self)) }
    func field32(_ index: Int) -> Int { Int(record.number(at: index, UInt32.self)) }
    var (count, length, offset, end) = (field16(10), field32(12), field32(16), size - 22)
    guard field16(4) == 0, field16(6) == 0, field16(8) == count else {
      throw source.failure("the archive is one part of several, or its entry counts contradict each other")
    }
    let short = (count, length, offset)
    if size >= 22 + 20 + 56, try source.read(size - 42..<size - 38).number(at: 0, UInt32.self) == 0x0706_4b50
    {
      let locator = try source.read(size - 42..<size - 22)
      let place = locator.number(at: 8, UInt64.self)
      guard place == UInt64(size - 42 - 56), locator.number(at: 4, UInt32.self) == 0,
        locator.number(at: 16, UInt32.self) == 1
      else { throw source.failure("the zip64 record of the archive is not where its locator says") }
      let long = try source.read(size - 98..<size - 42)
      func field(_ index: Int) throws -> Int {
        guard let number = Int(exactly: long.number(at: index, UInt64.self)) else {
          throw source.failure("the zip64 record of the archive holds a number beyond 63 bits")
        }
        return number
      }
      guard long.number(at: 0, UInt32.self) == 0x0606_4b50, try field(4) == 44,
        long.number(at: 16, UInt64.self) == 0, try field(24) == field(32)
      else { throw source.failure("the zip64 record of the archive is damaged") }
      (count, length, offset, end) = (try field(32), try field(40), try field(48), size - 98)
      guard short.0 == count || short.0 == 0xffff, short.1 == length || short.1 == 0xffff_ffff,
        short.2 == offset || short.2 == 0xffff_ffff
      else { throw source.failure("the zip64 record of the archive contradicts the 32-bit one") }
    }
    guard count <= ZipArchive.entryLimit else {
      throw source.failure("the archive has \(count) entries, more than \(ZipArchive.entryLimit)")
    }
    guard offset <= end, length == end - offset else {
      throw source.failure(
        "the directory of the archive claims \(length) bytes from byte \(offset) on, but has to end at \(end)"
      )
    }
    guard length <= ZipArchive.memoryLimit else {
      throw source.failure(
        "the directory of the archive has \(length) bytes, more than \(ZipArchive.memoryLimit)")
    }
    (self.count, directory) = (count, offset..<end)
  }
}

extension ZipArchive {
  typealias Ending = ZipEnding

  /// Encrypted, patch data, strongly encrypted, masked: none of them is ever in a checkpoint.
  private static let refusedFlags: UInt16 = 0x1 | 0x20 | 0x40 | 0x2000

  /// The directory's record that begins at `index`, which moves behind it.
  static func entry(_ bytes: [UInt8], _ index: inout Int, _ source: ByteSource) throws -> Entry {
    func field16(_ offset: Int) -> Int { Int(bytes.number(at: index + offset, UInt16.self)) }
    let (nameLength, extraLength, commentLength) = (field16(28), field16(30), field16(32))
    let end = index + 46 + nameLength + extraLength + commentLength
    guard end <= bytes.count else { throw source.failure("the directory of the archive ends in an entry") }
    let nameBytes = bytes[index + 46..<index + 46 + nameLength]
    guard let name = String(validating: nameBytes, as: UTF8.self), !name.isEmpty else {
      throw source.failure("the archive has an entry whose name is empty or not UTF-8")
    }
    func failure(_ what: String) -> CheckpointError { source.failure("entry '\(name.printed)' \(what)") }
    let flags = bytes.number(at: index + 8, UInt16.self)
    guard flags & Self.refusedFlags == 0 else {
      throw failure("is encrypted or a patch (flags 0x\(String(flags, radix: 16)))")
    }
    let method = field16(10)
    guard method == 0 || method == 8 else { throw failure("is compressed by method \(method)") }
    guard commentLength == 0, field16(34) == 0 else { throw failure("has a comment, or is on another disk") }
    var numbers = [24, 20, 42].map { UInt64(bytes.number(at: index + $0, UInt32.self)) }
    try readLongNumbers(
      &numbers, bytes[index + 46 + nameLength..<index + 46 + nameLength + extraLength]
    ) { failure("has contradictory zip64 fields") }
    guard let size = Int(exactly: numbers[0]), let stored = Int(exactly: numbers[1]),
      let start = Int(exactly: numbers[2]), method != 0 || size == stored
    else { throw failure("has sizes that cannot be: \(numbers[0]) from \(numbers[1]) bytes") }
    defer { index = end }
    return Entry(
      name: name, isDeflated: method == 8, checksum: bytes.number(at: index + 16, UInt32.self),
      storedSize: stored, size: size, start: start)
  }

  /// Takes the numbers that do not fit 32 bits from the zip64 field among the extra ones.
  private static func readLongNumbers(
    _ numbers: inout [UInt64], _ extra: ArraySlice<UInt8>, failure: () -> CheckpointError
  ) throws {
    let long = numbers.indices.filter { numbers[$0] == 0xffff_ffff }
    let extra = Array(extra)
    var index = 0
    var isFound = false
    while index + 4 <= extra.count {
      let (kind, count) = (
        extra.number(at: index, UInt16.self), Int(extra.number(at: index + 2, UInt16.self))
      )
      index += 4
      guard index + count <= extra.count else { throw failure() }
      if kind == 1 {
        guard !isFound, count == 8 * long.count else { throw failure() }
        isFound = true
        for (place, number) in long.enumerated() {
          numbers[number] = extra.number(at: index + 8 * place, UInt64.self)
        }
      }
      index += count
    }
    guard long.isEmpty || isFound else { throw failure() }
  }

  /// Compares the header in front of the bytes with the directory's, and finds the bytes.
  static func readLocalHeader(of entry: inout Entry, before directory: Int, _ source: ByteSource) throws {
    let name = entry.name
    func failure(_ what: String) -> CheckpointError { source.failure("entry '\(name.printed)' \(what)") }
    let (nameLength, start) = (name.utf8.count, entry.start)
    guard start >= 0, start <= directory - 30 - nameLength else {
      throw failure("begins at byte \(start), behind the data of the archive")
    }
    let header = try source.read(start..<start + 30 + nameLength)
    guard header.number(at: 0, UInt32.self) == 0x0403_4b50 else {
      throw failure("has no header at byte \(start)")
    }
    guard Int(header.number(at: 26, UInt16.self)) == nameLength, header[30...].elementsEqual(name.utf8) else {
      throw failure("has another name in its own header")
    }
    let flags = header.number(at: 6, UInt16.self)
    guard flags & Self.refusedFlags == 0, header.number(at: 8, UInt16.self) == (entry.isDeflated ? 8 : 0)
    else {
      throw failure("is encrypted or compressed otherwise by its own header")
    }
    if flags & 8 == 0 {
      let (stored, size) = (header.number(at: 18, UInt32.self), header.number(at: 22, UInt32.self))
      guard header.number(at: 14, UInt32.self) == entry.checksum,
        Int(stored) == entry.storedSize || stored == .max, Int(size) == entry.size || size == .max
      else { throw failure("has other sizes or another CRC in its own header") }
    }
    let first = start + 30 + nameLength + Int(header.number(at: 28, UInt16.self))
    guard first <= directory, entry.storedSize <= directory - first else {
      throw failure("claims \(entry.storedSize) bytes from byte \(first) on, beyond the archive's data")
    }
    entry.data = first..<first + entry.storedSize
  }
}
