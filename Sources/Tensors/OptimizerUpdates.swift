import CKernels

/// The numbers of one step of AdamW for one weight.
package struct AdamWStep: Sendable {
  /// What stays of the weight: 1 - rate * decay.
  package var keep: Float
  /// Decay of the mean of gradients and of the mean of their squares.
  package var betas: (Double, Double)
  /// rate / (1 - beta1^t).
  package var length: Float
  /// sqrt(1 - beta2^t).
  package var correction: Float
  /// Added to the root.
  package var epsilon: Float

  /// A step by these numbers.
  package init(keep: Float, betas: (Double, Double), length: Float, correction: Float, epsilon: Float) {
    (self.keep, self.betas, self.length, self.correction) = (keep, betas, length, correction)
    self.epsilon = epsilon
  }
}

extension Tensor {
  /// One step of AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019), in place where nobody
  /// else holds the numbers: mean += (1 - beta1) (g - mean), square = beta2 square + (1 - beta2) g^2,
  /// x = keep x - length mean / (sqrt(square) / correction + epsilon).
  ///
  /// - Parameters:
  ///   - mean: The running mean of gradients, of this shape, as `square`, that of their squares.
  ///   - gradient: Of this shape.
  package mutating func adamW(
    mean: inout Tensor, square: inout Tensor, gradient: Tensor, _ step: AdamWStep
  ) {
    require(
      mean.shape == shape && square.shape == shape && gradient.shape == shape,
      "a step of a weight \(shape) by a gradient \(gradient.shape), moments \(mean.shape) and \(square.shape)"
    )
    makeUnique()
    mean.makeUnique()
    square.makeUnique()
    let (x, m, v, g) = (storage, mean.storage, square.storage, gradient.storage)
    let (beta1, beta2) = step.betas
    let numbers = dp_adamw_step(
      keep: step.keep, new1: Float(1 - beta1), beta2: Float(beta2), new2: Float(1 - beta2),
      length: step.length, correction: step.correction, epsilon: step.epsilon)
    parallel(over: count, grain: 1 << 15) { range in
      let start = range.lowerBound
      var numbers = numbers
      dp_adamw(x.base + start, m.base + start, v.base + start, g.base + start, range.count, &numbers)
    }
  }

  /// Multiplies every number by a factor, in place where nobody else holds them; no derivative.
  package mutating func scale(by factor: Float) {
    makeUnique()
    let x = storage
    parallel(over: count, grain: 1 << 16) { range in
      dp_scale(x.base + range.lowerBound, factor, range.count)
    }
  }

  /// The sum of squares, added up in an order that depends on the count alone.
  package var sumOfSquares: Double {
    let (x, count) = (storage, count)
    let pieces = min(64, max(1, count >> 16))
    guard pieces > 1 else { return dp_sum_of_squares(x.base, count) }
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: pieces) { sums in
      guard let base = sums.baseAddress else { return 0 }
      let shared = Shared(base)
      parallel(pieces) { piece in
        let start = count * piece / pieces
        shared.base[piece] = dp_sum_of_squares(x.base + start, count * (piece + 1) / pieces - start)
      }
      return sums.reduce(0, +)
    }
  }
}
