extension ExperimentConfiguration {
  /// The same config, whose test data go through `tta_pipeline`.
  ///
  /// - Throws: `ConfigurationError` when the config has no `tta_model`, `tta_pipeline` or test data.
  public func testingVariants() throws -> ExperimentConfiguration {
    func missing(_ key: String) -> ConfigurationError {
      ConfigurationError(
        location: SourceLocation(file: node.location.file),
        message: "the key '\(key)' is missing: test-time augmentation needs tta_model and tta_pipeline")
    }
    guard ttaModel != nil else { throw missing("tta_model") }
    guard let pipeline = ttaPipeline, !pipeline.isNull else { throw missing("tta_pipeline") }
    guard let dataset = testDataloader?.dataset else { throw missing("test_dataloader") }
    var result = self
    result.testDataloader?.dataset = try ComponentConfiguration(dataset.node.withPipeline(pipeline))
    return result
  }
}

extension ConfigurationNode {
  /// A data set, or one made of others, with another pipeline.
  fileprivate func withPipeline(_ pipeline: ConfigurationNode) -> ConfigurationNode {
    if let dataset = self["dataset"] { return setting("dataset", to: dataset.withPipeline(pipeline)) }
    if let datasets = self["datasets"], let elements = datasets.elements {
      var list = datasets
      list.value = .sequence(elements.map { $0.withPipeline(pipeline) })
      return setting("datasets", to: list)
    }
    return setting("pipeline", to: pipeline.rooted(at: keyPath + ".pipeline"))
  }
}
