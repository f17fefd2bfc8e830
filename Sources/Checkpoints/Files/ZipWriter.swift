/// Puts a zip archive of stored entries together, with 64-bit fields where they are needed.
struct ZipWriter {
  /// PyTorch maps storages into memory, and wants them aligned.
  private static let alignment = 64

  private let folder: String
  private var chunks: [[UInt8]] = []
  private var directory: [UInt8] = []
  private var offset = 0
  private var count = 0

  /// An archive whose entries all lie in one folder.
  init(folder: String) { self.folder = folder }

  /// Adds an entry.
  mutating func add(_ name: String, _ bytes: [UInt8]) {
    let name = Array("\(folder)/\(name)".utf8)
    let sum = Checksum.crc32(bytes)
    let isLong = bytes.count >= 0xffff_ffff
    let size = isLong ? UInt32.max : UInt32(bytes.count)
    var common: [UInt8] = []  // the fields that both headers share: flags (UTF-8) to sizes
    common.append(number: UInt16(0x800))
    common.append(number: UInt16(0))
    common.append(number: UInt32(0x21_0000))  // 1980-01-01: the same bytes at any time
    common.append(number: sum)
    common.append(number: size)
    common.append(number: size)
    common.append(number: UInt16(name.count))

    var long: [UInt8] = []
    if isLong { for _ in 0..<2 { long.append(number: UInt64(bytes.count)) } }
    var local: [UInt8] = []
    local.append(number: UInt32(0x0403_4b50))
    local.append(number: UInt16(isLong ? 45 : 20))
    local += common
    var extra = Self.field(1, long)
    let start = offset + local.count + 2 + name.count + extra.count + 4
    extra += Self.field(
      0x4246, [UInt8](repeating: 0x5a, count: (Self.alignment - start % Self.alignment) % Self.alignment),
      isAlways: true)
    local.append(number: UInt16(extra.count))
    local += name + extra
    chunks += [local, bytes]

    if offset >= 0xffff_ffff { long.append(number: UInt64(offset)) }
    let centralExtra = Self.field(1, long)
    directory.append(number: UInt32(0x0201_4b50))
    directory.append(number: UInt16(45))
    directory.append(number: UInt16(long.isEmpty ? 20 : 45))
    directory += common
    directory.append(number: UInt16(centralExtra.count))
    directory += [UInt8](repeating: 0, count: 10)  // comment, disk, attributes
    directory.append(number: UInt32(truncatingIfNeeded: min(offset, 0xffff_ffff)))
    directory += name + centralExtra

    offset += local.count + bytes.count
    count += 1
  }

  private static func field(_ kind: UInt16, _ bytes: [UInt8], isAlways: Bool = false) -> [UInt8] {
    guard !bytes.isEmpty || isAlways else { return [] }
    var field: [UInt8] = []
    field.append(number: kind)
    field.append(number: UInt16(bytes.count))
    return field + bytes
  }

  /// The archive's bytes, in pieces.
  func finished() -> [[UInt8]] {
    var end: [UInt8] = []
    end.append(number: UInt32(0x0606_4b50))
    end.append(number: UInt64(44))
    end.append(number: UInt32(45 | 45 << 16))
    end.append(number: UInt64(0))
    for number in [count, count, directory.count, offset] { end.append(number: UInt64(number)) }
    end.append(number: UInt32(0x0706_4b50))
    end.append(number: UInt32(0))
    end.append(number: UInt64(offset + directory.count))
    end.append(number: UInt32(1))
    end.append(number: UInt32(0x0605_4b50))
    end.append(number: UInt32(0))
    for _ in 0..<2 { end.append(number: UInt16(min(count, 0xffff))) }
    for number in [directory.count, offset] { end.append(number: UInt32(min(number, 0xffff_ffff))) }
    end.append(number: UInt16(0))
    return chunks + [directory, end]
  }
}
