import CKernels
import Foundation

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

/// The numbers of one step of gradient descent for one weight.
package struct DescentStep: Sendable {
  /// The learning rate and the weight decay.
  package var rate, decay: Double
  /// What stays of the velocity.
  package var momentum: Double
  /// What of a gradient goes into the velocity.
  package var fresh: Double
  /// Whether the step looks ahead along the velocity (Nesterov).
  package var looksAhead: Bool

  /// A step by these numbers.
  package init(rate: Double, decay: Double, momentum: Double, fresh: Double, looksAhead: Bool) {
    (self.rate, self.decay, self.momentum) = (rate, decay, momentum)
    (self.fresh, self.looksAhead) = (fresh, looksAhead)
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

  /// One step of gradient descent (Sutskever et al., "On the importance of initialization and momentum", 2013, in
  /// PyTorch's form), in place where nobody else holds the numbers: v = momentum v + fresh (g + decay x), then
  /// x -= rate v, or with Nesterov's momentum x -= rate (g + decay x + momentum v).
  ///
  /// - Parameters:
  ///   - velocity: Of this shape; nil without momentum.
  ///   - gradient: Of this shape.
  package mutating func descend(velocity: inout Tensor?, gradient: Tensor, _ step: DescentStep) {
    require(
      gradient.shape == shape && velocity.map { $0.shape == shape } ?? true,
      "a step of a weight \(shape) by a gradient \(gradient.shape)")
    makeUnique()
    velocity?.makeUnique()
    let (x, v, g) = (storage, velocity?.storage, gradient.storage)
    let numbers = dp_sgd_step(
      rate: Float(step.rate), decay: Float(step.decay), momentum: Float(step.momentum),
      fresh: Float(step.fresh), nesterov: step.looksAhead ? 1 : 0)
    parallel(over: count, grain: 1 << 15) { range in
      let start = range.lowerBound
      var numbers = numbers
      if let v {
        dp_sgd(x.base + start, v.base + start, g.base + start, range.count, &numbers)
      } else {
        dp_sgd_plain(x.base + start, g.base + start, range.count, &numbers)
      }
    }
  }

  /// Adds a multiple of others of this shape, in place where nobody else holds the numbers; no derivative.
  package mutating func add(_ other: Tensor, times factor: Float) {
    require(other.shape == shape, "a multiple of \(other.shape) added to \(shape)")
    makeUnique()
    let (x, y) = (storage, other.storage)
    parallel(over: count, grain: 1 << 16) { range in
      dp_add_scaled(x.base + range.lowerBound, y.base + range.lowerBound, factor, range.count)
    }
  }

  /// Moves every number towards that of another tensor of this shape by a share of what lies between, in place where
  /// nobody else holds the numbers; no derivative.
  package mutating func move(towards other: Tensor, by weight: Float) {
    require(other.shape == shape, "numbers of shape \(shape) moved towards shape \(other.shape)")
    makeUnique()
    let (x, y) = (storage, other.storage)
    parallel(over: count, grain: 1 << 16) { range in
      dp_move_towards(x.base + range.lowerBound, y.base + range.lowerBound, weight, range.count)
    }
  }

  /// Brings every number to -bound ... bound, in place where nobody else holds them; no derivative.
  package mutating func clamp(to bound: Float) {
    makeUnique()
    let x = storage
    parallel(over: count, grain: 1 << 16) { range in
      dp_limit(x.base + range.lowerBound, bound, range.count)
    }
  }

  /// The largest absolute value; 0 of no numbers.
  package var largestMagnitude: Double {
    let x = storage
    return (0..<count).reduce(0) { max($0, Double(x.base[$1].magnitude)) }
  }

  /// The sum of the absolute values to a power, added up in order.
  package func sumOfMagnitudes(toThe power: Double) -> Double {
    let x = storage
    return (0..<count).reduce(0) { sum, place in
      let magnitude = Double(x.base[place].magnitude)
      return sum + (power == 1 ? magnitude : Foundation.pow(magnitude, power))
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
