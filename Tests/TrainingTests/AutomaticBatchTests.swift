import Checkpoints
import Configuration
import Foundation
import TestSupport
import Testing

import Training

@Suite("batch_size: auto")
struct AutomaticBatchTests {
  @Test(
    "is the largest that fits, as two small batches tell",
    arguments: [
      // least, step, twice, beside, images, budget, size
      (1, 110, 210, 0, 1000, 1010, 10), (1, 110, 210, 100, 1000, 1010, 9), (1, 110, 210, 0, 4, 1010, 4),
      (2, 210, 410, 0, 1000, 1010, 10), (1, 2000, 4000, 0, 1000, 1010, 1), (1, 100, 100, 0, 100, 1000, 76),
      (2, 90, 90, 0, 1, 1000, 2), (1, 100, 50, 5000, 10, 1000, 1),
    ])
  func size(
    least: Int, step: Int, double: Int, beside: Int, images: Int, budget: Int, size: Int
  ) {
    #expect(
      AutomaticBatch.size(
        least: least, step: step, double: double, beside: beside, images: images, budget: budget) == size)
  }

  private let loader = """
    train_dataloader:
      batch_size: auto
      sampler: {type: InfiniteSampler}
      dataset: {type: ToyDataset, count: 7}
    """

  @Test("is said in the log, stands as a number in the checkpoint's config, and stays when the run goes on")
  func run() throws {
    let folder = try TemporaryFolder()
    let run = try trainToy(try toyConfiguration(loader), in: folder)
    #expect(run.trainer.batchSize == 7)
    let timestamp = try #require(run.trainer.workDirectory?.timestamp)
    #expect(
      try folder.text("\(timestamp)/\(timestamp).log").contains(
        "batch_size: auto: 7, of which a step takes about"))
    let config = try TrainingCheckpoint.configuration(ofFile: "\(folder.path)/iter_20.safetensors")
    #expect(config.contains("batch_size: 7") && !config.contains("auto"))
    let more = try trainToy(
      try toyConfiguration(loader + "\ntrain_cfg: {type: IterBasedTrainLoop, max_iters: 22}", images: 7),
      in: folder,
      resume: .newest)
    #expect(more.trainer.batchSize == 7 && more.trainer.iteration == 22)
  }

  @Test("is refused for an evaluation")
  func evaluation() throws {
    let folder = try TemporaryFolder()
    let error = try #require(throws: ConfigurationError.self) {
      try trainToy(
        try toyConfiguration(
          "val_dataloader: {batch_size: auto, dataset: {type: ToyDataset, count: 3, test_mode: true}}"),
        in: folder)
    }
    #expect("\(error)".contains("batch_size: auto is for train_dataloader"))
  }
}
