import CZlib
import Files

/// A zip archive, read by its directory, with all that it says twice compared.
///
/// Names are keys and never paths: nothing is unpacked to disk.
struct ZipArchive {
  /// One entry.
  struct Entry {
    var name: String
    var isDeflated: Bool
    var checksum: UInt32
    var storedSize: Int
    var size: Int
    /// Where its local header begins.
    var start: Int
    /// Where its bytes lie.
    var data = 0..<0
  }

  static let entryLimit = 100_000
  static let deflateRatio = 100
  /// Of what is inflated, and of the directory.
  static let memoryLimit = 64 << 20

  /// By name.
  let entries: [String: Entry]
  private let source: ByteSource

  /// Reads and checks the directory and every local header.
  ///
  /// - Throws: `CheckpointError` that says what is damaged.
  init(_ source: ByteSource) throws {
    self.source = source
    let ending = try Ending(source)
    let bytes = try source.read(ending.directory)
    var list: [Entry] = []
    var index = 0
    for number in 0..<ending.count {
      guard index + 46 <= bytes.count, bytes.number(at: index, UInt32.self) == 0x0201_4b50 else {
        throw source.failure(
          "the directory of the archive says \(ending.count) entries, but holds \(number): it is damaged")
      }
      list.append(try Self.entry(bytes, &index, source))
    }
    guard index == bytes.count else {
      throw source.failure(
        "the directory of the archive says \(ending.count) entries, but goes on after them: it is damaged")
    }
    var end = 0
    var entries: [String: Entry] = [:]
    for var entry in list.sorted(by: { $0.start < $1.start }) {
      guard entry.start >= end else {
        throw source.failure("entry '\(entry.name.printed)' overlaps another")
      }
      try Self.readLocalHeader(of: &entry, before: ending.directory.lowerBound, source)
      end = entry.data.upperBound
      guard entries.updateValue(entry, forKey: entry.name) == nil else {
        throw source.failure("two entries are named '\(entry.name.printed)'")
      }
    }
    self.entries = entries
  }

  /// An entry's bytes; the checksum is always checked.
  ///
  /// - Throws: `CheckpointError` for a wrong checksum, or a bad deflate stream.
  func bytes(of entry: Entry) throws -> [UInt8] {
    let bytes = try entry.isDeflated ? inflated(entry) : source.read(entry.data)
    try check(Checksum.crc32(bytes), entry)
    return bytes
  }

  /// Checks the checksums of entries in a file in memory, which are stored.
  ///
  /// - Throws: `CheckpointError` for a wrong one.
  func check(_ entries: [Entry], in file: MappedFile) throws {
    for (entry, sum) in zip(entries, Checksum.crc32(of: entries.map(\.data), in: file)) {
      try check(sum, entry)
    }
  }

  /// An entry's bytes one after the other, in little memory where they are stored; the checksum is checked first.
  ///
  /// - Throws: `CheckpointError` for a wrong checksum, or a bad deflate stream.
  func stream(of entry: Entry) throws -> ByteStream {
    guard !entry.isDeflated else {
      return ByteSource(try bytes(of: entry), name: source.name).stream()
    }
    var sum: UInt32 = 0
    for start in stride(from: entry.data.lowerBound, to: entry.data.upperBound, by: 1 << 20) {
      sum = Checksum.crc32(
        try source.read(start..<min(start + 1 << 20, entry.data.upperBound)), after: sum)
    }
    try check(sum, entry)
    return source.stream(entry.data)
  }

  private func check(_ sum: UInt32, _ entry: Entry) throws {
    guard sum == entry.checksum else {
      throw source.failure(
        "entry '\(entry.name.printed)' is damaged: its CRC is \(Checksum.text(sum)), not \(Checksum.text(entry.checksum))"
      )
    }
  }

  private func inflated(_ entry: Entry) throws -> [UInt8] {
    func failure(_ what: String) -> CheckpointError {
      source.failure("entry '\(entry.name.printed)' \(what)")
    }
    guard entry.size <= entry.storedSize.multipliedReportingOverflow(by: Self.deflateRatio).partialValue
    else { throw failure("is deflated by more than \(Self.deflateRatio):1") }
    guard max(entry.size, entry.storedSize) <= Self.memoryLimit else {
      throw failure("inflates \(entry.storedSize) to \(entry.size) bytes, more than \(Self.memoryLimit)")
    }
    var stream = z_stream()
    guard inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw failure("cannot be inflated: no memory")
    }
    defer { inflateEnd(&stream) }
    var input = try source.read(entry.data)
    // One byte of room more than announced shows a stream that goes on.
    var output = [UInt8](repeating: 0, count: entry.size + 1)
    let status = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        return inflate(&stream, Z_FINISH)
      }
    }
    guard status == Z_STREAM_END, stream.avail_in == 0, Int(stream.total_out) == entry.size else {
      throw failure("is no deflate stream of \(entry.size) bytes: it is damaged")
    }
    output.removeLast()
    return output
  }
}
