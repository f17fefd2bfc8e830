import Tensors

/// A part of a model: owns weights and buffers under PyTorch's state-dict names.
public protocol Layer {
  /// What this layer holds, in PyTorch's order.
  var tree: ParameterTree { get }
}

/// A layer from one tensor to one tensor.
public protocol UnaryLayer: Layer {
  /// The forward pass.
  func callAsFunction(_ x: Tensor) -> Tensor
}

/// Names and what they stand for: weights, buffers and inner trees. Written as a dictionary literal.
public struct ParameterTree: ExpressibleByDictionaryLiteral {
  /// What one name stands for.
  public enum Entry {
    case parameter(Parameter)
    case buffer(Buffer)
    case tree(ParameterTree)
    case nothing

    /// A weight that may be absent.
    public static func optional(_ parameter: Parameter?) -> Entry {
      parameter.map { .parameter($0) } ?? .nothing
    }
    /// An inner layer.
    public static func layer(_ layer: (any Layer)?) -> Entry { layer.map { .tree($0.tree) } ?? .nothing }
    /// Inner layers, named by their numbers.
    public static func layers(_ layers: [any Layer]) -> Entry {
      .tree(ParameterTree(layers.enumerated().map { (String($0.offset), .layer($0.element)) }))
    }
  }

  /// The names at this level with what they stand for.
  public var entries: [(name: String, entry: Entry)]

  /// Whether the entries are those of a norm: a config may give its weights a decay of their own.
  public var isNorm: Bool

  /// Whether the entries are those of a convolution with one input channel a group, which may have a decay of their own.
  public var isDepthwise = false

  /// Whether the entries are those of a norm that takes the statistics of all shards of a step.
  var isSynchronized = false

  /// What is known of the files that its weights come from.
  public internal(set) var ownNamings: [any WeightNaming] = []

  /// A tree with these entries.
  public init(_ entries: [(String, Entry)], isNorm: Bool = false) {
    self.entries = entries.map { (name: $0.0, entry: $0.1) }
    self.isNorm = isNorm
  }

  /// The tree of a norm.
  public static func norm(_ tree: ParameterTree) -> ParameterTree {
    ParameterTree(tree.entries.map { ($0.name, $0.entry) }, isNorm: true)
  }

  /// A tree with these entries.
  public init(dictionaryLiteral elements: (String, Entry)...) { self.init(elements) }

  /// The same, marked as that of a depthwise convolution.
  func depthwise(_ isDepthwise: Bool) -> ParameterTree {
    var tree = self
    tree.isDepthwise = isDepthwise
    return tree
  }

  /// The entries of both, at the same level.
  public static func + (a: ParameterTree, b: ParameterTree) -> ParameterTree {
    ParameterTree(a.entries.map { ($0.name, $0.entry) } + b.entries.map { ($0.name, $0.entry) })
  }

  /// All weights under their full names.
  public var parameters: [(name: String, parameter: Parameter)] {
    leaves.compactMap { if case .parameter(let parameter) = $0.entry { ($0.name, parameter) } else { nil } }
  }

  /// The full names of the weights that belong to norms.
  public var normParameterNames: Set<String> { parameterNames(where: \.isNorm) }

  /// The full names of the weights that belong to depthwise convolutions.
  public var depthwiseParameterNames: Set<String> { parameterNames(where: \.isDepthwise) }

  /// The full names of the weights at levels of one kind.
  private func parameterNames(where isOfKind: (ParameterTree) -> Bool) -> Set<String> {
    var names: Set<String> = []
    for (name, entry) in entries {
      switch entry {
      case .parameter: if isOfKind(self) { names.insert(name) }
      case .tree(let tree): names.formUnion(tree.parameterNames(where: isOfKind).map { "\(name).\($0)" })
      case .buffer, .nothing: continue
      }
    }
    return names
  }

  /// Whether some norm in it takes the statistics of all shards of a step, which then have to run side by side.
  public var hasSynchronizedNorms: Bool {
    isSynchronized
      || entries.contains { if case .tree(let tree) = $0.entry { tree.hasSynchronizedNorms } else { false } }
  }

  /// Leaves all weights as they are from now on (mm's `frozen_stages`).
  public func freeze() {
    for (_, parameter) in parameters { parameter.isFrozen = true }
  }

  /// All buffers under their full names.
  public var buffers: [(name: String, buffer: Buffer)] {
    leaves.compactMap { if case .buffer(let buffer) = $0.entry { ($0.name, buffer) } else { nil } }
  }

  /// Weights and buffers under their full names.
  public var leaves: [(name: String, entry: Entry)] {
    entries.flatMap { name, entry -> [(name: String, entry: Entry)] in
      switch entry {
      case .parameter, .buffer: [(name: name, entry: entry)]
      case .tree(let tree): tree.leaves.map { (name: "\(name).\($0.name)", entry: $0.entry) }
      case .nothing: []
      }
    }
  }
}

extension Layer {
  /// All weights under their full names.
  public var parameters: [(name: String, parameter: Parameter)] { tree.parameters }

  /// Draws all weights anew, each from its own distribution and its own random numbers, keyed by its name.
  public func initialize(seed: UInt64) { initialize(seed: seed, only: nil) }

  /// Draws the initial values of some weights, the same as if all were drawn.
  ///
  /// - Parameter names: Full names; nil: all.
  package func initialize(seed: UInt64, only names: Set<String>?) {
    if names?.isEmpty == true { return }
    for (name, parameter) in parameters where names?.contains(name) != false {
      // FNV-1a, 32 bits: the same numbers whatever else the model holds.
      let hash = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
      var generator = RandomGenerator(
        seed: seed, sample: Int(hash), purpose: .initialization(parameter: 0))
      parameter.initialize(&generator)
    }
  }
}
