import Files
import Foundation

/// Where the weights stand in what was saved.
///
/// Known are: a plain state dict; dictionaries under `state_dict`, `model`, `model_ema` and `ema_state_dict`, also one
/// in the other; a single dictionary of tensors under any key. DataParallel's `module.` is taken off.
struct CheckpointLayout {
  /// «plain», or the keys the weights stand under.
  var name: String
  /// Numbers of the graph's tensors by name, by group; the group of a plain state dict is "".
  var groups: [String: [String: Int]]
  /// Small values beside the weights.
  var metadata: [String: String]

  /// Of weights, in the order of preference, and of averages of weights.
  static let weightKeys = ["state_dict", "model"]
  static let averageKeys = ["model_ema", "ema_state_dict"]

  private static let otherKeys: Set<String> = [
    "optimizer", "optimizers", "optim", "optimizer_state_dict", "optimizer_states", "optim_state_dict",
    "meta",
    "lr_scheduler", "lr_schedulers", "scheduler", "param_schedulers", "message_hub", "scaler", "amp",
    "loss_scaler",
  ]
  private static let depthLimit = 100
  private static let letterLimit = 256 << 20
  private static let tensorLimit = 100_000

  init(_ graph: PickleGraph, root: PickleValue, file: String) throws {
    func failure(_ message: String) -> CheckpointError { CheckpointError(file: file, message) }
    var walk = Walk(graph: graph, file: file)
    guard case .dictionary(let top) = root else {
      if case .placeholder(let index) = root {
        throw failure(
          "holds an object of the class \(graph.names[index].full.printed), perhaps a whole model: save its state_dict() instead"
        )
      }
      let tensors = try walk.tensors(root)
      guard !tensors.isEmpty else { throw failure("holds \(root.kind), not a dictionary of tensors") }
      (name, groups, metadata) = ("plain", ["": tensors], [:])
      return
    }
    metadata = Self.metadata(graph, top)
    groups = [:]
    var names: [String] = []
    for key in Self.weightKeys + Self.averageKeys {
      guard case .dictionary(let inner)? = graph.value(top, key) else { continue }
      let (path, tensors) = try Self.descend(inner, path: key, &walk)
      guard !tensors.isEmpty else { continue }
      groups[key] = tensors
      names.append(path)
    }
    name = names.joined(separator: ", ")
    if groups.isEmpty {
      let others = graph.dictionaries[top].filter { entry in
        if case .string(let key) = entry.key { !Self.otherKeys.contains(key) } else { true }
      }
      var tensors = try walk.tensors(others)
      name = "plain"
      if let (key, inner) = Self.loneDictionary(graph, others, tensors) {
        (name, tensors) = (key, try walk.tensors(inner))
      }
      groups[""] = tensors
    }
    groups = groups.mapValues(Self.withoutModule)
    guard groups.values.contains(where: { !$0.isEmpty }) else {
      let keys = graph.dictionaries[top].prefix(8).compactMap { entry in
        if case .string(let key) = entry.key { "'\(key.printed)'" } else { nil }
      }
      throw failure("holds no tensors; its keys are \(keys.isEmpty ? "none" : keys.joined(separator: ", "))")
    }
  }

  /// Goes on into `state_dict` or `model` where a dictionary has no tensors but in those.
  private static func descend(
    _ dictionary: Int, path: String, _ walk: inout Walk, depth: Int = 0
  ) throws -> (String, [String: Int]) {
    let hasTensors = walk.graph.dictionaries[dictionary].contains {
      if case .tensor = $0.value { true } else { false }
    }
    if !hasTensors, depth < 8 {
      for key in weightKeys {
        guard case .dictionary(let inner)? = walk.graph.value(dictionary, key) else { continue }
        let found = try descend(inner, path: "\(path).\(key)", &walk, depth: depth + 1)
        if !found.1.isEmpty { return found }
      }
    }
    return (path, try walk.tensors(.dictionary(dictionary)))
  }

  /// The one dictionary that holds all tensors, where it is not itself part of their names: `{net: {...}, epoch: 3}`.
  private static func loneDictionary(
    _ graph: PickleGraph, _ entries: [(key: PickleValue, value: PickleValue)], _ tensors: [String: Int]
  ) -> (key: String, PickleValue)? {
    let filled = entries.filter { entry in
      guard case .dictionary(let index) = entry.value else { return false }
      return graph.dictionaries[index].contains { if case .tensor = $0.value { true } else { false } }
    }
    guard filled.count == 1, case .string(let key) = filled[0].key,
      tensors.keys.allSatisfy({ $0.hasPrefix(key + ".") })
    else { return nil }
    return (key, filled[0].value)
  }

  /// Takes `module.` off, and the counters that an averaged model has beside it.
  private static func withoutModule(_ tensors: [String: Int]) -> [String: Int] {
    let counters: Set<String> = ["steps", "n_averaged"]
    guard tensors.keys.contains(where: { $0.hasPrefix("module.") }),
      tensors.keys.allSatisfy({ $0.hasPrefix("module.") || counters.contains($0) })
    else { return tensors }
    return tensors.reduce(into: [:]) { names, entry in
      if !counters.contains(entry.key) { names[String(entry.key.dropFirst("module.".count))] = entry.value }
    }
  }

  /// Names by the way to each tensor; what is shared is visited again, up to a limit.
  private struct Walk {
    let graph: PickleGraph
    let file: String
    private var visits = 0
    /// Bytes of all names on the way.
    private var letters = 0

    init(graph: PickleGraph, file: String) { (self.graph, self.file) = (graph, file) }

    mutating func tensors(_ root: PickleValue) throws -> [String: Int] {
      var found: [String: Int] = [:]
      try visit(root, "", 0, &found)
      return found
    }

    mutating func tensors(_ entries: [(key: PickleValue, value: PickleValue)]) throws -> [String: Int] {
      var found: [String: Int] = [:]
      try visit(entries, "", 0, &found)
      return found
    }

    private mutating func visit(
      _ entries: [(key: PickleValue, value: PickleValue)], _ path: String, _ depth: Int,
      _ found: inout [String: Int]
    ) throws {
      for (key, value) in entries {
        switch key {
        case .string(let key): try visit(value, path, key, depth, &found)
        case .integer(let key): try visit(value, path, "\(key)", depth, &found)
        default: continue
        }
      }
    }

    /// A member of a container; only those that are or may hold tensors get a name.
    private mutating func visit(
      _ value: PickleValue, _ path: String, _ name: String, _ depth: Int, _ found: inout [String: Int]
    ) throws {
      switch value {
      case .tensor, .dictionary, .list, .tuple:
        letters += path.utf8.count + name.utf8.count
        guard letters <= CheckpointLayout.letterLimit else {
          throw CheckpointError(
            file: file, "has names of more than \(CheckpointLayout.letterLimit) bytes in all")
        }
        try visit(value, path.isEmpty ? name : "\(path).\(name)", depth + 1, &found)
      default: visits += 1
      }
    }

    private mutating func visit(
      _ value: PickleValue, _ path: String, _ depth: Int, _ found: inout [String: Int]
    ) throws {
      visits += 1
      guard visits <= Unpickler.Limit.values, depth <= CheckpointLayout.depthLimit,
        found.count < CheckpointLayout.tensorLimit
      else {
        throw CheckpointError(
          file: file,
          "holds more than \(Unpickler.Limit.values) values or \(CheckpointLayout.tensorLimit) tensors, or they are nested more than \(CheckpointLayout.depthLimit) deep"
        )
      }
      switch value {
      case .tensor(let index): found[path.isEmpty ? "tensor" : path] = index
      case .dictionary(let index): try visit(graph.dictionaries[index], path, depth, &found)
      case .list, .tuple:
        for (number, element) in (graph.sequence(value) ?? []).enumerated() {
          try visit(element, path, "\(number)", depth, &found)
        }
      default: break
      }
    }
  }

  // MARK: Metadata

  private static func text(_ value: PickleValue) -> String? {
    switch value {
    case .integer(let number): "\(number)"
    case .real(let number): "\(number)"
    case .bool(let flag): "\(flag)"
    case .string(let text) where text.utf8.count <= 4096: text
    default: nil
    }
  }

  /// Numbers and strings at the top and under mm's `meta`; `classes` and `category_ids` are JSON lists.
  private static func metadata(_ graph: PickleGraph, _ top: Int) -> [String: String] {
    var metadata: [String: String] = [:]
    func add(_ dictionary: Int) {
      for (key, value) in graph.dictionaries[dictionary].prefix(1000) {
        guard case .string(let key) = key, key.utf8.count <= 256, !Checkpoint.classKeys.contains(key)
        else { continue }
        if let text = text(value) { metadata[key] = text }
      }
    }
    add(top)
    guard case .dictionary(let meta)? = graph.value(top, "meta") else { return metadata }
    add(meta)
    var places = [graph.value(meta, "CLASSES"), graph.value(meta, "classes")]
    if case .dictionary(let dataset)? = graph.value(meta, "dataset_meta") {
      places = [graph.value(dataset, "classes"), graph.value(dataset, "CLASSES")] + places
      let ids = graph.value(dataset, Checkpoint.categoryIDsKey).flatMap { integers($0, graph) }
      if let ids { metadata[Checkpoint.categoryIDsKey] = "\(ids)" }
    }
    let names = places.lazy.compactMap { $0.flatMap { strings($0, graph) } }.first
    if let json = try? names.map({ try JSONEncoder().encode($0) }) {
      metadata[classesKey] = String(decoding: json, as: UTF8.self)
    }
    return metadata
  }

  private static var classesKey: String { "classes" }

  private static func strings(_ value: PickleValue, _ graph: PickleGraph) -> [String]? {
    elements(value, graph) { if case .string(let name) = $0 { name } else { nil } }
  }

  private static func integers(_ value: PickleValue, _ graph: PickleGraph) -> [Int]? {
    elements(value, graph) { if case .integer(let number) = $0 { number } else { nil } }
  }

  /// The elements of a list or tuple that are all of one kind.
  private static func elements<E>(
    _ value: PickleValue, _ graph: PickleGraph, _ element: (PickleValue) -> E?
  ) -> [E]? {
    guard let list = graph.sequence(value), !list.isEmpty, list.count <= 100_000 else { return nil }
    let elements = list.compactMap(element)
    return elements.count == list.count ? elements : nil
  }
}
