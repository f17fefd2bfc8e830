import Configuration
import Imaging

/// Several data sets, one behind the other, each with its own pipeline (mmengine's `ConcatDataset`).
public struct ConcatDataset: Dataset {
  /// mmengine's keys.
  struct Configuration: Decodable, Sendable, OutlinedDataset {
    var datasets: [ComponentConfiguration]
    /// What of `metainfo` may differ.
    var ignored: [String]

    enum CodingKeys: String, CodingKey {
      case datasets
      case ignored = "ignore_keys"
      case isLazy = "lazy_init"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      datasets = try keys.decode([ComponentConfiguration].self, forKey: .datasets)
      guard !datasets.isEmpty else {
        throw keys.refusal("one or more data sets are wanted", forKey: .datasets)
      }
      _ = try keys.decodeIfPresent(Bool.self, forKey: .isLazy)
      ignored =
        try (try? keys.decode(String.self, forKey: .ignored)).map { [$0] }
        ?? keys.decodeIfPresent([String].self, forKey: .ignored) ?? []
      guard !ignored.contains("classes") else {
        throw keys.refusal("classes have to agree: a label would mean different things", forKey: .ignored)
      }
    }

    /// The first data set's, as `metainfo` and `pipeline` are.
    func outline(in context: DataContext) throws -> DatasetOutline { try context.outline(of: datasets[0]) }
  }

  private let datasets: [any Dataset]
  /// Where each data set ends among all images.
  private let ends: [Int]

  /// Classes and colours of the first; the others' are the same.
  public var metainfo: DatasetMetainfo { datasets[0].metainfo }
  /// The first data set's; each image goes through that of its own.
  public var pipeline: Pipeline { datasets[0].pipeline }
  /// Whether no image of any data set is replaced.
  public var isTest: Bool { datasets.allSatisfy(\.isTest) }
  /// How many images there are in all.
  public var count: Int { ends[ends.count - 1] }

  /// Joins data sets.
  ///
  /// - Parameters:
  ///   - datasets: One or more, of the same classes in the same order.
  ///   - ignoringPalettes: Whether their colours may differ.
  /// - Throws: `DataError` with both lists when the classes or colours differ; for more images than a pass may have.
  public init(_ datasets: [any Dataset], ignoringPalettes: Bool = false) throws {
    precondition(!datasets.isEmpty, "no data set to be joined")
    let first = datasets[0].metainfo
    for (number, dataset) in datasets.enumerated().dropFirst() {
      guard dataset.metainfo.classes == first.classes else {
        throw DataError(
          file: nil,
          "data sets 1 and \(number + 1) of ConcatDataset have different classes:\n  1: "
            + "\(first.classes.joined(separator: ", "))\n  \(number + 1): "
            + "\(dataset.metainfo.classes.joined(separator: ", "))\n  Give both the same metainfo.classes.")
      }
      guard ignoringPalettes || dataset.metainfo.palette == first.palette else {
        throw DataError(
          file: nil,
          "data sets 1 and \(number + 1) of ConcatDataset have different palettes:\n  1: "
            + "\(Self.list(first.palette))\n  \(number + 1): \(Self.list(dataset.metainfo.palette))\n  Give both the "
            + "same metainfo.palette, or set ignore_keys: palette.")
      }
    }
    self.datasets = datasets
    var ends: [Int] = []
    for dataset in datasets {
      ends.append(try checkedCount((ends.last ?? 0).addingReportingOverflow(dataset.count), "ConcatDataset"))
    }
    self.ends = ends
  }

  init(_ configuration: Configuration, in context: DataContext) throws {
    try self.init(
      try configuration.datasets.map {
        try context.components.datasets.build($0, scope: context.scope, in: context)
      }, ignoringPalettes: configuration.ignored.contains("palette"))
  }

  /// What is to be said of any of them.
  public var warnings: [String] { datasets.flatMap(\.warnings) }

  /// Those of all its data sets.
  public var annotationSources: [AnnotationSource] { datasets.flatMap(\.annotationSources) }

  private static func list(_ palette: [SIMD3<UInt8>]) -> String {
    palette.isEmpty ? "none" : palette.map { "[\($0.x), \($0.y), \($0.z)]" }.joined(separator: ", ")
  }

  /// The data set of an image, and its place there.
  private func place(of index: Int) -> (dataset: any Dataset, index: Int, start: Int) {
    let number = ends.firstIndex { index < $0 } ?? ends.count - 1
    let start = number == 0 ? 0 : ends[number - 1]
    return (datasets[number], index - start, start)
  }

  /// The sample before its data set's pipeline.
  public func sample(at index: Int) throws -> Sample {
    let (dataset, place, _) = place(of: index)
    var sample = try dataset.sample(at: place)
    sample.index = index
    return sample
  }

  /// The pipeline of the image's data set.
  public func pipeline(at index: Int) -> Pipeline {
    let (dataset, place, _) = place(of: index)
    return dataset.pipeline(at: place)
  }

  /// What the samples of all its data sets carry.
  public var carries: AnnotationKinds { datasets.map(\.carries).common }

  /// The pipelines of all its data sets.
  public var pipelines: [Pipeline] { datasets.flatMap(\.pipelines) }

  /// The image's size as far as it is known before loading.
  public func size(at index: Int) throws -> ImageSize {
    let (dataset, place, _) = place(of: index)
    return try dataset.size(at: place)
  }

  /// The sample behind its data set's pipeline; where nothing is left of it, another one of the same data set.
  public func load(index: Int, number: Int, seed: UInt64) throws -> Sample {
    let (dataset, place, start) = place(of: index)
    var sample = try dataset.load(index: place, number: number, seed: seed)
    sample.index += start
    return sample
  }
}

extension ConcatDataset: InstanceTruthSource {
  /// The objects of all parts; nil where one of them has none. Where two parts share an id of an image or annotation,
  /// all are numbered anew, from 1 in the order of the parts: result files then have these numbers.
  ///
  /// - Throws: `CocoError` and `DataError` of the parts.
  public func instanceTruth() throws -> InstanceTruth? {
    var truths: [InstanceTruth] = []
    for dataset in datasets {
      guard let truth = try (dataset as? any InstanceTruthSource)?.instanceTruth() else { return nil }
      truths.append(truth)
    }
    return try InstanceTruth(joining: truths)
  }
}

/// The most images that a pass may have: their order is held in memory.
private let countLimit = 100_000_000

/// The images of a data set that is made of others.
///
/// - Throws: `DataError` for more than a pass may have.
func checkedCount(_ count: (partialValue: Int, overflow: Bool), _ name: String) throws -> Int {
  guard !count.overflow, count.partialValue <= countLimit else {
    throw DataError(
      file: nil,
      "\(name) would have \(count.overflow ? "more than 2^63" : "\(count.partialValue)") images; a pass may have "
        + "\(countLimit)")
  }
  return count.partialValue
}
