import CKernels
import Synchronization

/// -log softmax(logits)[label] at each position, without reduction.
///
/// - Parameters:
///   - logits: `[..., C]`.
///   - labels: One for each position, row-major, in `0 ..< C` or `ignoreIndex`.
///   - ignoreIndex: Positions with this label have loss 0 and no gradient.
///   - classWeights: Factor of the loss of each class; 1 when nil.
///   - labelSmoothing: The part e of the target that goes to all classes alike (Szegedy et al., 2016): with class
///     weights w, (1 - e) w[label] (-log p[label]) + e / C sum over c of w[c] (-log p[c]), as PyTorch has it.
/// - Returns: `[...]`.
public func crossEntropy(
  _ logits: Tensor, labels: [Int32], ignoreIndex: Int32?, classWeights: [Float]? = nil,
  labelSmoothing: Float = 0
) -> Tensor {
  crossEntropyAndRight(
    logits, labels: labels, ignoreIndex: ignoreIndex, classWeights: classWeights,
    labelSmoothing: labelSmoothing
  ).losses
}

/// The same, and in the same pass the number of labels that have the largest score of their position, the first among
/// equals; 0 with label smoothing, which is no training of pixels.
package func crossEntropyAndRight(
  _ logits: Tensor, labels: [Int32], ignoreIndex: Int32?, classWeights: [Float]? = nil,
  labelSmoothing: Float = 0
) -> (losses: Tensor, right: Int) {
  require(logits.rank >= 1, "logits of shape \(logits.shape)")
  let classes = logits.shape[logits.rank - 1]
  let target = Array(logits.shape.dropLast())
  let rows = target.product
  require(labels.count == rows, "\(labels.count) labels for logits of shape \(logits.shape)")
  require(
    classWeights.map { $0.count == classes } ?? true,
    "\(classWeights?.count ?? 0) class weights for logits of shape \(logits.shape)")
  require(0...1 ~= labelSmoothing, "label smoothing \(labelSmoothing)")
  for label in labels where !(0 <= label && label < classes) {
    require(label == ignoreIndex, "label \(label) for logits of shape \(logits.shape)")
  }
  // The kernel takes a negative label for one to be ignored.
  let known = ignoreIndex.map { ignored in labels.map { $0 == ignored ? -1 : $0 } } ?? labels
  let grain = max(1, (1 << 14) / max(1, classes))
  let right = Tally()
  let losses = Tensor.operation("cross_entropy", of: [logits]) {
    let loss = Tensor.uninitialized(target)
    let statistics = TensorStorage(count: 2 * rows, for: "the statistics of a loss")
    let weights = classWeights.map { Tensor($0, shape: [classes]).storage }
    let (x, result) = (logits.storage, loss.storage)
    parallel(over: rows, grain: grain) { range in
      let start = range.lowerBound
      known.withUnsafeBufferPointer { known in
        let label = known.baseAddress?.advanced(by: start)
        let (loss, statistics) = (result.base + start, statistics.base + 2 * start)
        let logits = x.base + start * classes
        if labelSmoothing == 0 {
          dp_cross_entropy(loss, statistics, logits, label, weights?.base, range.count, classes)
          right.add(dp_count_right(statistics, logits, label, range.count, classes))
        } else {
          dp_smoothed_cross_entropy(
            loss, statistics, logits, label, weights?.base, labelSmoothing, range.count, classes)
        }
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
          known.withUnsafeBufferPointer { known in
            let label = known.baseAddress?.advanced(by: start)
            let (gx, g) = (output.base + start * classes, g.base + start)
            let (statistics, logits) = (statistics.base + 2 * start, x.base + start * classes)
            if labelSmoothing == 0 {
              dp_cross_entropy_backward(
                gx, g, statistics, logits, label, weights?.base, range.count, classes)
            } else {
              dp_smoothed_cross_entropy_backward(
                gx, g, statistics, logits, label, weights?.base, labelSmoothing, range.count, classes)
            }
          }
        }
        return [gx]
      }
    )
  }
  return (losses, right.count)
}

/// A count that the pieces of a parallel loop add to, in any order.
private final class Tally: Sendable {
  private let sum = Atomic<Int>(0)

  func add(_ count: Int) { sum.add(count, ordering: .relaxed) }

  var count: Int { sum.load(ordering: .relaxed) }
}

/// -t log sigmoid(x) - (1 - t) log(1 - sigmoid(x)) of each element, without reduction.
///
/// - Parameters:
///   - logits: Any shape.
///   - targets: The same shape, 0 to 1; they get no gradient.
public func binaryCrossEntropy(logits: Tensor, targets: Tensor) -> Tensor {
  require(logits.shape == targets.shape, "targets \(targets.shape) for logits \(logits.shape)")
  return Tensor.operation("binary_cross_entropy", of: [logits]) {
    (
      combined(logits.storage, targets.storage, shape: logits.shape, dp_binary_cross_entropy),
      slope(logits.storage, targets.storage, dp_binary_cross_entropy_backward)
    )
  }
}

/// |x - target| of each element, without reduction. The target, of the same shape, gets no gradient.
public func l1(_ x: Tensor, _ target: Tensor) -> Tensor {
  require(x.shape == target.shape, "target \(target.shape) for \(x.shape)")
  return Tensor.operation("l1", of: [x]) {
    (
      combined(x.storage, target.storage, shape: x.shape, dp_l1),
      slope(x.storage, target.storage, dp_l1_backward)
    )
  }
}

/// Squared near 0 and absolute further on (Girshick, "Fast R-CNN", 2015, equation 3), without reduction: with
/// d = |x - target|, d^2 / (2 beta) below beta and d - beta / 2 from there; a beta of 0 gives `l1`. The target, of the
/// same shape as x, gets no gradient.
public func smoothL1(_ x: Tensor, _ target: Tensor, beta: Float = 1) -> Tensor {
  require(x.shape == target.shape, "target \(target.shape) for \(x.shape)")
  require(beta >= 0, "smooth L1 with beta \(beta)")
  return Tensor.operation("smooth_l1", of: [x]) {
    (
      combined(x.storage, target.storage, shape: x.shape) { dp_smooth_l1($0, $1, $2, beta, $3) },
      slope(x.storage, target.storage) { dp_smooth_l1_backward($0, $1, $2, $3, beta, $4) }
    )
  }
}

/// Losses times weights, averaged: mm's `weight_reduce_loss` with `reduction="mean"`.
///
/// - Parameters:
///   - losses: Of any shape.
///   - weights: Broadcast against the losses; 1 when nil.
///   - averagingFactor: The sum is divided by it (plus Float32's epsilon, as in mm); by the number of losses when nil.
/// - Returns: One number, of shape `[]`.
public func weightedSum(_ losses: Tensor, weights: Tensor? = nil, averagingFactor: Float? = nil) -> Tensor {
  let weighted = weights.map { losses * $0 } ?? losses
  guard let averagingFactor else { return weighted.mean() }
  return weighted.sum() / (averagingFactor + Float.ulpOfOne)
}

private typealias PairForward =
  @Sendable (
    UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int
  ) -> Void
private typealias PairBackward =
  @Sendable (
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
