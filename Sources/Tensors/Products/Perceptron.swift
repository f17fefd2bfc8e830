import CKernels

/// A linear layer, an activation and another linear layer, for inference, without a derivative:
/// y = activation(norm(x) W₁ᵀ + b₁) W₂ᵀ + b₂ + residual.
///
/// What lies between the layers is made some rows at a time, which stay in the cache: it takes no memory. All numbers are
/// those of one layer after the other.
///
/// - Parameters:
///   - x: `[..., I]`.
///   - norm: Of x; none when nil.
///   - first: `[H, I]` and `[H]`.
///   - second: `[O, H]` and `[O]`, of the same type.
///   - residual: `[..., O]`.
package func perceptron(
  _ x: Tensor, after norm: PrecedingNorm?, _ first: (weights: InferenceWeights, bias: Tensor?),
  _ activation: Activation, _ second: (weights: InferenceWeights, bias: Tensor?), adding residual: Tensor?
) -> Tensor {
  let rows = x.shape.dropLast().product
  let product = PerceptronProduct(
    rows: rows, inputs: first.weights.inputs, hidden: first.weights.outputs, outputs: second.weights.outputs,
    norm: norm, activation: activation)
  let isOne: Bool
  switch (first.weights, second.weights) {
  case (.float32, .float32): isOne = product.keepsRows
  case (.bfloat16, .bfloat16): isOne = product.keepsHalfRows
  default: isOne = false
  }
  guard isOne else {
    let middle = linear(
      x, weights: first.weights, after: norm, bias: first.bias, activation: activation)
    return linear(middle, weights: second.weights, bias: second.bias, adding: residual)
  }
  let shape = Array(x.shape.dropLast()) + [product.outputs]
  first.weights.check("a perceptron", x.shape, first.bias, [x, residual, norm?.weight, norm?.bias])
  second.weights.check("a perceptron", [product.hidden], second.bias, [])
  require(residual.map { $0.shape == shape } ?? true, "\(residual?.shape ?? []) added to \(shape)")
  norm?.check(x)
  OperationCounter.current?.addLinear(rows, product.inputs, product.hidden)
  OperationCounter.current?.addLinear(rows, product.hidden, product.outputs)
  return Tensor.operation("perceptron", of: [x] + [residual].compactMap(\.self)) {
    let y = Tensor.uninitialized(shape)
    let epilogues = (
      ProductEpilogue(bias: first.bias?.storage, activation: activation),
      ProductEpilogue(bias: second.bias?.storage, residual: residual?.storage)
    )
    guard Computation.isOn else { return (y, { _ in [] }) }
    switch (first.weights, second.weights) {
    case (.float32(let one), .float32(let two)):
      product.run(x.storage, one, two, epilogues, to: y.storage)
    case (.bfloat16(let one), .bfloat16(let two)):
      product.run(x.storage, one, two, epilogues, to: y.storage)
    default: break
    }
    return (y, { _ in [] })
  }
}

/// Two products of the same rows.
private struct PerceptronProduct {
  let rows, inputs, hidden, outputs: Int
  let norm: PrecedingNorm?
  let activation: Activation

  private static let purpose: StaticString = "the rows of a perceptron"

  /// Whether there are rows for sixteen threads to read the weights for.
  private var hasManyRows: Bool { rows >= 16 * 48 && min(inputs, hidden, outputs) > 0 }
  /// Whether it is made some rows at a time; wide layers leave too few of them in the cache.
  var keepsRows: Bool { hasManyRows && hidden <= 4096 }
  /// The same in bfloat16, where sums that are rounded at once have one part.
  var keepsHalfRows: Bool { keepsRows && inputs <= DP_HALF_INPUTS_AT_ONCE }

  func run(
    _ x: TensorStorage, _ first: Tensor, _ second: Tensor, _ epilogues: (ProductEpilogue, ProductEpilogue),
    to y: TensorStorage
  ) {
    let products = (
      RowProduct(inputs: inputs, outputs: hidden), RowProduct(inputs: hidden, outputs: outputs)
    )
    let weights = (products.0.kept(first), products.1.kept(second))
    // Beside the rows between the layers, which take three quarters of it, the second level of cache holds those that they are
    // made of.
    let middle = CacheSize.secondLevel / MemoryLayout<Float>.stride * 3 / 4
    let most = max(12, min(RowProduct.rowsAtOnce, middle / hidden) / 12 * 12)
    let pieces = min(128, max(16, rows / 96))
    // Whole cache lines of an odd number, so that rows do not compete for the same ones.
    let stride = ((hidden + 15) / 16 | 1) * 16
    let norm = norm?.writing(x, inputs)
    let (kernel, finish) = (activation.kernel, epilogues.1.finish(y))
    parallel(pieces) { [rows, inputs, hidden, outputs] piece in
      let (first, end) = (rows * piece / pieces, rows * (piece + 1) / pieces)
      let parts = (end - first + most - 1) / most
      let height = (end - first + parts - 1) / parts
      let middle = TensorStorage(count: (height + 1) * stride, for: Self.purpose)
      let row = middle.base + height * stride
      let normal = norm.map { _ in TensorStorage(count: height * (inputs + 2), for: Self.purpose) }
      for part in 0..<parts {
        let start = first + (end - first) * part / parts
        let count = first + (end - first) * (part + 1) / parts - start
        var source = UnsafePointer(x.base + start * inputs)
        if let norm, let normal {
          norm(start..<start + count, normal.base, normal.base + height * inputs)
          source = UnsafePointer(normal.base)
        }
        products.0.multiply(
          rows: count, source, stride: inputs, weights.0.base,
          bias: epilogues.0.bias.map { UnsafePointer($0.base) },
          to: middle.base, stride: stride)
        for place in 0..<count {
          // Kernels of activations read what they do not write.
          row.update(from: middle.base + place * stride, count: hidden)
          kernel(middle.base + place * stride, row, hidden)
        }
        products.1.multiply(
          rows: count, middle.base, stride: stride, weights.1.base,
          bias: epilogues.1.bias.map { UnsafePointer($0.base) }, to: y.base + start * outputs, stride: outputs
        )
        finish?(y.base + start * outputs, start * outputs, count * outputs)
      }
      withExtendedLifetime((middle, normal)) {}
    }
  }

  func run(
    _ x: TensorStorage, _ first: HalfWeights, _ second: HalfWeights,
    _ epilogues: (ProductEpilogue, ProductEpilogue), to y: TensorStorage
  ) {
    // Tiles have 14 rows; those between the layers take half of the second level of cache.
    let middle = CacheSize.secondLevel / MemoryLayout<UInt16>.stride / 2
    let most = max(56, min(448, middle / hidden) / 14 * 14)
    let pieces = max((rows + most - 1) / most, min(16, rows / 56))
    let strides = (dp_half_stride(inputs), dp_half_stride(hidden))
    let round = HalfProduct.rounding(x, inputs: inputs, after: norm)
    parallel(pieces) { [rows] piece in
      let range = rows * piece / pieces..<rows * (piece + 1) / pieces
      let rounded = TensorStorage(
        count: range.count * (strides.0 + strides.1), elementType: .bfloat16, for: Self.purpose)
      let middle = rounded.halves + range.count * strides.0
      round(range, rounded.halves, strides.0)
      HalfProduct(rows: rows, weights: first).multiply(
        rounded.halves, strides.0, range, epilogues.0, toHalves: middle, strides.1)
      HalfProduct(rows: rows, weights: second).multiply(
        middle, strides.1, range, 0..<second.outputs, epilogues.1, to: y)
      withExtendedLifetime(rounded) {}
    }
  }
}
