import Configuration
import Data

/// ADE20K's scene parsing benchmark (mmsegmentation's `ADE20KDataset`): 150 classes, `.jpg` images and `.png` label
/// maps in which 0 means unlabelled, so that `reduce_zero_label` is true by default.
public struct ADE20KDataset: Dataset {
  /// mmsegmentation's keys.
  public struct Configuration: Decodable, Sendable, OutlinedDataset {
    let base: BaseSegDataset.Configuration

    private enum CodingKeys: String, CodingKey { case metainfo }

    /// Decodes mmsegmentation's keys; the classes can only be ADE20K's.
    public init(from decoder: any Decoder) throws {
      var base = try BaseSegDataset.Configuration(from: decoder, reducesZeroLabel: true)
      if let classes = base.settings.classes, classes != ADE20KClasses.names {
        throw try decoder.container(keyedBy: CodingKeys.self).refusal(
          "classes: ADE20KDataset has ADE20K's 150 classes; leave them out, or write type: BaseSegDataset, "
            + "img_suffix: .jpg, reduce_zero_label: true for others in the same layout",
          forKey: .metainfo)
      }
      base.settings.classes = ADE20KClasses.names
      if base.settings.palette.isEmpty { base.settings.palette = ADE20KClasses.palette }
      self.base = base
    }

    /// The 150 classes and their colours, with the config's pipeline.
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
  /// The 150 classes and their colours.
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
