import CZlib

/// A zip archive with any fault that is wanted.
struct ZipText {
  struct Entry {
    var name: String
    var bytes: [UInt8]
    var localName: String?
    var flags: UInt16 = 0
    var checksum: UInt32?
    var isDeflated = false
    /// Instead of the true ones in the directory.
    var size: UInt32?
    var start: UInt32?
    var extra: [UInt8] = []
  }

  var entries: [Entry]
  var comment = 0
  /// Instead of the true one.
  var count: UInt16?

  init(_ entries: [Entry]) { self.entries = entries }

  /// A file of `torch.save`: a pickle and storages.
  init(pickle: [UInt8], storages: [String: [UInt8]] = [:], byteOrder: String? = nil) {
    entries = [Entry(name: "x/data.pkl", bytes: pickle)]
    if let byteOrder { entries.append(Entry(name: "x/byteorder", bytes: Array(byteOrder.utf8))) }
    for (key, bytes) in storages.sorted(by: { $0.key < $1.key }) {
      entries.append(Entry(name: "x/data/\(key)", bytes: bytes))
    }
  }

  var bytes: [UInt8] {
    func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] { PickleText.little(number) }
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let stored = entry.isDeflated ? Self.deflated(entry.bytes) : entry.bytes
      let sum = entry.checksum ?? Self.checksum(entry.bytes)
      let size = entry.size ?? UInt32(entry.bytes.count)
      let storedSize = entry.isDeflated ? UInt32(stored.count) : size
      func common(_ name: String) -> [UInt8] {
        little(entry.flags) + little(UInt16(entry.isDeflated ? 8 : 0)) + little(UInt32(0)) + little(sum)
          + little(storedSize) + little(size) + little(UInt16(name.utf8.count))
      }
      directory += little(UInt32(0x0201_4b50)) + little(UInt32(20 | 20 << 16)) + common(entry.name)
      directory += little(UInt16(entry.extra.count)) + [UInt8](repeating: 0, count: 10)
      directory += little(entry.start ?? UInt32(file.count)) + Array(entry.name.utf8) + entry.extra
      let name = entry.localName ?? entry.name
      file += little(UInt32(0x0403_4b50)) + little(UInt16(20)) + common(name) + little(UInt16(0))
      file += Array(name.utf8) + stored
    }
    let count = count ?? UInt16(truncatingIfNeeded: entries.count)
    return file + directory + little(UInt32(0x0605_4b50)) + little(UInt32(0)) + little(count) + little(count)
      + little(UInt32(directory.count)) + little(UInt32(file.count)) + little(UInt16(comment))
      + [UInt8](repeating: 0x20, count: comment)
  }

  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBufferPointer {
      $0.isEmpty ? 0 : UInt32(truncatingIfNeeded: crc32(0, $0.baseAddress, UInt32($0.count)))
    }
  }

  /// A raw deflate stream.
  static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    deflateInit2_(
      &stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    defer { deflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: bytes.count + 1024)
    input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
        (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
        _ = deflate(&stream, Z_FINISH)
      }
    }
    return Array(output.prefix(Int(stream.total_out)))
  }
}
