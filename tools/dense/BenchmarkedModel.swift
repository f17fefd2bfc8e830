import Analysis
import ArgumentParser
import Imaging

extension ModelBenchmark.Mode: ExpressibleByArgument {}

/// Which model a benchmark runs, on which pictures.
struct BenchmarkedModel: ParsableArguments {
  @OptionGroup var config: ConfigOptions

  @Option(
    parsing: .unconditional,
    help: "Pictures at a time. (default: 32 for throughput, else as few as the model can learn from)")
  var batch: Int?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Height and width of the pictures. (default: 224 224 for classifiers, 1280 800 for detectors, 512 2048 for "
        + "segmentors; data_preprocessor.size to train, where the model has it)", valueName: "pixels"))
  var shape: [Int] = []

  func validate() throws {
    guard (1...4096).contains(batch ?? 1) else { throw ValidationError("--batch must be in 1...4096.") }
    if !shape.isEmpty {
      do { _ = try StandaloneModel.size(shape) } catch { throw ValidationError("\(error).") }
    }
  }

  /// The size of the pictures; nil: the model's usual one.
  func size() throws -> ImageSize? { shape.isEmpty ? nil : try StandaloneModel.size(shape) }

  /// The model, built for a mode.
  func model(for mode: ModelBenchmark.Mode) throws -> StandaloneModel {
    try StandaloneModel(
      try config.load(), components: .all, size: try size(), isTraining: mode == .train)
  }
}
