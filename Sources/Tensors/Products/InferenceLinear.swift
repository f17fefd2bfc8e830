import CKernels

/// The weights `[O, I]` of a linear layer in inference. They are put into the order in which products read them once, and
/// stay so with the layer until they change.
package enum InferenceWeights {
  /// As they are; what is made of them is kept beside them.
  case float32(Tensor)
  /// Rounded.
  case bfloat16(HalfWeights)

  var outputs: Int {
    switch self {
    case .float32(let weight): weight.shape[0]
    case .bfloat16(let weights): weights.outputs
    }
  }

  var inputs: Int {
    switch self {
    case .float32(let weight): weight.shape[1]
    case .bfloat16(let weights): weights.inputs
    }
  }

  /// Fails, as a mistake of the program, for what is not a linear layer's or is to be differentiated.
  func check(_ name: String, _ x: [Int], _ bias: Tensor?, _ others: [Tensor?]) {
    var all = [bias] + others
    switch self {
    case .float32(let weight):
      require(weight.rank == 2, "\(name) with weight \(weight.shape)")
      all.append(weight)
    case .bfloat16(let weights): require(weights.form == .rows, "\(name) with weights of a convolution")
    }
    requireInference(name, all)
    require(x.last == inputs, "\(name) of x \(x) with weights [\(outputs), \(inputs)]")
    require(bias.map { $0.shape == [outputs] } ?? true, "bias \(bias?.shape ?? []) of \(outputs)")
  }
}

/// `linear` for inference, without a derivative: y = activation(norm(x) Wᵀ + b + residual).
///
/// - Parameters:
///   - x: `[..., I]`.
///   - weights: Those as bfloat16 round x, too; sums are float32.
///   - norm: Is taken row by row as the product reads them where that is once, so that its result takes no memory.
///   - bias: `[O]`.
///   - residual: `[..., O]`.
package func linear(
  _ x: Tensor, weights: InferenceWeights, after norm: PrecedingNorm? = nil, bias: Tensor? = nil,
  adding residual: Tensor? = nil, activation: Activation? = nil
) -> Tensor {
  weights.check("linear", x.shape, bias, [x, residual, norm?.weight, norm?.bias])
  let shape = Array(x.shape.dropLast()) + [weights.outputs]
  require(residual.map { $0.shape == shape } ?? true, "\(residual?.shape ?? []) added to \(shape)")
  norm?.check(x)
  let rows = x.shape.dropLast().product
  OperationCounter.current?.addLinear(rows, weights.inputs, weights.outputs)
  return Tensor.operation("linear", of: [x] + [bias, residual].compactMap(\.self)) {
    let y = Tensor.uninitialized(shape)
    let epilogue = ProductEpilogue(
      bias: bias?.storage, residual: residual?.storage, activation: activation)
    switch weights {
    case .bfloat16(let half):
      HalfProduct(rows: rows, weights: half).run(x.storage, after: norm, epilogue, to: y.storage)
    case .float32(let weight):
      let product = RowProduct(inputs: weights.inputs, outputs: weights.outputs)
      guard Computation.isOn, rows > 0, weights.outputs > 0 else { break }
      product.parallelMultiply(
        rows: rows, x.storage, product.kept(weight), after: norm?.writing(x.storage, weights.inputs),
        bias: bias?.storage, to: y.storage, finish: epilogue.finish(y.storage))
    }
    return (y, { _ in [] })
  }
}

/// The same with weights as bfloat16.
package func linear(
  _ x: Tensor, half weights: HalfWeights, after norm: PrecedingNorm? = nil, bias: Tensor? = nil,
  adding residual: Tensor? = nil, activation: Activation? = nil
) -> Tensor {
  linear(
    x, weights: .bfloat16(weights), after: norm, bias: bias, adding: residual, activation: activation)
}

extension PrecedingNorm {
  /// Fails, as a mistake of the program, where x has other channels; counts the norm.
  func check(_ x: Tensor) {
    let width = x.shape.last ?? 0
    require(
      weight.shape == [width] && bias.shape == [width], "a norm of \(weight.shape) of x \(x.shape)")
    OperationCounter.current?.add(.layerNorm, 5, x.count)
  }
}

extension RowProduct {
  /// A weight `[O, I]`, packed at the first call and kept with its numbers until they change.
  func kept(_ weight: Tensor) -> TensorStorage {
    weight.storage.derived(.packedRows(outputs: outputs)) {
      packed(weight.storage, stride: inputs, transposed: true)
    }
  }
}

/// Operations for inference have no derivative.
func requireInference(_ name: String, _ tensors: [Tensor?]) {
  require(!tensors.contains { $0?.needsGradient ?? false }, "\(name) of inference with a derivative to come")
}
