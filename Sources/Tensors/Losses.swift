import CKernels

/// -log softmax(logits)[label] at each position, without reduction.
///
/// - Parameters:
///   - logits: `[..., C]`.
///   - labels: One for each position, row-major, in `0 ..< C` or `ignoreIndex`.
///   - ignoreIndex: Positions with this label have loss 0 and no gradient.
///   - classWeights: Factor of the loss of each class; 1 when nil.
/// - Returns: `[...]`.
public func crossEntropy(
  _ logits: Tensor, labels: [Int32], ignoreIndex: Int32?, classWeights: [Float]? = nil
) -> Tensor {
  precondition(logits.rank >= 1, "logits of shape \(logits.shape)")
  let classes = logits.shape[logits.rank - 1]
  let target = Array(logits.shape.dropLast())
  let rows = target.product
  precondition(labels.count == rows, "\(labels.count) labels for logits of shape \(logits.shape)")
  precondition(
    classWeights.map { $0.count == classes } ?? true,
    "\(classWeights?.count ?? 0) class weights for logits of shape \(logits.shape)")
  for label in labels where !(0 <= label && label < classes) {
    precondition(label == ignoreIndex, "label \(label) for logits of shape \(logits.shape)")
  }
  // The kernel takes a negative label for one to be ignored.
  let known = ignoreIndex.map { ignored in labels.map { $0 == ignored ? -1 : $0 } } ?? labels
  let grain = max(1, (1 << 14) / max(1, classes))
  return Tensor.operation("cross_entropy", of: [logits]) {
    let loss = Tensor.uninitialized(target)
    let statistics = TensorStorage(count: 2 * rows)
    let weights = classWeights.map { Tensor($0, shape: [classes]).storage }
    let (x, result) = (logits.storage, loss.storage)
    parallel(over: rows, grain: grain) { range in
      let start = range.lowerBound
      known.withUnsafeBufferPointer { label in
        dp_cross_entropy(
          result.base + start, statistics.base + 2 * start, x.base + start * classes,
          label.baseAddress?.advanced(by: start), weights?.base, range.count, classes)
      }
    }
    let shape = logits.shape
    return (
      loss,
      { gradient in
        let gx = Tensor.uninitialized(shape)
        let (g, output) = (gradient.storage, gx.storage)
        parallel(over: rows, grain: grain) { range in
          let start = range.lowerBound
          known.withUnsafeBufferPointer { label in
            dp_cross_entropy_backward(
              output.base + start * classes, g.base + start, statistics.base + 2 * start,
              x.base + start * classes, label.baseAddress?.advanced(by: start), weights?.base, range.count,
              classes)
          }
        }
        return [gx]
      }
    )
  }
}

/// -t log sigmoid(x) - (1 - t) log(1 - sigmoid(x)) of each element, without reduction.
///
/// - Parameters:
///   - logits: Any shape.
///   - targets: The same shape, 0 to 1; they get no gradient.
public func binaryCrossEntropy(logits: Tensor, targets: Tensor) -> Tensor {
  precondition(logits.shape == targets.shape, "targets \(targets.shape) for logits \(logits.shape)")
  return Tensor.operation("binary_cross_entropy", of: [logits]) {
    (
      combined(logits.storage, targets.storage, shape: logits.shape, dp_binary_cross_entropy),
      slope(logits.storage, targets.storage, dp_binary_cross_entropy_backward)
    )
  }
}

/// |x - target| of each element, without reduction. The target, of the same shape, gets no gradient.
public func l1(_ x: Tensor, _ target: Tensor) -> Tensor {
  precondition(x.shape == target.shape, "target \(target.shape) for \(x.shape)")
  return Tensor.operation("l1", of: [x]) {
    (
      combined(x.storage, target.storage, shape: x.shape, dp_l1),
      slope(x.storage, target.storage, dp_l1_backward)
    )
  }
}

/// Losses times weights, averaged: mm's `weight_reduce_loss` with `reduction="mean"`.
///
/// - Parameters:
///   - weights: Broadcast against the losses; 1 when nil.
///   - averagingFactor: The sum is divided by it (plus Float32's epsilon, as in mm); by the number of losses when nil.
/// - Returns: One number, of shape `[]`.
public func weightedSum(_ losses: Tensor, weights: Tensor? = nil, averagingFactor: Float? = nil) -> Tensor {
  let weighted = weights.map { losses * $0 } ?? losses
  guard let averagingFactor else { return weighted.mean() }
  return weighted.sum() / (averagingFactor + Float.ulpOfOne)
}

private typealias PairForward =
  @Sendable @convention(c) (
    UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int
  ) -> Void
private typealias PairBackward =
  @Sendable @convention(c) (
    UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int
  ) -> Void

private func combined(
  _ x: TensorStorage, _ target: TensorStorage, shape: [Int], _ kernel: @escaping PairForward
) -> Tensor {
  let y = Tensor.uninitialized(shape)
  let result = y.storage
  parallel(over: y.count, grain: 1 << 14) { range in
    let start = range.lowerBound
    kernel(result.base + start, x.base + start, target.base + start, range.count)
  }
  return y
}

private func slope(
  _ x: TensorStorage, _ target: TensorStorage, _ kernel: @escaping PairBackward
) -> Derivative {
  { gradient in
    let gx = Tensor.uninitialized(gradient.shape)
    let (g, output) = (gradient.storage, gx.storage)
    parallel(over: gx.count, grain: 1 << 14) { range in
      let start = range.lowerBound
      kernel(output.base + start, g.base + start, x.base + start, target.base + start, range.count)
    }
    return [gx]
  }
}
