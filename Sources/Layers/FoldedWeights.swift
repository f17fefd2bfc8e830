import Tensors

/// A convolution's weights with the batch norm that follows it folded in (Jacob et al., 2018, section 3.2), kept
/// until a number that they were made from changes.
package final class FoldedWeights {
  private var sources: [Tensor] = []
  private var folded: (weight: Tensor, bias: Tensor)?

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
        bias: convolution.bias.map { $0.value * scale + shift } ?? shift
      )
    }
    (sources, folded) = (numbers.map(\.detached), made)
    return made
  }

  /// Lets go of the numbers, so that training can change them in place.
  func forget() { (sources, folded) = ([], nil) }
}
