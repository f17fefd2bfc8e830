import CKernels

/// y = activation(x Wᵀ + b) over the last axis.
///
/// - Parameters:
///   - x: `[..., I]`.
///   - weight: `[O, I]`.
///   - bias: `[O]`.
///   - activation: Applied to each piece of the product as it is made, so that the sums before it need a tensor of
///     their own only for a derivative; none when nil.
/// - Returns: `[..., O]`.
public func linear(
  _ x: Tensor, weight: Tensor, bias: Tensor? = nil, activation: Activation? = nil
) -> Tensor {
  require(
    weight.rank == 2 && x.rank >= 1 && x.shape.last == weight.shape[1],
    "linear of x \(x.shape) with weight \(weight.shape)")
  require(
    bias.map { $0.shape == [weight.shape[0]] } ?? true, "bias \(bias?.shape ?? []) of \(weight.shape)")
  let product = LinearProduct(
    rows: x.shape.dropLast().product, inputs: weight.shape[1], outputs: weight.shape[0])
  OperationCounter.current?.addLinear(product.rows, product.inputs, product.outputs)
  return Tensor.operation("linear", of: [x, weight] + (bias.map { [$0] } ?? [])) {
    let y = Tensor.uninitialized(x.shape.dropLast() + [product.outputs])
    let (needsX, needsWeight) = (x.needsGradient, weight.needsGradient)
    let (hasBias, needsBias) = (bias != nil, bias?.needsGradient ?? false)
    let isKept = needsX || needsWeight || needsBias
    // What the activation's derivative is computed from.
    var kept: TensorStorage?
    if let activation {
      let sums =
        isKept && !activation.slopeIsFromResult
        ? TensorStorage(count: product.rows * product.outputs, for: "the sums of a linear layer") : nil
      product.forward(
        x.storage, weight.storage, bias: bias?.storage, activation, keepingSumsIn: sums, to: y.storage)
      kept = sums ?? y.storage
    } else {
      product.forward(x.storage, weight.storage, bias: bias?.storage, to: y.storage)
    }
    let (xShape, weightShape) = (x.shape, weight.shape)
    let input = needsWeight ? x.storage : nil
    let factors = needsX ? weight.storage : nil
    let source = x.node
    return (
      y,
      { [kept] gradient in
        let slope = activation.flatMap { activation in kept.map { (activation: activation, kept: $0) } }
        let sum = needsX ? source?.takeSum() : nil
        let before = product.slopes(
          gradient.storage, slope, needsBias: needsBias, weight: factors,
          to: needsX ? sum ?? .uninitialized(xShape) : nil, adds: sum != nil)
        var gradients: [Tensor?] = [before.input, nil]
        if let input {
          let gw = Tensor.uninitialized(weightShape)
          product.weightGradient(before.sums, input, to: gw.storage)
          gradients[1] = gw
        }
        if hasBias { gradients.append(before.bias) }
        return gradients
      }
    )
  }
}

/// The products of a linear layer: x [rows, inputs], weight [outputs, inputs].
private struct LinearProduct: Sendable {
  let rows, inputs, outputs: Int

  func forward(_ x: TensorStorage, _ weight: TensorStorage, bias: TensorStorage?, to y: TensorStorage) {
    RowProduct(inputs: inputs, outputs: outputs).parallelMultiply(
      rows: rows, x, weight, stride: inputs, transposed: true, bias: bias, to: y)
  }

  /// With an activation of the sums as they are made, which are kept where there is room for them.
  func forward(
    _ x: TensorStorage, _ weight: TensorStorage, bias: TensorStorage?, _ activation: Activation,
    keepingSumsIn sums: TensorStorage?, to y: TensorStorage
  ) {
    let kernel = activation.kernel
    RowProduct(inputs: inputs, outputs: outputs).parallelMultiply(
      rows: rows, x, weight, stride: inputs, transposed: true, bias: bias, to: sums,
      finish: { z, start, count in kernel(y.base + start, z, count) })
  }

  /// The gradients of the sums before the activation, of the bias, and of x.
  ///
  /// Where one piece of the last product reads a row, it makes that row's gradient before the activation and adds it to the
  /// bias' sums first: then it is in the cache, and nothing is read twice from memory.
  ///
  /// - Parameters:
  ///   - g: Of the result, `[rows, outputs]`.
  ///   - slope: The activation, and what its derivative is computed from.
  ///   - gx: Is written, or added to; nil when it is not needed.
  func slopes(
    _ g: TensorStorage, _ slope: (activation: Activation, kept: TensorStorage)?, needsBias: Bool,
    weight: TensorStorage?, to gx: Tensor?, adds: Bool
  ) -> (sums: TensorStorage, bias: Tensor?, input: Tensor?) {
    let product = RowProduct(inputs: outputs, outputs: inputs)
    let target = adds ? nil : gx?.storage
    var finish: RowProduct.Finish?
    if adds, let sum = gx?.storage {
      // The product of some rows is in the cache when it is added.
      finish = { z, start, count in dp_accumulate(sum.base + start, z, count) }
    }
    guard let weight, let gx, slope != nil || needsBias, let pieces = product.heightsReadOnce(rows: rows)
    else {
      let gz = slope.map { self.slope(g, $0.activation, $0.kept) } ?? g
      if let weight, gx != nil {
        product.parallelMultiply(
          rows: rows, gz, weight, stride: inputs, transposed: false, to: target, finish: finish)
      }
      return (gz, needsBias ? sumOfRows(gz, rows: rows, width: outputs) : nil, gx)
    }
    let gz =
      slope == nil ? g : TensorStorage(count: rows * outputs, for: "the sums of a linear layer")
    let (width, partial) = (
      outputs, needsBias ? TensorStorage(count: pieces * outputs, for: "the sums of rows") : nil
    )
    let (kernel, kept) = (slope?.activation.slope, slope?.kept)
    // Some rows at a time, so that what is added is in the first level of cache yet.
    let rowsAtOnce = max(1, (1 << 12) / max(1, width))
    product.parallelMultiply(
      rows: rows, gz, weight, stride: inputs, transposed: false, to: target,
      begin: { height, rows, isFirst in
        let sum = partial.map { $0.base + height * width }
        if isFirst { sum?.update(repeating: 0, count: width) }
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: rowsAtOnce) {
          let (start, count) = (first * width, min(rowsAtOnce, rows.upperBound - first))
          if let kernel, let kept {
            kernel(gz.base + start, g.base + start, kept.base + start, count * width)
          }
          if let sum { dp_accumulate_rows(sum, gz.base + start, count, width) }
        }
      }, finish: finish)
    let bias = partial.map { partial in
      let bias = Tensor.uninitialized([width])
      sumOfPartials(partial, pieces: pieces, to: bias.storage)
      return bias
    }
    return (gz, bias, gx)
  }

  /// The gradient before an activation, in a pass of its own.
  private func slope(_ g: TensorStorage, _ activation: Activation, _ kept: TensorStorage) -> TensorStorage {
    let gz = TensorStorage(count: g.count, for: "the sums of a linear layer")
    let kernel = activation.slope
    parallel(over: g.count, grain: 1 << 14) { range in
      let start = range.lowerBound
      kernel(gz.base + start, g.base + start, kept.base + start, range.count)
    }
    return gz
  }

  func weightGradient(_ g: TensorStorage, _ x: TensorStorage, to gw: TensorStorage) {
    BLAS.parallelMultiply(
      transposingA: true, m: outputs, n: inputs, k: rows, g, stride: outputs, x, stride: inputs, to: gw,
      stride: inputs)
  }
}

/// Column sums of `[rows, width]`, in an order that does not depend on the threads.
func sumOfRows(_ x: TensorStorage, rows: Int, width: Int) -> Tensor {
  let sum = Tensor.uninitialized([width])
  let pieces = min(64, max(1, rows * width / (1 << 16)))
  let storage = TensorStorage(count: pieces * width, for: "the sums of rows")
  parallel(pieces) { piece in
    (storage.base + piece * width).update(repeating: 0, count: width)
    for row in rows * piece / pieces..<rows * (piece + 1) / pieces {
      dp_accumulate(storage.base + piece * width, x.base + row * width, width)
    }
  }
  sumOfPartials(storage, pieces: pieces, to: sum.storage)
  return sum
}
