import Configuration
import Data
import Imaging

/// What is fixed of a public data set of label maps: its classes, and how its files are called.
public protocol SegmentationBenchmark: Sendable {
  /// What configs call it.
  static var datasetName: String { get }
  /// Names, and colours as 0xRRGGBB, in the order of the numbers.
  static var table: [(name: String, colour: UInt32)] { get }
  /// How images end: the default of `img_suffix`; `.jpg` unless said otherwise.
  static var imageSuffix: String { get }
  /// How label maps end: the default of `seg_map_suffix`; `.png` unless said otherwise.
  static var labelMapSuffix: String { get }
  /// The default of `reduce_zero_label`; false unless said otherwise.
  static var reducesZeroLabel: Bool { get }
}

extension SegmentationBenchmark {
  /// As `BaseSegDataset` has it.
  public static var imageSuffix: String { ".jpg" }
  /// As `BaseSegDataset` has it.
  public static var labelMapSuffix: String { ".png" }
  /// As `BaseSegDataset` has it.
  public static var reducesZeroLabel: Bool { false }
  /// The names, in the order of the numbers.
  public static var classes: [String] { table.map(\.name) }
  /// Red, green and blue of each.
  public static var palette: [SIMD3<UInt8>] { table.map { Palette.colour(hex: $0.colour) } }
}

/// A public data set of label maps, whose classes and files need no keys (mmsegmentation's subclasses of
/// `BaseSegDataset`).
public struct BenchmarkDataset<Benchmark: SegmentationBenchmark>: Dataset {
  /// mmsegmentation's keys.
  public struct Configuration: Decodable, Sendable, OutlinedDataset {
    let base: BaseSegDataset.Configuration

    private enum CodingKeys: String, CodingKey { case metainfo }

    /// Decodes mmsegmentation's keys; the classes can only be the benchmark's.
    public init(from decoder: any Decoder) throws {
      var base = try BaseSegDataset.Configuration(
        from: decoder, imageSuffix: Benchmark.imageSuffix, labelMapSuffix: Benchmark.labelMapSuffix,
        reducesZeroLabel: Benchmark.reducesZeroLabel)
      if let classes = base.settings.classes, classes != Benchmark.classes {
        throw try decoder.container(keyedBy: CodingKeys.self).refusal(
          "classes: \(Benchmark.datasetName) has its own \(Benchmark.classes.count) classes; leave them out, or "
            + "write type: BaseSegDataset, img_suffix: \(Benchmark.imageSuffix), seg_map_suffix: "
            + "\(Benchmark.labelMapSuffix), reduce_zero_label: \(Benchmark.reducesZeroLabel) for others in the same "
            + "layout",
          forKey: .metainfo)
      }
      base.settings.classes = Benchmark.classes
      if base.settings.palette.isEmpty { base.settings.palette = Benchmark.palette }
      self.base = base
    }

    /// The classes and their colours, with the config's pipeline.
    public func outline(in context: DataContext) -> DatasetOutline { base.outline(in: context) }
  }

  private let base: BaseSegDataset

  /// Lists the images.
  ///
  /// - Throws: What `BaseSegDataset` throws.
  public init(_ configuration: Configuration, in context: DataContext) throws {
    base = try BaseSegDataset(configuration.base, in: context)
  }

  /// How many images there are.
  public var count: Int { base.count }
  /// The classes and their colours.
  public var metainfo: DatasetMetainfo { base.metainfo }
  /// What happens to each sample.
  public var pipeline: Pipeline { base.pipeline }
  /// Whether each image has to come out as it is.
  public var isTest: Bool { base.isTest }

  /// Names and sizes of the label maps.
  public var annotationSources: [AnnotationSource] { base.annotationSources }

  /// An image and the place of its label map, before the pipeline.
  public func sample(at index: Int) throws -> Sample { try base.sample(at: index) }
}
