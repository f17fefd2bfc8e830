import Checkpoints
import Files

/// What is in a checkpoint, for people and as JSON.
public struct CheckpointListing: Encodable, Sendable {
  /// A tensor.
  public struct Row: Encodable, Sendable {
    /// As the file has it.
    public let name: String
    /// In safetensors' spelling: `F32`.
    public let dtype: String
    /// As the file has it: `[O, I, kh, kw]` of a convolution.
    public let shape: [Int]
    /// Its size.
    public let bytes: Int
  }

  /// `safetensors`, `pytorch-zip`, `pytorch-legacy`.
  public let format: String
  /// Under which keys the weights are: `state_dict`.
  public let layout: String
  /// What the file says of itself.
  public let metadata: [String: String]
  /// All tensors, by name.
  public let tensors: [Row]
  /// Of all tensors, shared ones counted once.
  public let bytes: Int
  /// What is no tensor and was passed over.
  public let skipped: [String]

  /// Lists a checkpoint.
  public init(_ checkpoint: Checkpoint) {
    format = checkpoint.format.rawValue
    layout = checkpoint.layout
    metadata = checkpoint.metadata
    tensors = checkpoint.tensors.sorted { $0.key < $1.key }.map { name, tensor in
      Row(name: name, dtype: tensor.type.rawValue, shape: tensor.shape, bytes: tensor.bytes.count)
    }
    bytes = checkpoint.byteCount
    skipped = checkpoint.skipped
  }

  /// A table of the tensors, and lines about the file.
  public func text() -> String {
    let rows = tensors.map { tensor in
      [
        tensor.name.printed, tensor.dtype, tensor.shape.map(String.init).joined(separator: "x"),
        "\(tensor.bytes)",
      ]
    }
    let table = TextTable([.left(4), .left(4), .left(18), .left()], rows: rows)
    let facts =
      ["format    \(format), layout: \(layout.printed)", "tensors   \(tensors.count), \(bytes) bytes"]
      + metadata.sorted { $0.key < $1.key }.map { "metadata  \($0.printed): \($1.printed)" }
    return (table.lines + facts + [Self.skippedLine(skipped)].compactMap { $0 }).joined(separator: "\n")
  }

  /// A line about what was passed over; nil for nothing.
  public static func skippedLine(_ skipped: [String]) -> String? {
    skipped.isEmpty
      ? nil : "passed over, as no tensors: \(skipped.map(\.printed).joined(separator: ", "))"
  }
}
