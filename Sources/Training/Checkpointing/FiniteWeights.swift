import Checkpoints
import Layers

extension Layer {
  /// Holds that no weight or buffer is NaN or infinite: a run that diverged gives no predictions, only wrong ones.
  ///
  /// - Parameter file: Where the weights are from, for the error.
  /// - Throws: `CheckpointError` that names the first such weight, and how many there are.
  func requireFiniteWeights(of file: String) throws {
    let bad = tree.leaves.compactMap { name, entry -> String? in
      switch entry {
      case .parameter(let parameter): parameter.value.isFinite ? nil : name
      case .buffer(let buffer): buffer.value.isFinite ? nil : name
      case .tree, .nothing: nil
      }
    }
    guard let first = bad.first else { return }
    throw CheckpointError(
      file: file,
      "its weights are not finite: \(first)" + (bad.count > 1 ? " and \(bad.count - 1) more" : "")
        + " hold NaN or infinity: the run that wrote it diverged. Take an earlier checkpoint.")
  }
}
