import Data
import Imaging
import Tensors
import Testing

import Analysis

/// Images in memory.
private struct Pictures: Dataset {
  let count = 5
  let metainfo = DatasetMetainfo(classes: ["thing"])
  var pipeline: Pipeline
  let isTest = false

  func sample(at index: Int) -> Sample {
    var sample = Sample(imagePath: "\(index).png", size: ImageSize(height: 60, width: 80))
    sample.image = Image(height: 60, width: 80, colour: [1, 2, 3])
    return sample
  }
}

/// Drops every image, and says so.
private struct Nothing: Transform {
  func callAsFunction(_ sample: Sample, random: inout RandomGenerator) -> Sample? { nil }
}

@Suite("The benchmark of data")
struct DataBenchmarkTests {
  private func loader(_ transforms: [any Transform], workers: Int) -> DataLoader {
    let dataset = Pictures(pipeline: Pipeline(transforms))
    return DataLoader(
      dataset: dataset,
      sampler: PassSampler(isInfinite: false, isShuffled: true, in: SamplerContext(count: 5, seed: 0)),
      batchSize: 2, workers: workers, seed: 0)
  }

  @Test("measures the rate and every step, in order", arguments: [0, 2])
  func measures(workers: Int) throws {
    let report = try DataBenchmark(
      loader(
        [Resize(width: 200, height: 100), RandomFlip(probability: 0.5), Resize(width: 20, height: 10)],
        workers: workers)
    ).run(images: 12)
    #expect(report.imagesPerSecond > 0 && report.images >= 12 && report.workers == workers)
    #expect(report.stages.map(\.name) == ["Pictures", "Resize", "RandomFlip", "Resize 2"])
    #expect(report.stages.allSatisfy { $0.milliseconds >= 0 } && report.stages[1].milliseconds > 0)
    let lines = report.text().split(separator: "\n")
    #expect(
      lines.count == 6 && lines[0].contains("images/s with \(workers) workers")
        && lines[5].contains("100.0 %"))
  }

  @Test("stops at an image that cannot be loaded")
  func throwsErrors() {
    #expect(throws: DataError.self) { try DataBenchmark(loader([Nothing()], workers: 1)).run(images: 1) }
  }
}
