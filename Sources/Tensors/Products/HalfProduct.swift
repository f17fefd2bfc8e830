import CKernels

extension Activation {
  /// The kernels' name of it.
  var half: dp_half_activation {
    switch self {
    case .relu: dp_half_relu
    case .gelu: dp_half_gelu
    case .silu: dp_half_silu
    case .sigmoid: dp_half_logistic
    }
  }
}

/// A product of rows, rounded to bfloat16, and weights: `[rows, O]`, with float32 sums.
///
/// Cut by rows and by outputs, by the sizes alone; a number of the result does not depend on the cut.
struct HalfProduct: Sendable {
  /// Writes some rows, rounded, `stride` numbers apart.
  typealias Rounding =
    @Sendable (_ rows: Range<Int>, _ out: UnsafeMutablePointer<UInt16>, _ stride: Int) -> Void

  let rows: Int
  let weights: HalfWeights

  /// From one row to the next: whole cache lines, of an odd number, so that rows do not compete for the same lines.
  static func stride(_ inputs: Int) -> Int { ((inputs + 31) / 32 | 1) * 32 }

  private static let purpose: StaticString = "the rounded rows of a product"

  /// The product of rows of float32 numbers that lie one behind the other.
  func run(_ x: TensorStorage, _ epilogue: ProductEpilogue, to y: TensorStorage) {
    let inputs = weights.inputs
    run(epilogue, to: y) { range, out, stride in
      dp_half_round(x.base + range.lowerBound * inputs, inputs, range.count, inputs, out, stride)
    }
  }

  /// The product of rows that are made when they are needed.
  func run(_ epilogue: ProductEpilogue, to y: TensorStorage, _ round: @escaping Rounding) {
    guard rows > 0, weights.outputs > 0, Computation.isOn else { return }
    let (inputs, outputs, stride) = (weights.inputs, weights.outputs, Self.stride(weights.inputs))
    // Tiles have 14 rows. A piece's rows fit the second level of cache, or are enough to pay for reading the weights.
    let most = max(112, min(448, (1 << 18) / max(1, inputs))) / 14 * 14
    let isSmall = rows * outputs * inputs < 1 << 18
    let rowPieces = isSmall ? 1 : max((rows + most - 1) / most, min(16, rows / 56), 1)
    let columnPieces = isSmall || rowPieces >= 8 ? 1 : max(1, min(outputs / 64, 16 / rowPieces))
    if columnPieces == 1 {
      return parallel(rowPieces) { [rows] piece in
        let range = rows * piece / rowPieces..<rows * (piece + 1) / rowPieces
        let rounded = TensorStorage(count: range.count * stride, elementType: .bfloat16, for: Self.purpose)
        round(range, rounded.halves, stride)
        multiply(rounded.halves, stride, range, 0..<outputs, epilogue, to: y)
      }
    }
    let rounded = TensorStorage(count: rows * stride, elementType: .bfloat16, for: Self.purpose)
    parallel(over: rows, grain: 14) { range in
      round(range, rounded.halves + range.lowerBound * stride, stride)
    }
    let panels = (outputs + 15) / 16
    parallel(rowPieces * columnPieces) { [rows] piece in
      let (row, column) = (piece / columnPieces, piece % columnPieces)
      let range = rows * row / rowPieces..<rows * (row + 1) / rowPieces
      let columns =
        16 * (panels * column / columnPieces)..<min(outputs, 16 * (panels * (column + 1) / columnPieces))
      multiply(
        rounded.halves + range.lowerBound * stride, stride, range, columns, epilogue, to: y)
    }
  }

  /// On this thread: some rows by some outputs, whole panels of them.
  private func multiply(
    _ a: UnsafePointer<UInt16>, _ stride: Int, _ range: Range<Int>, _ columns: Range<Int>,
    _ epilogue: ProductEpilogue, to y: TensorStorage
  ) {
    let (outputs, inputs, first) = (weights.outputs, weights.inputs, columns.lowerBound)
    let at = range.lowerBound * outputs + first
    var product = dp_half_product(
      a: a, panels: weights.base + dp_half_panel_count(first, inputs), aStride: stride,
      rows: range.count, outputs: columns.count, inputs: inputs, y: y.base + at,
      bias: epilogue.bias.map { UnsafePointer($0.base + first) },
      residual: epilogue.residual.map { UnsafePointer($0.base + at) }, yStride: outputs,
      residualStride: outputs, activation: epilogue.activation?.half ?? dp_half_none)
    dp_half_multiply(&product)
  }
}

/// A layer norm whose result nothing but a product takes: `[I]` each.
package struct PrecedingNorm {
  let weight, bias: Tensor
  let epsilon: Float

  /// The norm's numbers.
  package init(weight: Tensor, bias: Tensor, epsilon: Float) {
    (self.weight, self.bias, self.epsilon) = (weight, bias, epsilon)
  }

  /// Writes rows of a product, normalised and rounded, some at a time.
  fileprivate func rounding(_ x: TensorStorage, _ inputs: Int) -> HalfProduct.Rounding {
    let (weight, bias, epsilon) = (weight.storage, bias.storage, epsilon)
    return { range, out, stride in
      // They stay in the first level of cache.
      let most = max(1, min(range.count, (1 << 12) / max(1, inputs)))
      let rows = TensorStorage(count: most * (inputs + 2), for: "the normalised rows of a product")
      let statistics = rows.base + most * inputs
      for first in Swift.stride(from: 0, to: range.count, by: most) {
        let count = min(most, range.count - first)
        dp_layer_norm(
          rows.base, statistics, x.base + (range.lowerBound + first) * inputs, weight.base, bias.base, count,
          inputs, epsilon)
        dp_half_round(rows.base, inputs, count, inputs, out + first * stride, stride)
      }
      withExtendedLifetime((rows, weight, bias)) {}
    }
  }
}

/// `linear` with weights as bfloat16, for inference: y = activation(norm(x) Wᵀ + b + residual), float32.
///
/// - Parameters:
///   - x: `[..., I]`.
///   - norm: Is taken row by row as the product reads them, so that its result takes no memory.
///   - bias: `[O]`.
///   - residual: `[..., O]`.
package func linear(
  _ x: Tensor, half weight: HalfWeights, after norm: PrecedingNorm? = nil, bias: Tensor? = nil,
  adding residual: Tensor? = nil, activation: Activation? = nil
) -> Tensor {
  require(
    x.rank >= 1 && x.shape.last == weight.inputs && weight.form == .rows,
    "linear of x \(x.shape) with weights as bfloat16 [\(weight.outputs), \(weight.inputs)]")
  let shape = Array(x.shape.dropLast()) + [weight.outputs]
  requireInference("linear", [x, bias, residual, norm?.weight, norm?.bias])
  require(bias.map { $0.shape == [weight.outputs] } ?? true, "bias \(bias?.shape ?? []) of \(weight.outputs)")
  require(residual.map { $0.shape == shape } ?? true, "\(residual?.shape ?? []) added to \(shape)")
  require(
    norm.map { $0.weight.shape == [weight.inputs] && $0.bias.shape == [weight.inputs] } ?? true,
    "a norm of other channels than \(weight.inputs)")
  let product = HalfProduct(rows: x.shape.dropLast().product, weights: weight)
  OperationCounter.current?.addLinear(product.rows, weight.inputs, weight.outputs)
  return Tensor.operation("linear", of: [x] + [bias, residual].compactMap(\.self)) {
    let y = Tensor.uninitialized(shape)
    let epilogue = ProductEpilogue(
      bias: bias?.storage, residual: residual?.storage, activation: activation)
    if let norm {
      product.run(epilogue, to: y.storage, norm.rounding(x.storage, weight.inputs))
    } else {
      product.run(x.storage, epilogue, to: y.storage)
    }
    return (y, { _ in [] })
  }
}

/// Weights as bfloat16 have no derivative.
func requireInference(_ name: String, _ tensors: [Tensor?]) {
  require(
    !tensors.contains { $0?.needsGradient ?? false }, "\(name) with weights as bfloat16 is for inference only"
  )
}
