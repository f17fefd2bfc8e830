import Tensors

extension Layer {
  /// From now on inference takes the products of linear layers and convolutions in a type.
  ///
  /// With bfloat16 a weight's float32 numbers are given back as inference uses it first: it cannot be trained or saved
  /// afterwards. Weights of parts that inference does not use stay as they are.
  public func multiply(in precision: Precision) {
    for (_, parameter) in parameters { parameter.precision = precision }
  }
}
