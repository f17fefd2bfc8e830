import Tensors

extension Tensor {
  /// Uniform random numbers in a range, the same for the same seed.
  public static func random(_ shape: [Int], in range: ClosedRange<Float> = -1...1, seed: Int = 0) -> Tensor {
    var generator = RandomGenerator(seed: 20_240, sample: seed, purpose: .dataOrder)
    let count = shape.reduce(1, *)
    return Tensor(
      (0..<count).map { _ in generator.uniform(range.lowerBound, range.upperBound) }, shape: shape)
  }
}

/// Compares the backward pass of `function` with central differences.
///
/// The function's result is weighted by fixed random numbers and summed up in double precision. Of large inputs
/// `samples` elements are tried. Step around kinks: there differences mislead.
///
/// - Parameter tolerance: Of the difference, against 1 plus the largest gradient of that input.
/// - Returns: A line for each element that disagrees; empty when all is well.
public func gradientMismatches(
  at inputs: [Tensor], step: Float = 1e-2, tolerance: Float = 2e-3, samples: Int = 48,
  of function: ([Tensor]) -> Tensor
) -> [String] {
  let leaves = inputs.map { $0.withGradient() }
  let output = function(leaves)
  let weights = Tensor.random(output.shape, seed: 99)
  output.backward(from: weights)
  func value(_ inputs: [Tensor]) -> Double {
    withoutGradients {
      zip(function(inputs).values, weights.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
  }
  var mismatches: [String] = []
  for (position, leaf) in leaves.enumerated() {
    guard let gradient = leaf.gradient else {
      mismatches.append("input \(position): no gradient")
      continue
    }
    guard gradient.shape == leaf.shape else {
      mismatches.append("input \(position): gradient of shape \(gradient.shape), not \(leaf.shape)")
      continue
    }
    let analytic = gradient.values
    let scale = 1 + analytic.reduce(0) { max($0, abs($1)) }
    var generator = RandomGenerator(seed: 7, sample: position, purpose: .dataOrder)
    let tried = Array(generator.permutation(leaf.count).prefix(samples))
    for index in tried {
      func shifted(_ shift: Float) -> (value: Double, at: Float) {
        var numbers = leaf.values
        numbers[index] += shift
        var moved = inputs
        moved[position] = Tensor(numbers, shape: leaf.shape)
        return (value(moved), numbers[index])
      }
      let (up, down) = (shifted(step), shifted(-step))
      let numeric = Float((up.value - down.value) / Double(up.at - down.at))
      if !(abs(numeric - analytic[index]) <= tolerance * scale) {
        mismatches.append("input \(position)[\(index)]: \(analytic[index]), by differences \(numeric)")
      }
    }
  }
  return mismatches
}
