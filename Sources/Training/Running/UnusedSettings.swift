import Configuration

extension ExperimentConfiguration {
  /// What the config asks for and nothing here does yet, a line each.
  var unusedNotes: [String] {
    let names = [("tta_model", ttaModel != nil), ("tta_pipeline", ttaPipeline != nil)].filter(\.1).map(\.0)
    guard !names.isEmpty else { return [] }
    return [
      "without effect: \(names.joined(separator: ", ")): there is no test-time augmentation, every image is predicted "
        + "once"
    ]
  }
}
