import Foundation
import Layers

/// A checkpoint file of any format that is read: safetensors, or a `.pth` of PyTorch, by content.
///
/// Reading can run nothing: a pickle's calls are not made, and what it asks for is an error where it can only mean
/// harm, an inert placeholder otherwise.
public struct Checkpoint: Sendable {
  /// How a file is written.
  public enum Format: String, Sendable {
    case safetensors
    /// `torch.save` of PyTorch 1.6 and later.
    case zip = "pytorch-zip"
    /// `torch.save` before that.
    case legacy = "pytorch-legacy"
    /// A plain pickle of NumPy arrays (detectron2's `.pkl`).
    case pickle
  }

  /// The file.
  public let file: String
  /// How it is written.
  public let format: Format
  /// Where in it the weights stand: «plain», or keys such as `state_dict`.
  public let layout: String
  /// Strings beside the tensors; of a `.pth` the small values of its top and of mm's `meta`. `classes` is a JSON list.
  public let metadata: [String: String]
  /// All tensors; where there are several groups (`model`, `model_ema`), under group and name with a dot.
  public let tensors: [String: StoredTensor]
  /// The weights: of the groups the plain one, without an optimiser's state.
  public let weights: [String: StoredTensor]
  /// Averages of the weights (`model_ema`, `ema_state_dict`; of a run with an `EMAHook` its weights), where there are some.
  public let averages: [String: StoredTensor]?
  /// Classes and functions in a pickle that are not known here, and were passed over.
  public let skipped: [String]
  /// Bytes of all tensors; what several share (tied weights) counts once.
  public let byteCount: Int

  /// What the names of an optimiser's state begin with in a training checkpoint.
  package static let optimizerPrefix = "optimizer/"
  /// Below it, in a checkpoint whose weights are averages: those that training goes on from.
  package static let livePrefix = "live/"

  /// The classes' names, where the file has them.
  ///
  /// - Throws: `CheckpointError` when they are not a list of names.
  public func classes() throws -> [String]? {
    guard let text = metadata["classes"] else { return nil }
    do { return try JSONDecoder().decode([String].self, from: Data(text.utf8)) } catch {
      throw CheckpointError(
        file: file, "its metadata 'classes' cannot be read: \(text.prefix(80))")
    }
  }

  /// The numbers of the classes in annotation files, where the file says them.
  ///
  /// - Throws: `CheckpointError` when it says something else there.
  public func categoryIDs() throws -> [Int]? {
    guard let text = metadata[Self.categoryIDsKey] else { return nil }
    do { return try JSONDecoder().decode([Int].self, from: Data(text.utf8)) } catch {
      throw CheckpointError(
        file: file, "its metadata '\(Self.categoryIDsKey)' cannot be read: \(text.prefix(80))")
    }
  }

  /// Where the metadata have the numbers of the classes in annotation files.
  package static let categoryIDsKey = "category_ids"
  /// The metadata that say what the weights tell apart.
  package static let classKeys: Set<String> = ["classes", categoryIDsKey]

  /// Reads a file. Names of older releases stay as they are unless told: a model that is filled knows its own.
  ///
  /// - Parameters:
  ///   - path: A file of safetensors or PyTorch; its content says which, not its ending.
  ///   - namings: What knows older names, of which today's are wanted.
  ///   - isMapped: Whether tensors may be the file's own pages: nothing is copied, and the file has to stay as it is while
  ///     they are in use. Replacing it does no harm; writing into it does.
  /// - Throws: `CheckpointError` that names the file, what is wrong, and what would be right.
  public init(file path: String, namings: [any WeightNaming] = [], isMapped: Bool = false) throws {
    try self.init(ByteSource(file: path, isMapped: isMapped), namings)
  }

  /// Reads a file as it is after `change`, which runs when the file has been opened and measured; for tests.
  package init(file path: String, after change: () throws -> Void) throws {
    let source = try ByteSource(file: path)
    try change()
    try self.init(source)
  }

  /// Reads bytes in memory; `file` is their name in errors.
  ///
  /// - Throws: `CheckpointError`, as for a file.
  package init(bytes: [UInt8], file: String, namings: [any WeightNaming] = []) throws {
    try self.init(ByteSource(bytes, name: file), namings)
  }

  private init(_ source: ByteSource, _ namings: [any WeightNaming] = []) throws {
    switch try FileKind(source) {
    case .safetensors: try self.init(try Safetensors(source), source.name, namings)
    case .zip: try self.init(try PyTorchFile(zip: source), source.name, namings)
    case .legacy: try self.init(try PyTorchFile(legacy: source), source.name, namings)
    case .other(let what): throw source.failure("is \(what)")
    }
  }

  private init(_ read: Safetensors, _ file: String, _ namings: [any WeightNaming]) throws {
    self.file = file
    (format, layout, metadata, skipped) = (.safetensors, "plain", read.metadata, [])
    tensors = try OlderNames.mapped(read.tensors, by: namings, file: file)
    weights = tensors.filter { !$0.key.hasPrefix(Self.optimizerPrefix) }
    let live = Self.optimizerPrefix + Self.livePrefix
    averages = tensors.keys.contains { $0.hasPrefix(live) } ? weights : nil
    byteCount = tensors.values.reduce(0) { $0 + $1.byteCount }
  }

  private init(_ read: PyTorchFile, _ file: String, _ namings: [any WeightNaming]) throws {
    let layout = try CheckpointLayout(read.graph, root: read.root, file: file)
    func full(_ group: String, _ name: String) -> String {
      layout.groups.count > 1 ? "\(group).\(name)" : name
    }
    var chosen: [String: Int] = [:]
    for (group, names) in layout.groups {
      for (name, number) in names { chosen[full(group, name)] = number }
    }
    let (stored, byteCount) = try read.tensors(chosen)
    let groups = try layout.groups.reduce(into: [String: [String: StoredTensor]]()) { groups, group in
      let members = group.value.keys.reduce(into: [:]) { $0[$1] = stored[full(group.key, $1)] }
      groups[group.key] = try OlderNames.mapped(members, by: namings, file: file)
    }
    func members(_ keys: [String]) -> [String: StoredTensor]? {
      keys.first { groups[$0] != nil }.flatMap { groups[$0] }
    }
    self.file = file
    (format, self.layout, metadata) = (read.format, layout.name, layout.metadata)
    tensors = groups.reduce(into: [:]) { all, group in
      for (name, tensor) in group.value { all[full(group.key, name)] = tensor }
    }
    self.byteCount = byteCount
    averages = members(CheckpointLayout.averageKeys)
    weights = members(CheckpointLayout.weightKeys + [""]) ?? averages ?? [:]
    skipped = read.graph.skipped.sorted()
  }
}
