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

  static let purpose: StaticString = "the rounded rows of a product"

  /// Of rows of float32 numbers that lie one behind the other, or of their norm.
  static func rounding(_ x: TensorStorage, inputs: Int, after norm: PrecedingNorm?) -> Rounding {
    if let norm { return norm.rounding(x, inputs) }
    return { range, out, stride in
      dp_half_round(x.base + range.lowerBound * inputs, inputs, range.count, inputs, out, stride)
    }
  }

  /// The product of rows of float32 numbers that lie one behind the other, or of their norm.
  func run(
    _ x: TensorStorage, after norm: PrecedingNorm? = nil, _ epilogue: ProductEpilogue, to y: TensorStorage
  ) {
    run(epilogue, to: y, Self.rounding(x, inputs: weights.inputs, after: norm))
  }

  /// The product of rows that are made when they are needed.
  func run(_ epilogue: ProductEpilogue, to y: TensorStorage, _ round: @escaping Rounding) {
    guard rows > 0, weights.outputs > 0, Computation.isOn else { return }
    let (inputs, outputs, stride) = (weights.inputs, weights.outputs, dp_half_stride(weights.inputs))
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
        withExtendedLifetime(rounded) {}
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
  func multiply(
    _ a: UnsafePointer<UInt16>, _ stride: Int, _ range: Range<Int>, _ columns: Range<Int>,
    _ epilogue: ProductEpilogue, to y: TensorStorage
  ) {
    let (outputs, first) = (weights.outputs, columns.lowerBound)
    let at = range.lowerBound * outputs + first
    var product = product(a, stride, rows: range.count, columns, epilogue)
    (product.y, product.yStride) = (y.base + at, outputs)
    product.residual = epilogue.residual.map { UnsafePointer($0.base + at) }
    product.residualStride = outputs
    dp_half_multiply(&product)
  }

  /// On this thread: some rows by all outputs, rounded for another product; of up to `DP_HALF_INPUTS_AT_ONCE` inputs.
  func multiply(
    _ a: UnsafePointer<UInt16>, _ stride: Int, _ range: Range<Int>, _ epilogue: ProductEpilogue,
    toHalves y: UnsafeMutablePointer<UInt16>, _ yStride: Int
  ) {
    var product = product(a, stride, rows: range.count, 0..<weights.outputs, epilogue)
    (product.halves, product.halvesStride) = (y, yStride)
    dp_half_multiply(&product)
  }

  /// A call without where its result goes.
  private func product(
    _ a: UnsafePointer<UInt16>, _ stride: Int, rows: Int, _ columns: Range<Int>, _ epilogue: ProductEpilogue
  ) -> dp_half_product {
    var product = dp_half_product()
    product.a = a
    product.panels = weights.base + dp_half_panel_count(columns.lowerBound, weights.inputs)
    (product.aStride, product.rows) = (stride, rows)
    (product.outputs, product.inputs) = (columns.count, weights.inputs)
    product.bias = epilogue.bias.map { UnsafePointer($0.base + columns.lowerBound) }
    product.activation = epilogue.activation?.half ?? dp_half_none
    return product
  }
}
