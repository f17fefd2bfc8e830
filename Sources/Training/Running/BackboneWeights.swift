import Checkpoints
import Layers
import Modeling

extension Model {
  /// Fills the backbone alone, from a file of this model, of another around the same backbone, or of the backbone: names
  /// of older releases and other programs are known as everywhere.
  ///
  /// - Returns: What was loaded; the rest of the file is no matter.
  /// - Throws: `CheckpointError` with a table when the backbone does not find its weights.
  public func loadBackbone(from file: String) throws -> LoadingSummary {
    try PretrainedWeights.refuseAddress(file, at: nil)
    let checkpoint = try Checkpoint(file: file)
    let place = weights(ofPart: "backbone")
    let others = Set(place.others)
    let names = tree.leaves(of: place.path).map(\.name).filter { !others.contains($0) }
    let whole = try tree.underCurrentNames(checkpoint.weights, of: "", file: file)
    let below = whole.reduce(into: [String: StoredTensor]()) { tensors, entry in
      if entry.key.hasPrefix("backbone.") {
        tensors[String(entry.key.dropFirst("backbone.".count))] = entry.value
      }
    }
    func matches(_ tensors: [String: StoredTensor]) -> Int { names.count { tensors[$0] != nil } }
    let candidates = [below, checkpoint.weights].map { tensors in
      (try? tree.underCurrentNames(tensors, of: place.path, file: file)) ?? tensors
    }
    let best = matches(candidates[0]) >= matches(candidates[1]) && !below.isEmpty ? below : checkpoint.weights
    var summary = try load(
      best, into: place.path, file: file, rules: LoadingRules(reset: place.others, allowsUnused: true))
    (summary.skipped, summary.unused) = (checkpoint.skipped, [])
    summary.initialized.removeAll { others.contains($0) }
    try requireFiniteWeights(of: file)
    return summary
  }
}
