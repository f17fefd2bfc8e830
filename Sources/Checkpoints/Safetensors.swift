import Foundation
import Tensors

/// A safetensors file: named tensors and metadata of strings.
///
/// 8 bytes of header length, little-endian; a JSON header; the data. Every length and offset is checked, and the
/// data must be covered without gap or overlap, as the reference implementation demands.
public struct Safetensors: Sendable {
  /// `__metadata__`.
  public var metadata: [String: String]
  /// Tensors by name.
  public var tensors: [String: StoredTensor]

  static let headerLimit = 100_000_000
  static let tensorLimit = 100_000

  /// Tensors to be written. Metadata without `format` gets `pt`: other loaders refuse files that lack it.
  public init(_ tensors: [String: StoredTensor], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata.merging(["format": "pt"]) { given, _ in given }
  }

  /// Reads a file.
  ///
  /// - Throws: `CheckpointError` that says what is wrong, and where.
  public init(file path: String) throws {
    let data: Data
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw CheckpointError(file: path, "no such file")
    }
    guard !isFolder.boolValue else { throw CheckpointError(file: path, "is a folder, not a checkpoint") }
    do { data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) } catch {
      throw CheckpointError(file: path, "cannot be read: \(error.localizedDescription)")
    }
    try self.init(data: data, file: path)
  }

  /// Reads the bytes of a file; `file` is its name in errors.
  ///
  /// - Throws: `CheckpointError` that says what is wrong, and where.
  public init(data: Data, file: String) throws {
    func failure(_ message: String) -> CheckpointError { CheckpointError(file: file, message) }
    guard data.count >= 8 else { throw failure("\(data.count) bytes: too short for a safetensors file") }
    let length = data.prefix(8).enumerated().reduce(UInt64(0)) {
      $0 | UInt64($1.element) << (8 * UInt64($1.offset))
    }
    guard length <= Self.headerLimit else {
      throw failure(
        "the header claims \(length) bytes, more than \(Self.headerLimit): not a safetensors file")
    }
    guard 8 + Int(length) <= data.count else {
      throw failure(
        "the header claims \(length) bytes, the file has only \(data.count - 8) more: it is cut short")
    }
    let start = data.startIndex + 8 + Int(length)
    let header: Header
    do { header = try JSONDecoder().decode(Header.self, from: data[(data.startIndex + 8)..<start]) } catch {
      throw failure("the header is not valid: \(Self.explanation(of: error))")
    }
    guard header.entries.count <= Self.tensorLimit else {
      throw failure("\(header.entries.count) tensors, more than \(Self.tensorLimit)")
    }
    let size = data.count - 8 - Int(length)
    var covered = 0
    var tensors: [String: StoredTensor] = [:]
    for (name, entry) in header.entries.sorted(by: {
      $0.value.begin < $1.value.begin || ($0.value.begin == $1.value.begin && $0.value.end < $1.value.end)
    }) {
      guard let type = ElementType(rawValue: entry.dtype) else {
        let known = ElementType.allCases.map(\.rawValue).joined(separator: " ")
        throw failure("tensor '\(name)' has dtype '\(entry.dtype)', not one of \(known)")
      }
      var bytes = type.size
      for extent in entry.shape {
        let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
        guard extent >= 0, !overflow else {
          throw failure("tensor '\(name)' has an impossible shape \(entry.shape)")
        }
        bytes = product
      }
      guard entry.begin >= 0, entry.end >= entry.begin, entry.end <= size else {
        throw failure(
          "tensor '\(name)' claims bytes \(entry.begin) to \(entry.end) of \(size): the file is cut short or damaged"
        )
      }
      guard entry.end - entry.begin == bytes else {
        throw failure(
          "tensor '\(name)' of shape \(entry.shape) needs \(bytes) bytes, its place has \(entry.end - entry.begin)"
        )
      }
      guard entry.begin == covered else {
        throw failure(
          "tensor '\(name)' begins at byte \(entry.begin), not at \(covered): a gap or an overlap")
      }
      covered = entry.end
      tensors[name] = StoredTensor(
        type: type, shape: entry.shape, bytes: Array(data[(start + entry.begin)..<(start + entry.end)]))
    }
    guard covered == size else { throw failure("\(size - covered) bytes after the last tensor") }
    self.tensors = tensors
    metadata = header.metadata
  }

  /// Writes the file beside its place and renames it.
  ///
  /// - Throws: `CheckpointError` with the system's reason.
  public func write(to path: String) throws {
    let names = tensors.keys.sorted()
    var header = Header(metadata: metadata)
    var offset = 0
    for name in names {
      guard let tensor = tensors[name] else { continue }
      header.entries[name] = Header.Entry(
        dtype: tensor.type.rawValue, shape: tensor.shape, begin: offset, end: offset + tensor.bytes.count)
      offset += tensor.bytes.count
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var text = Array(try encoder.encode(header))
    // Padded with spaces so that the data begin at a multiple of 8.
    text += [UInt8](repeating: 0x20, count: (8 - text.count % 8) % 8)
    var blob = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
    blob.reserveCapacity(blob.count + offset)
    for name in names { if let tensor = tensors[name] { blob += tensor.bytes } }
    try AtomicFile.write(blob, to: path)
  }

  private static func explanation(of error: any Error) -> String {
    switch error as? DecodingError {
    case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context),
      .keyNotFound(_, let context):
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      return (path.isEmpty ? "" : "'\(path)': ") + context.debugDescription
    default: return "\(error)"
    }
  }
}

/// The JSON header of a safetensors file.
private struct Header: Codable {
  struct Entry: Codable {
    var dtype: String
    var shape: [Int]
    var begin: Int
    var end: Int

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }

    init(dtype: String, shape: [Int], begin: Int, end: Int) {
      (self.dtype, self.shape, self.begin, self.end) = (dtype, shape, begin, end)
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      dtype = try keys.decode(String.self, forKey: .dtype)
      shape = try keys.decode([Int].self, forKey: .shape)
      let offsets = try keys.decode([Int].self, forKey: .offsets)
      guard offsets.count == 2 else {
        throw DecodingError.dataCorruptedError(
          forKey: .offsets, in: keys, debugDescription: "data_offsets needs two numbers, not \(offsets.count)"
        )
      }
      (begin, end) = (offsets[0], offsets[1])
    }

    func encode(to encoder: any Encoder) throws {
      var keys = encoder.container(keyedBy: CodingKeys.self)
      try keys.encode(dtype, forKey: .dtype)
      try keys.encode(shape, forKey: .shape)
      try keys.encode([begin, end], forKey: .offsets)
    }
  }

  struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  var metadata: [String: String]
  var entries: [String: Entry] = [:]

  private static let metadataName = Name(stringValue: "__metadata__")

  init(metadata: [String: String]) { self.metadata = metadata }

  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: Name.self)
    metadata = try keys.decodeIfPresent([String: String].self, forKey: Self.metadataName) ?? [:]
    for key in keys.allKeys where key.stringValue != Self.metadataName.stringValue {
      entries[key.stringValue] = try keys.decode(Entry.self, forKey: key)
    }
  }

  func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: Name.self)
    try keys.encode(metadata, forKey: Self.metadataName)
    for (name, entry) in entries { try keys.encode(entry, forKey: Name(stringValue: name)) }
  }
}
