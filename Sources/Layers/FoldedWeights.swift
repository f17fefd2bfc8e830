import Tensors

/// A convolution's weights with the batch norm that follows it folded in (Jacob et al., 2018, section 3.2), kept
/// until a number that they were made from changes.
package final class FoldedWeights {
  private var sources: [Tensor] = []
  private var folded: (weight: Tensor, bias: Tensor)?
  private var bias: Tensor?

  /// No weights yet.
  package init() {}

  /// The weights, made anew where there are none or old ones.
  package func weights(of convolution: Conv2d, _ norm: BatchNorm2d) -> (weight: Tensor, bias: Tensor) {
    let numbers = [convolution.weight.value] + [convolution.bias?.value].compactMap(\.self) + norm.numbers
    // Numbers are never changed in place while somebody else holds them, and `sources` does.
    if let folded, numbers.elementsEqual(sources, by: { $0.sharesNumbers(with: $1) }) { return folded }
    let (scale, shift) = norm.affine
    let made = withoutGradients {
      (
        weight: convolution.weight.value * scale.reshaped([scale.count, 1, 1, 1]),
        bias: biased(convolution, scale, shift)
      )
    }
    (sources, folded) = (numbers.map(\.detached), made)
    return made
  }

  /// The weights as products in bfloat16 take them, made once; nil where they take float32.
  func half(of convolution: Conv2d, _ norm: BatchNorm2d) -> (weight: HalfWeights, bias: Tensor)? {
    let weight = convolution.half(of: { (numbers: Tensor) in
      let (scale, shift) = norm.affine
      return withoutGradients {
        bias = biased(convolution, scale, shift)
        return numbers * scale.reshaped([scale.count, 1, 1, 1])
      }
    })
    guard let weight, let bias else { return nil }
    return (weight, bias)
  }

  private func biased(_ convolution: Conv2d, _ scale: Tensor, _ shift: Tensor) -> Tensor {
    convolution.bias.map { $0.value * scale + shift } ?? shift
  }

  /// Lets go of the numbers, so that training can change them in place.
  func forget() { (sources, folded) = ([], nil) }
}
