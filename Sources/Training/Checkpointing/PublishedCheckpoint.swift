import Checkpoints
import Files
import Foundation

/// What of a checkpoint is published (mm's `published_keys`).
enum PublishedPart: String, Decodable, CaseIterable, Sendable {
  /// The weights.
  case weights = "state_dict"
  /// The classes' names.
  case meta
  /// The optimiser's state.
  case optimizer
  /// Beside averages: the weights that training went on from.
  case averaged = "ema_state_dict"
  /// What a run needs to go on, which is of no use to others.
  case schedules = "param_schedulers"
  case messages = "message_hub"
}

/// A checkpoint for others: weights without what only the run needs, and a checksum in its name.
public enum PublishedCheckpoint {
  /// Writes `NAME-XXXXXXXX.safetensors` beside a checkpoint, X the beginning of the content's SHA-256.
  ///
  /// - Returns: The file.
  /// - Throws: `CheckpointError` with the system's reason.
  static func write(_ path: String, parts: [PublishedPart]) throws -> String {
    let checkpoint = try Safetensors(file: path)
    let optimizer = Checkpoint.optimizerPrefix
    let live = optimizer + Checkpoint.livePrefix
    let tensors = checkpoint.tensors.filter { name, _ in
      if name.hasPrefix(live) { return parts.contains(.averaged) }
      return parts.contains(name.hasPrefix(optimizer) ? .optimizer : .weights)
    }
    let kept = ["format"] + (parts.contains(.meta) ? ["version", "config"] + Checkpoint.classKeys : [])
    let metadata = checkpoint.metadata.filter { kept.contains($0.key) }
    return try write(named: path, ending: "safetensors") {
      try Safetensors(tensors, metadata: metadata).write(to: $0)
    }
  }

  /// Writes the weights of any checkpoint, with its classes and config and nothing else, to `NAME-XXXXXXXX` with the
  /// ending of `output`, X the beginning of the content's SHA-256 (mm's `tools/model_converters/publish_model.py`).
  ///
  /// - Parameters:
  ///   - input: A checkpoint of any format that can be read.
  ///   - output: The name without the checksum; its ending, `safetensors`, `pth` or `pt`, decides on the format.
  /// - Returns: The file, how many tensors are in it, and how many of the input were left out.
  /// - Throws: `CheckpointError` that names the file and what is wrong, or the system's reason.
  public static func publish(
    _ input: String, to output: String
  ) throws -> (file: String, tensors: Int, leftOut: Int) {
    let checkpoint = try Checkpoint(file: input)
    let weights = checkpoint.weights
    guard !weights.isEmpty else { throw CheckpointError(file: input, "holds no weights") }
    let ending = Folder.splitExtension(output).extension
    let file = try write(named: output, ending: ending) { temporary in
      if ending == "safetensors" {
        let kept = Checkpoint.classKeys.union(["config"])
        let metadata = checkpoint.metadata.filter {
          kept.contains($0.key)
            && (checkpoint.format == .safetensors || Checkpoint.classKeys.contains($0.key))
        }
        try Safetensors(weights, metadata: metadata).write(to: temporary)
      } else {
        try PyTorchWriter.write(
          weights, classes: try checkpoint.classes(), categoryIDs: try checkpoint.categoryIDs(), to: temporary
        )
      }
    }
    return (file, weights.count, checkpoint.tensors.count - weights.count)
  }

  /// Writes a file beside its place and gives it its checksum's name.
  private static func write(
    named path: String, ending: String, _ write: (String) throws -> Void
  ) throws -> String {
    let (folder, name) = Folder.split(path)
    let temporary = Folder.join(folder, PartialName.name(for: "\(name).published"))
    defer { try? FileManager.default.removeItem(atPath: temporary) }
    try write(temporary)
    let digest = try SHA256.digest(ofFile: temporary)
    let suffix = "." + ending
    let base = path.hasSuffix(suffix) ? String(path.dropLast(suffix.count)) : path
    let file = "\(base)-\(digest.prefix(8))\(suffix)"
    guard rename(temporary, file) == 0 else {
      throw CheckpointError(file: file, String(cString: strerror(errno)))
    }
    return file
  }
}
