import CKernels

/// What the Dice coefficient is made of (Milletari et al., arXiv:1606.04797), over all positions and classes of each
/// image: the sum of the probabilities of the labels, and that of all probabilities, or of their squares.
///
/// - Parameters:
///   - probabilities: `[B, ..., C]`.
///   - labels: One for each position, row-major; one outside `0 ..< C` is of none of the classes.
///   - weights: Factor of each position; 1 when nil.
///   - skipped: A class that counts nowhere.
/// - Returns: `[B, 2]`, and the sum of the weights of labelled positions, an image each.
package func diceSums(
  _ probabilities: Tensor, labels: [Int32], weights: [Float]? = nil, skipping skipped: Int? = nil,
  squares: Bool
) -> (sums: Tensor, labelled: [Float]) {
  require(probabilities.rank >= 1, "probabilities of shape \(probabilities.shape)")
  let (images, width) = (probabilities.shape[0], probabilities.shape[probabilities.rank - 1])
  let rows = images == 0 ? 0 : probabilities.shape.dropFirst().dropLast().product
  require(
    labels.count == images * rows && (weights.map { $0.count == labels.count } ?? true),
    "\(labels.count) labels for probabilities of shape \(probabilities.shape)")
  let factors = weights.map { Tensor($0, shape: [$0.count]).storage }
  let (none, isSquared) = (skipped ?? -1, Int32(squares ? 1 : 0))
  // Pieces by the shape alone: their sums are added in order.
  let pieces = max(1, min(256, (rows * width) >> 16))
  var labelled = [Float](repeating: 0, count: images)
  let sums = Tensor.operation("dice", of: [probabilities]) {
    let p = probabilities.storage
    var partial = [Double](repeating: 0, count: 3 * images * pieces)
    partial.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let sums = Shared(base)
      parallel(images * pieces) { index in
        let (image, piece) = (index / pieces, index % pieces)
        let first = image * rows + rows * piece / pieces
        let count = image * rows + rows * (piece + 1) / pieces - first
        labels.withUnsafeBufferPointer { labels in
          dp_dice_sums(
            sums.base + 3 * index, p.base + first * width, labels.baseAddress?.advanced(by: first),
            factors.map { $0.base + first }, count, width, none, isSquared)
        }
      }
    }
    var result: [Float] = []
    for image in 0..<images {
      var total = (0.0, 0.0, 0.0)
      for index in image * pieces..<(image + 1) * pieces {
        total.0 += partial[3 * index]
        total.1 += partial[3 * index + 1]
        total.2 += partial[3 * index + 2]
      }
      result += [Float(total.0), Float(total.1)]
      labelled[image] = Float(total.2)
    }
    let shape = probabilities.shape
    return (
      Tensor(result, shape: [images, 2]),
      { gradient in
        let gp = Tensor.uninitialized(shape)
        let (g, output) = (gradient.storage, gp.storage)
        parallel(images * pieces) { index in
          let (image, piece) = (index / pieces, index % pieces)
          let first = image * rows + rows * piece / pieces
          let count = image * rows + rows * (piece + 1) / pieces - first
          labels.withUnsafeBufferPointer { labels in
            dp_dice_sums_backward(
              output.base + first * width, g.base[2 * image], g.base[2 * image + 1], p.base + first * width,
              labels.baseAddress?.advanced(by: first), factors.map { $0.base + first }, count, width, none,
              isSquared)
          }
        }
        return [gp]
      }
    )
  }
  return (sums, labelled)
}
