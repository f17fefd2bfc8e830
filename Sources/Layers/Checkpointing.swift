import Tensors

/// Gradient checkpointing (Chen et al., 2016): runs a block without keeping what its derivative needs, and runs it
/// again in the backward pass.
///
/// Results, gradients and running statistics are the same bits as without: the second run is made in the same
/// `ForwardMode`, so with the same random numbers, and does not move running statistics again.
///
/// - Parameters:
///   - inputs: Every tensor that the block uses, except the weights of its layers.
///   - body: The block.
public func checkpointed(_ inputs: [Tensor], _ body: @escaping ([Tensor]) -> Tensor) -> Tensor {
  let mode = ForwardMode.current
  return recomputed(inputs) { inputs in
    ForwardMode.$current.withValue(mode) { body(inputs) }
  }
}
