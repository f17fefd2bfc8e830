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
enum PublishedCheckpoint {
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
    let kept = ["format"] + (parts.contains(.meta) ? ["version", "classes", "config"] : [])
    let metadata = checkpoint.metadata.filter { kept.contains($0.key) }
    let published = Safetensors(tensors, metadata: metadata)
    let (folder, name) = Folder.split(path)
    let temporary = Folder.join(folder, PartialName.name(for: "\(name).published"))
    try published.write(to: temporary)
    defer { try? FileManager.default.removeItem(atPath: temporary) }
    let digest = try SHA256.digest(ofFile: temporary)
    let suffix = ".safetensors"
    let base = path.hasSuffix(suffix) ? String(path.dropLast(suffix.count)) : path
    let file = "\(base)-\(digest.prefix(8))\(suffix)"
    guard rename(temporary, file) == 0 else {
      throw CheckpointError(file: file, String(cString: strerror(errno)))
    }
    return file
  }
}
