import Data

extension Trainer {
  /// What it is trained on.
  public var trainingDataset: any Dataset { loader.dataset }
  /// What it is validated on; nil without validation.
  public var validationDataset: (any Dataset)? { validation?.loader.dataset }
  /// Images of a step, in all of its shards.
  public var batchSize: Int { loader.imagesPerStep }
}
