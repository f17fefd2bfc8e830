import CKernels
import Synchronization

/// Gives the gradients of an operation's inputs, in their order, from that of its output; nil where none is wanted.
typealias Derivative = (_ gradient: Tensor) -> [Tensor?]

/// One recorded operation, or a leaf that gathers a gradient.
final class GraphNode {
  let name: String
  let order: UInt64
  let inputs: [GraphNode?]
  var derivative: Derivative?
  var gradient: Tensor?
  /// A leaf that stands for a node of another graph gives its gradients to that one.
  var original: GraphNode?
  /// Whether its derivative gives to leaves that are not among its inputs.
  var hidesLeaves = false

  private static let counter = Atomic<UInt64>(0)

  init(name: String, inputs: [GraphNode?], derivative: Derivative?) {
    self.name = name
    self.inputs = inputs
    self.derivative = derivative
    order = Self.counter.add(1, ordering: .relaxed).newValue
  }

  var isLeaf: Bool { inputs.isEmpty }

  /// Adds to the gradient, in place where nobody else holds it.
  func accumulate(_ addend: Tensor) {
    if let original { return original.accumulate(addend) }
    if isLeaf, let collection = GradientCollection.current { return collection.add(addend, toLeaf: order) }
    guard var sum = gradient.take() else {
      gradient = addend
      return
    }
    sum.add(addend)
    gradient = sum
  }
}

extension GraphNode {
  /// What later operations have given so far, taken away for one that adds to it in the pass in which it makes its own and
  /// gives back the sum; nil where there is nothing, or somebody else holds it.
  func takeSum() -> Tensor? {
    guard !isLeaf, var sum = gradient.take() else { return nil }
    if sum.isHeldHere() { return sum }
    gradient = sum
    return nil
  }
}

/// Whether operations are recorded for the backward pass.
package enum Recording {
  @TaskLocal package static var isOn = true
}

/// Runs `body` without recording operations for a backward pass.
public func withoutGradients<R>(_ body: () throws -> R) rethrows -> R {
  try Recording.$isOn.withValue(false, operation: body)
}

extension Tensor {
  /// The same numbers as a leaf of the graph: a backward pass leaves their gradient in `gradient`.
  public func withGradient() -> Tensor {
    var leaf = Tensor(shape: shape, storage: storage)
    leaf.node = GraphNode(name: "leaf", inputs: [], derivative: nil)
    return leaf
  }

  /// The same numbers, cut off from the graph.
  public var detached: Tensor { Tensor(shape: shape, storage: storage) }

  /// The gradient that backward passes have summed up in this leaf.
  public var gradient: Tensor? { node?.gradient }

  /// Forgets the gradient of this leaf.
  public func clearGradient() { node?.gradient = nil }

  /// Replaces the gradient of this leaf.
  package func setGradient(_ gradient: Tensor?) { node?.gradient = gradient }

  /// Whether a backward pass through this tensor reaches a leaf, and operations are recorded now.
  package var needsGradient: Bool { node != nil && Recording.isOn }

  /// Runs an operation and records its derivative when an input needs a gradient.
  ///
  /// - Parameter body: Gives the result and its derivative. The derivative may hold on to inputs and results; it
  ///   is dropped at once when nothing is to be differentiated, else as soon as the backward pass has used it.
  static func operation(
    _ name: String, of inputs: [Tensor], _ body: () -> (result: Tensor, derivative: Derivative)
  ) -> Tensor {
    for input in inputs {
      require(input.elementType == .float32, "\(name) of a tensor \(input.shape) of \(input.elementType)")
    }
    let isNeeded = Recording.isOn && inputs.contains { $0.node != nil }
    let (value, derivative) = OperationProfile.measure(name, body)
    FiniteProbe.note(name, inputs: inputs.map { ($0.node, $0) }, results: [value])
    var result = Tensor(shape: value.shape, storage: value.storage)
    if isNeeded {
      result.node = GraphNode(name: name, inputs: inputs.map(\.node), derivative: derivative)
    }
    return result
  }

  /// Backward pass from this number: adds d(self)/d(leaf) to the gradient of each leaf it was made from.
  ///
  /// What the pass no longer needs is freed as it goes, so it can be run once.
  public func backward() {
    require(count == 1, "a backward pass starts from one number, not from shape \(shape)")
    backward(from: Tensor(repeating: 1, shape: shape))
  }

  /// Backward pass from a tensor whose gradient is given.
  public func backward(from gradient: Tensor) {
    require(gradient.shape == shape, "gradient of shape \(gradient.shape) for a tensor of \(shape)")
    guard let root = node else { return }
    root.accumulate(gradient)
    withoutGradients {
      let nodes = Self.reachable(from: root)
      let pass = GradientCollection.current?.begin(nodes)
      defer { pass?.end() }
      for node in nodes {
        defer { pass?.passed(node) }
        guard let derivative = node.derivative.take(), let gradient = node.gradient.take() else { continue }
        let gradients = OperationProfile.measure(node.name + ".backward") {
          FiniteProbe.unnoted { derivative(gradient) }
        }
        FiniteProbe.note(
          node.name + ".backward", inputs: node.inputs.map { ($0, nil) } + [(nil, gradient)],
          results: gradients.compactMap { $0 })
        require(
          gradients.count == node.inputs.count,
          "\(node.name): \(gradients.count) gradients for \(node.inputs.count) inputs")
        for (input, gradient) in zip(node.inputs, gradients) {
          if let input, let gradient { input.accumulate(gradient) }
        }
      }
    }
  }

  /// The operations that a node was made by, the latest first.
  static func reachable(from root: GraphNode) -> [GraphNode] {
    var seen: Set<UInt64> = [root.order]
    var found: [GraphNode] = []
    var open = [root]
    while let node = open.popLast() {
      if node.isLeaf { continue }
      found.append(node)
      for case let input? in node.inputs where seen.insert(input.order).inserted { open.append(input) }
    }
    return found.sorted { $0.order > $1.order }
  }

  /// Whether nobody else holds the numbers, which may then be written over; what was derived from them is forgotten.
  fileprivate mutating func isHeldHere() -> Bool {
    guard isKnownUniquelyReferenced(&storage) else { return false }
    storage.forgetDerived()
    return true
  }

  /// Adds another tensor's numbers to these, in place where nobody else holds them.
  package mutating func add(_ other: Tensor) {
    require(other.shape == shape, "shape \(other.shape) added to shape \(shape)")
    let addend = other.storage
    if isHeldHere() {
      let sum = storage
      parallel(over: count, grain: 1 << 15) { range in
        dp_accumulate(sum.base + range.lowerBound, addend.base + range.lowerBound, range.count)
      }
    } else {
      // No copy first, as a residual's gradient, which two hold, would need.
      let (old, sum) = (storage, TensorStorage(shape: shape))
      parallel(over: count, grain: 1 << 15) { range in
        let start = range.lowerBound
        dp_add(sum.base + start, old.base + start, addend.base + start, range.count)
      }
      storage = sum
    }
  }
}

/// A pointer that the pieces of a parallel loop share.
///
/// `@unchecked Sendable`: every piece writes a range that no other piece touches, and the loop returns before the
/// memory can go away.
struct Shared<Element>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Element>

  /// Shares memory that outlives the loop.
  init(_ base: UnsafeMutablePointer<Element>) { self.base = base }
}
