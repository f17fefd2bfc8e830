import Configuration
import Imaging

/// A data set that counts several times in a pass (mmengine's `RepeatDataset`). Each time an image is augmented anew.
public struct RepeatDataset: Dataset {
  /// mmengine's keys.
  struct Configuration: Decodable, Sendable, OutlinedDataset {
    var dataset: ComponentConfiguration
    var times: Int

    enum CodingKeys: String, CodingKey {
      case dataset, times
      case isLazy = "lazy_init"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      dataset = try keys.decode(ComponentConfiguration.self, forKey: .dataset)
      times = try keys.decode(Int.self, forKey: .times, in: 1...1_000_000)
      _ = try keys.decodeIfPresent(Bool.self, forKey: .isLazy)
    }

    /// The data set's own.
    func outline(in context: DataContext) throws -> DatasetOutline { try context.outline(of: dataset) }
  }

  private let dataset: any Dataset

  /// Classes and colours.
  public var metainfo: DatasetMetainfo { dataset.metainfo }
  /// The data set's pipeline.
  public var pipeline: Pipeline { dataset.pipeline }
  /// Whether no image is replaced.
  public var isTest: Bool { dataset.isTest }
  /// How many images there are, all repetitions counted.
  public let count: Int
  /// What is to be said of the data set.
  public var warnings: [String] { dataset.warnings }

  /// Those of what is repeated.
  public var annotationSources: [AnnotationSource] { dataset.annotationSources }

  /// A data set, several times.
  ///
  /// - Throws: `DataError` when that is less than once, or more images than a pass may have.
  public init(_ dataset: any Dataset, times: Int) throws {
    guard times > 0 else {
      throw DataError(file: nil, "RepeatDataset: times is \(times); 1 or more are wanted")
    }
    self.dataset = dataset
    count = try checkedCount(times.multipliedReportingOverflow(by: dataset.count), "RepeatDataset")
  }

  init(_ configuration: Configuration, in context: DataContext) throws {
    try self.init(
      try context.components.datasets.build(configuration.dataset, scope: context.scope, in: context),
      times: configuration.times)
  }

  /// The sample before the pipeline.
  public func sample(at index: Int) throws -> Sample {
    var sample = try dataset.sample(at: index % dataset.count)
    sample.index = index
    return sample
  }

  /// The pipeline of the image.
  public func pipeline(at index: Int) -> Pipeline { dataset.pipeline(at: index % dataset.count) }

  /// What the samples of what is repeated carry.
  public var carries: AnnotationKinds { dataset.carries }

  /// The pipelines of what is repeated.
  public var pipelines: [Pipeline] { dataset.pipelines }

  /// The image's size as far as it is known before loading.
  public func size(at index: Int) throws -> ImageSize { try dataset.size(at: index % dataset.count) }

  /// The sample behind the pipeline, by the data set's own rules.
  public func load(index: Int, number: Int, seed: UInt64) throws -> Sample {
    let start = index / dataset.count * dataset.count
    var sample = try dataset.load(index: index - start, number: number, seed: seed)
    sample.index += start
    return sample
  }
}

extension RepeatDataset: InstanceTruthSource {
  /// The objects of the data set, each once: an image counts at its first place only, and what is predicted for its
  /// repetitions is left out.
  ///
  /// - Throws: As the data set's.
  public func instanceTruth() throws -> InstanceTruth? {
    guard let truth = try (dataset as? any InstanceTruthSource)?.instanceTruth() else { return nil }
    return truth.padded(to: count)
  }
}
