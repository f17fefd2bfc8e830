import Layers
import Tensors

/// A model's weights and buffers at one moment; to put them back costs no copy.
struct LiveWeights {
  private let weights: [(parameter: Parameter, value: Tensor, gradient: Tensor?)]
  private let buffers: [(buffer: Buffer, value: Tensor, count: Int?)]

  /// Runs what may change a model; then weights, their gradients and buffers are as before.
  static func kept<T>(in model: any Layer, _ body: () throws -> T) rethrows -> T {
    let live = LiveWeights(model)
    defer { live.restore() }
    return try body()
  }

  private init(_ model: any Layer) {
    let tree = model.tree
    weights = tree.parameters.map {
      ($0.parameter, $0.parameter.value.detached, $0.parameter.gradient)
    }
    buffers = tree.buffers.map { ($0.buffer, $0.buffer.value, $0.buffer.count) }
  }

  private func restore() {
    for (parameter, value, gradient) in weights {
      parameter.replace(by: value)
      parameter.gradient = gradient
    }
    for (buffer, value, count) in buffers { (buffer.count, buffer.value) = (count, value) }
  }
}
