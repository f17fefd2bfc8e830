import Foundation
import Imaging
import TestSupport
import Testing

/// A case of `Tests/Golden/image`, its pictures as this room's types.
struct GoldenCase {
  struct Configuration: Decodable {
    var file: String?
    var interpolation: Interpolation?
    var windows: [[Int]]?
  }

  let stored: StoredTensors
  let configuration: Configuration

  init(_ name: String) throws {
    stored = try StoredTensors(bytes(of: name))
    let text = try #require(stored.metadata["config"])
    configuration = try JSONDecoder().decode(Configuration.self, from: Data(text.utf8))
  }

  func image(_ name: String) throws -> Image {
    let tensor = try #require(stored.tensors[name])
    return Image(
      height: tensor.shape[0], width: tensor.shape[1], channels: tensor.shape.count == 3 ? 3 : 1,
      pixels: tensor.bytes)
  }

  func labels(_ name: String) throws -> LabelMap {
    let tensor = try #require(stored.tensors[name])
    return LabelMap(
      height: tensor.shape[0], width: tensor.shape[1], pixels: tensor.integers.map { Int32($0) })
  }

  /// Largest and mean difference of two pictures of one size.
  static func difference(_ a: Image, _ b: Image) -> (largest: Int, mean: Double) {
    guard a.size == b.size, a.channels == b.channels else { return (.max, .infinity) }
    let differences = zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }
    return (differences.max() ?? 0, Double(differences.reduce(0, +)) / Double(max(1, differences.count)))
  }

  static func names(_ prefix: String) -> [String] {
    let names = (try? Golden.names(in: "image")) ?? []
    return names.filter { $0.hasPrefix(prefix) }
  }
}

func bytes(of golden: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(fileURLWithPath: Golden.path("image/\(golden)"))))
}

/// A golden file's tensors (its README gives the format); this room is below the reader of checkpoints.
struct StoredTensors {
  struct Entry {
    var shape: [Int]
    var bytes: [UInt8]
    var isWide: Bool

    var integers: [Int] {
      guard isWide else { return bytes.map { Int($0) } }
      return stride(from: 0, to: bytes.count, by: 8).map { start in
        bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
      }
    }
  }

  private struct Header: Decodable {
    var dtype: String
    var shape: [Int]
    var offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  private enum Item: Decodable {
    case tensor(Header)
    case metadata([String: String])

    init(from decoder: any Decoder) throws {
      if let header = try? Header(from: decoder) {
        self = .tensor(header)
      } else {
        self = .metadata(try [String: String](from: decoder))
      }
    }
  }

  private(set) var metadata: [String: String] = [:]
  private(set) var tensors: [String: Entry] = [:]

  init(_ file: [UInt8]) throws {
    let length = file[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let start = 8 + length
    for (name, item) in try JSONDecoder().decode([String: Item].self, from: Data(file[8..<start])) {
      switch item {
      case .metadata(let values): metadata = values
      case .tensor(let header):
        tensors[name] = Entry(
          shape: header.shape, bytes: Array(file[start + header.offsets[0]..<start + header.offsets[1]]),
          isWide: header.dtype == "I64")
      }
    }
  }
}
