import Layers

// Weights that a file holds under another shape, as the parts know that have them.

extension StoredTensor {
  /// The same numbers under today's shape.
  func underCurrentShape(of name: String, by namings: [any WeightNaming]) -> StoredTensor {
    let shape = namings.reduce(shape) { $1.currentShape(of: name, $0) }
    // Numbers stay as many as they are, whatever a part says.
    guard shape != self.shape, shape.product == self.shape.product else { return self }
    return StoredTensor(type: type, shape: shape, bytes: bytes)
  }

  /// The tensor under a model's shape: reshaped, or else resampled; as it is where neither leads there.
  func fitted(to shape: [Int], of name: String, by namings: [any WeightNaming]) -> StoredTensor {
    guard self.shape != shape else { return self }
    let current = underCurrentShape(of: name, by: namings)
    guard current.shape != shape else { return current }
    let resampled = namings.lazy.compactMap { $0.resampled(current.tensor, of: name, to: shape) }.first
    return resampled.map { StoredTensor($0) } ?? current
  }
}
