import Configuration

extension Components {
  /// The transforms: a new one is a file in `Transforms` and a line here.
  mutating func addTransforms() {
  }
}
