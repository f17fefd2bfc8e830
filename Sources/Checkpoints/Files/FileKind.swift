import Foundation

/// What a file is by its first bytes; its extension says nothing.
enum FileKind {
  case safetensors
  case zip
  case legacy
  /// Something else, with a remedy.
  case other(String)

  /// - Throws: `CheckpointError` when the file cannot be read.
  init(_ source: ByteSource) throws {
    let head = try source.read(0..<min(512, source.count))
    // First, as a header's length may begin with the bytes of anything else.
    if head.count > 8, head[4..<8].allSatisfy({ $0 == 0 }), head[8] == UInt8(ascii: "{") {
      self = .safetensors
    } else if head.starts(with: Array("PK".utf8) + [3, 4]) {
      self = .zip
    } else if let known = Self.others.first(where: { head.starts(with: $0.bytes) }) {
      self = .other(known.what)
    } else if head.count >= 262, Array(head[257..<262]) == Array("ustar".utf8) {
      self = .other("a tar archive: unpack it first; PyTorch's own tar files (before 0.1.10) are not read")
    } else if Self.isHTML(head) {
      self = .other("an HTML page, perhaps of a download that failed: fetch the file itself")
    } else if PyTorchFile.isLegacy(head) {
      self = .legacy
    } else if source.name.hasSuffix(".safetensors") {
      self = .safetensors
    } else {
      let size = source.count < 8 ? " (\(source.count) bytes)" : ""
      self = .other("no checkpoint\(size): neither safetensors nor a file of torch.save")
    }
  }

  private static let others: [(bytes: [UInt8], what: String)] = [
    ([0x89, 0x50, 0x4e, 0x47], "a PNG image"), ([0xff, 0xd8, 0xff], "a JPEG image"),
    ([0x1f, 0x8b], "a gzip file: unpack it with gunzip first"),
    (Array("BZh".utf8), "a bzip2 file: unpack it with bunzip2 first"),
    ([0xfd, 0x37, 0x7a, 0x58, 0x5a], "an xz file: unpack it with unxz first"),
    ([0x28, 0xb5, 0x2f, 0xfd], "a zstd file: unpack it with unzstd first"),
    ([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "a 7z archive: unpack it first"),
    (Array("Rar!".utf8), "a RAR archive: unpack it first"),
    (Array("PK".utf8) + [5, 6], "an empty zip archive"),
    ([0x89, 0x48, 0x44, 0x46], "an HDF5 file: convert it in Python first"),
    ([0x93] + Array("NUMPY".utf8), "a NumPy array: convert it in Python first"),
    (Array("%PDF".utf8), "a PDF document"), ([0x7f] + Array("ELF".utf8), "a program"),
    (
      Array("version https://git-lfs".utf8),
      "a Git LFS pointer and not the file itself: fetch it with git lfs pull"
    ),
  ]

  private static func isHTML(_ head: [UInt8]) -> Bool {
    let text = String(decoding: head, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
      .lowercased()
    return ["<!doctype", "<html", "<?xml", "<head", "<body"].contains { text.hasPrefix($0) }
  }
}
