import CKernels

extension Tensor {
  /// Sum of two tensors; shapes are matched from the last axis, and axes of 1 are repeated.
  public static func + (a: Tensor, b: Tensor) -> Tensor { Arithmetic.add(a, b) }

  /// Difference of two tensors; shapes broadcast.
  public static func - (a: Tensor, b: Tensor) -> Tensor { Arithmetic.subtract(a, b) }

  /// Product of two tensors element by element; shapes broadcast.
  public static func * (a: Tensor, b: Tensor) -> Tensor { Arithmetic.multiply(a, b) }

  /// Quotient of two tensors element by element; shapes broadcast.
  public static func / (a: Tensor, b: Tensor) -> Tensor { Arithmetic.divide(a, b) }

  /// A number added to each element.
  public static func + (a: Tensor, b: Float) -> Tensor { a + Tensor(b) }

  /// A number taken from each element.
  public static func - (a: Tensor, b: Float) -> Tensor { a - Tensor(b) }

  /// Each element times a number.
  public static func * (a: Tensor, b: Float) -> Tensor { a * Tensor(b) }

  /// Each element over a number.
  public static func / (a: Tensor, b: Float) -> Tensor { a / Tensor(b) }

  /// A number plus each element.
  public static func + (a: Float, b: Tensor) -> Tensor { Tensor(a) + b }

  /// A number minus each element.
  public static func - (a: Float, b: Tensor) -> Tensor { Tensor(a) - b }

  /// A number times each element.
  public static func * (a: Float, b: Tensor) -> Tensor { Tensor(a) * b }

  /// A number over each element.
  public static func / (a: Float, b: Tensor) -> Tensor { Tensor(a) / b }

  /// Each element with the other sign.
  public static prefix func - (a: Tensor) -> Tensor { a * -1 }

  /// Summed over the axes that were repeated to make this shape from `target`.
  package func summed(to target: [Int]) -> Tensor {
    if shape == target { return self }
    let lead = rank - target.count
    let axes = shape.indices.filter { $0 < lead || (target[$0 - lead] == 1 && shape[$0] != 1) }
    return sum(axes: axes, keepingAxes: true).reshaped(target)
  }
}

private typealias WholeKernel =
  @Sendable @convention(c) (
    UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int
  ) -> Void
private typealias RowKernel =
  @Sendable @convention(c) (
    UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int, Int
  ) -> Void

/// The four operations on two tensors.
private enum Arithmetic: String {
  case add, subtract, multiply, divide

  private var whole: WholeKernel {
    switch self {
    case .add: dp_add
    case .subtract: dp_subtract
    case .multiply: dp_multiply
    case .divide: dp_divide
    }
  }

  /// The right side is one row.
  private var right: RowKernel {
    switch self {
    case .add: dp_add_right
    case .subtract: dp_subtract_right
    case .multiply: dp_multiply_right
    case .divide: dp_divide_right
    }
  }

  /// The left side is one row.
  private var left: RowKernel {
    switch self {
    case .add: dp_add_left
    case .subtract: dp_subtract_left
    case .multiply: dp_multiply_left
    case .divide: dp_divide_left
    }
  }

  func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
    Tensor.operation(rawValue, of: [a, b]) {
      let y = value(a, b)
      return (y, derivative(a, b, y))
    }
  }

  private func value(_ a: Tensor, _ b: Tensor) -> Tensor {
    let shape = broadcastShape(a.shape, b.shape)
    if a.shape == shape, b.shape == shape { return whole(a, b) }
    if a.shape == shape, let width = Self.rowWidth(b.shape, of: shape) {
      return rows(right, shape, a.storage, width, b.storage, 0)
    }
    if b.shape == shape, let width = Self.rowWidth(a.shape, of: shape) {
      return rows(left, shape, a.storage, 0, b.storage, width)
    }
    return whole(a.repeated(to: shape), b.repeated(to: shape))
  }

  private func whole(_ a: Tensor, _ b: Tensor) -> Tensor {
    let y = Tensor.uninitialized(a.shape)
    let (kernel, left, right, result) = (whole, a.storage, b.storage, y.storage)
    parallel(over: y.count, grain: 1 << 15) { range in
      let start = range.lowerBound
      kernel(result.base + start, left.base + start, right.base + start, range.count)
    }
    return y
  }

  /// `aWidth` and `bWidth`: the width of a row, for the side that has many.
  private func rows(
    _ kernel: @escaping RowKernel, _ shape: [Int], _ a: TensorStorage, _ aWidth: Int, _ b: TensorStorage,
    _ bWidth: Int
  ) -> Tensor {
    let y = Tensor.uninitialized(shape)
    let (width, result) = (aWidth + bWidth, y.storage)
    guard width > 0 else { return y }
    parallel(over: y.count / width, grain: max(1, (1 << 15) / width)) { range in
      let start = range.lowerBound
      kernel(
        result.base + start * width, a.base + start * aWidth, b.base + start * bWidth, range.count, width)
    }
    return y
  }

  private func derivative(_ a: Tensor, _ b: Tensor, _ y: Tensor) -> Derivative {
    let (needsA, needsB) = (a.needsGradient, b.needsGradient)
    let (aShape, bShape) = (a.shape, b.shape)
    switch self {
    case .add:
      return { g in [needsA ? g.summed(to: aShape) : nil, needsB ? g.summed(to: bShape) : nil] }
    case .subtract:
      return { g in [needsA ? g.summed(to: aShape) : nil, needsB ? -g.summed(to: bShape) : nil] }
    case .multiply:
      let (left, right) = (needsB ? a.detached : nil, needsA ? b.detached : nil)
      return { g in
        [right.map { (g * $0).summed(to: aShape) }, left.map { (g * $0).summed(to: bShape) }]
      }
    case .divide:
      let (right, quotient) = (b.detached, needsB ? y : nil)
      return { g in
        let ga = g / right
        return [
          needsA ? ga.summed(to: aShape) : nil, quotient.map { -(ga * $0).summed(to: bShape) },
        ]
      }
    }
  }

  /// How many numbers of a tensor are repeated as a whole to fill `shape`; nil when they are not.
  private static func rowWidth(_ small: [Int], of shape: [Int]) -> Int? {
    let row = Array(small.drop { $0 == 1 })
    return shape.suffix(row.count) == row[...] ? row.product : nil
  }
}

/// The common shape of two, matched from the last axis; axes of 1 are repeated.
func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int] {
  let rank = max(a.count, b.count)
  return (0..<rank).map { axis in
    let left = axis < rank - a.count ? 1 : a[axis - (rank - a.count)]
    let right = axis < rank - b.count ? 1 : b[axis - (rank - b.count)]
    require(left == right || left == 1 || right == 1, "shapes \(a) and \(b) do not broadcast")
    return left == 1 ? right : left
  }
}
