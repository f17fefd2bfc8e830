/// Whether operations run twice: once in the forward pass, unrecorded, and once more in the backward pass.
///
/// Layers read it to do the same both times: what they change (running statistics) changes in the first run only, and
/// shortcuts of inference (weights that hold a norm too) are taken in neither.
package enum Recomputation: Sendable {
  /// They run once.
  case none
  /// The first run.
  case first
  /// The second run.
  case second

  /// What runs now.
  @TaskLocal package static var current = Recomputation.none
}

/// Gradient checkpointing (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016): runs `body` without
/// keeping anything but its inputs, and once more, recorded, when the backward pass gets there.
///
/// - Parameters:
///   - inputs: At least one; every tensor with a graph that `body` uses, except leaves such as weights.
///   - body: Gives the same result each time.
package func recomputed(_ inputs: [Tensor], _ body: @escaping ([Tensor]) -> Tensor) -> Tensor {
  require(!inputs.isEmpty, "nothing to recompute from")
  // Inside another recomputed block nothing is kept anyway.
  guard Recording.isOn else { return body(inputs) }
  let isSecond = Recomputation.current == .second
  let value = Recomputation.$current.withValue(isSecond ? .second : .first) {
    withoutGradients { body(inputs.map(\.detached)) }
  }
  let (originals, kept) = (inputs.map(\.node), inputs.map(\.detached))
  var result = value.detached
  // Always recorded, for the weights that `body` uses are not known.
  let node = GraphNode(name: "recomputed", inputs: originals) { gradient in
    let leaves = zip(kept, originals).map { kept, original in
      var leaf = kept
      if let original {
        leaf.node = GraphNode(name: "leaf", inputs: [], derivative: nil)
        leaf.node?.original = original
      }
      return leaf
    }
    let start = GraphNode(name: "start", inputs: [], derivative: nil).order
    let output = Recomputation.$current.withValue(.second) {
      Recording.$isOn.withValue(true) { body(leaves) }
    }
    if let root = output.node {
      require(
        Tensor.reachable(from: root).allSatisfy { $0.order > start },
        "a recomputed block uses a tensor of the graph that is not among its inputs")
    }
    output.backward(from: gradient)
    // The leaves have handed the gradients on.
    return originals.map { _ in nil as Tensor? }
  }
  node.hidesLeaves = true
  result.node = node
  return result
}
