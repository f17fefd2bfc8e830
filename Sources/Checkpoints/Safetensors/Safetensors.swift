import Files
import Foundation
import Tensors

/// A safetensors file: named tensors and metadata of strings.
///
/// 8 bytes of header length, little-endian; a JSON header; the data. Every length and offset is checked, and the
/// data must be covered without gap or overlap, as the reference implementation demands. Files written here hold a
/// CRC-32 of each tensor and one of the header, which are checked when they are read.
public struct Safetensors: Sendable {
  /// `__metadata__`.
  public var metadata: [String: String]
  /// Tensors by name.
  public var tensors: [String: StoredTensor]

  static let headerLimit = 100_000_000
  /// In the metadata: eight hexadecimal digits for each tensor in the order of their places, with spaces between.
  static let checksumsKey = "crc32"
  /// In the metadata: eight hexadecimal digits for the header as it is written here without this key.
  static let headerChecksumKey = "header_crc32"

  /// Tensors to be written. Metadata without `format` gets `pt`: other loaders refuse files that lack it.
  public init(_ tensors: [String: StoredTensor], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata.merging(["format": "pt"]) { given, _ in given }
  }

  /// Reads a file.
  ///
  /// - Throws: `CheckpointError` that says what is wrong, and where.
  public init(file path: String) throws { try self.init(ByteSource(file: path)) }

  /// Reads a file as it is after `change`, which runs when the file has been opened and measured; for tests.
  package init(file path: String, after change: () -> Void) throws {
    let source = try ByteSource(file: path)
    change()
    try self.init(source)
  }

  /// Reads the bytes of a file; `file` is its name in errors.
  ///
  /// - Throws: `CheckpointError` that says what is wrong, and where.
  public init(data: Data, file: String) throws { try self.init(ByteSource(Array(data), name: file)) }

  /// The metadata of a file, without reading any tensor; nil where it is no safetensors file.
  ///
  /// - Throws: `CheckpointError` that says what is wrong with the header, or with the file as a whole.
  package static func metadata(ofFile path: String) throws -> [String: String]? {
    let source = try ByteSource(file: path)
    guard case .safetensors = try FileKind(source) else { return nil }
    return try header(of: source).header.metadata
  }

  /// The header, which fits its checksum where it has one, and where it ends.
  private static func header(of source: ByteSource) throws -> (header: SafetensorsHeader, end: Int) {
    guard source.count >= 8 else {
      throw source.failure("\(source.count) bytes: too short for a safetensors file")
    }
    let length = try source.read(0..<8).number(at: 0, UInt64.self)
    guard length <= Self.headerLimit else {
      throw source.failure(
        "the header claims \(length) bytes, more than \(Self.headerLimit): not a safetensors file")
    }
    let start = 8 + Int(length)
    guard start <= source.count else {
      throw source.failure(
        "the header claims \(length) bytes, the file has only \(source.count - 8) more: it is cut short")
    }
    let header: SafetensorsHeader
    do { header = try SafetensorsHeader(try source.read(8..<start)) } catch let fault as JSONScanner.Fault {
      throw source.failure("the header is not valid: byte \(fault.byte): \(fault.message)")
    }
    if let sum = header.metadata[Self.headerChecksumKey] {
      var rest = header.metadata
      rest[Self.headerChecksumKey] = nil
      let text = SafetensorsHeader.text(metadata: rest, entries: header.entries)
      guard sum == Checksum.text(Checksum.crc32(text)) else {
        throw source.failure("its header is damaged: what it says does not fit its checksum")
      }
    }
    return (header, start)
  }

  init(_ source: ByteSource) throws {
    let (header, start) = try Self.header(of: source)
    let places = try Self.places(header, size: source.count - start, source)
    metadata = header.metadata
    metadata[Self.headerChecksumKey] = nil
    let sums = metadata.removeValue(forKey: Self.checksumsKey)?.split(separator: " ")
    if let sums, sums.count != places.count {
      throw source.failure("has \(sums.count) checksums for \(places.count) tensors")
    }
    tensors = [:]
    func check(_ sum: UInt32, _ number: Int) throws {
      guard let sums, sums[number] != Checksum.text(sum) else { return }
      throw source.failure(
        "tensor '\(places[number].name.printed)' is damaged: its checksum is \(Checksum.text(sum)), not "
          + String(sums[number]).printed)
    }
    if let file = source.mapping {
      let ranges = places.map { start + $0.entry.begin..<start + $0.entry.end }
      if sums != nil {
        for (number, sum) in Checksum.crc32(of: ranges, in: file).enumerated() { try check(sum, number) }
      }
      for ((name, type, entry), range) in zip(places, ranges) {
        tensors[name] = StoredTensor(type: type, shape: entry.shape, in: file, at: range)
      }
      return
    }
    for (number, (name, type, entry)) in places.enumerated() {
      let bytes = try source.read(start + entry.begin..<start + entry.end)
      if sums != nil { try check(Checksum.crc32(bytes), number) }
      tensors[name] = StoredTensor(type: type, shape: entry.shape, bytes: bytes)
    }
  }

  /// The tensors in the order of their places, which must cover `size` bytes.
  private static func places(
    _ header: SafetensorsHeader, size: Int, _ source: ByteSource
  ) throws -> [(name: String, type: ElementType, entry: SafetensorsHeader.Entry)] {
    var covered = 0
    // Empty tensors share a place: their names decide, in writing and in reading.
    let sorted = header.entries.sorted {
      ($0.value.begin, $0.value.end, $0.key) < ($1.value.begin, $1.value.end, $1.key)
    }
    let places = try sorted.map { name, entry in
      func failure(_ what: String) -> CheckpointError { source.failure("tensor '\(name.printed)' \(what)") }
      guard let type = ElementType(rawValue: entry.dtype) else {
        let known = ElementType.allCases.map(\.rawValue).joined(separator: " ")
        throw failure("has dtype '\(entry.dtype.printed)', not one of \(known)")
      }
      // Of the extents that are not 0: no product of some of them may overflow later.
      var bytes = type.size
      for extent in entry.shape {
        let (product, overflow) = bytes.multipliedReportingOverflow(by: max(1, extent))
        guard extent >= 0, !overflow else { throw failure("has an impossible shape \(entry.shape)") }
        bytes = product
      }
      if entry.shape.contains(0) { bytes = 0 }
      guard entry.begin >= 0, entry.end >= entry.begin, entry.end <= size else {
        throw failure(
          "claims bytes \(entry.begin) to \(entry.end) of \(size): the file is cut short or damaged")
      }
      guard entry.end - entry.begin == bytes else {
        throw failure(
          "of shape \(entry.shape) needs \(bytes) bytes, its place has \(entry.end - entry.begin)")
      }
      guard entry.begin == covered else {
        throw failure("begins at byte \(entry.begin), not at \(covered): a gap or an overlap")
      }
      covered = entry.end
      return (name: name, type: type, entry: entry)
    }
    guard covered == size else { throw source.failure("\(size - covered) bytes after the last tensor") }
    return places
  }

  /// Writes the file beside its place and renames it.
  ///
  /// - Throws: `CheckpointError` with the system's reason.
  public func write(to path: String) throws {
    let sorted = tensors.sorted { $0.key < $1.key }
    var entries: [String: SafetensorsHeader.Entry] = [:]
    var offset = 0
    for (name, tensor) in sorted {
      entries[name] = SafetensorsHeader.Entry(
        dtype: tensor.type.rawValue, shape: tensor.shape, begin: offset, end: offset + tensor.bytes.count)
      offset += tensor.bytes.count
    }
    var metadata = metadata
    metadata[Self.headerChecksumKey] = nil
    // Sorted by name they are also sorted by place, as a reader finds them.
    metadata[Self.checksumsKey] = sorted.map { Checksum.text(Checksum.crc32($0.value.bytes)) }
      .joined(separator: " ")
    metadata[Self.headerChecksumKey] = Checksum.text(
      Checksum.crc32(SafetensorsHeader.text(metadata: metadata, entries: entries)))
    let text = SafetensorsHeader.text(metadata: metadata, entries: entries)
    var head: [UInt8] = []
    head.append(number: UInt64(text.count))
    try AtomicFile.write(to: path, chunks: [head + text] + sorted.map(\.value.bytes))
  }
}
