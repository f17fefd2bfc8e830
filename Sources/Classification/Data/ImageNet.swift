import Configuration
import Data
import Files
import Imaging

/// ImageNet (mmpretrain's `ImageNet`): the folders `train` and `val` below `data_root`, with class folders, or listed in
/// `meta/train.txt` and `meta/val.txt`. Classes are called as their folders, unless a file or the config names them.
public struct ImageNet: Dataset {
  /// mmpretrain's keys.
  public struct Configuration: Decodable, Sendable, OutlinedDataset {
    let settings: ClassificationSettings

    private enum Split: String, Decodable, CaseIterable { case train, val }
    private enum CodingKeys: String, CodingKey { case split }

    /// Decodes mmpretrain's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      var settings = try ClassificationSettings(from: decoder)
      // mmpretrain takes an empty text for none.
      let isEmpty = (try? keys.decode(String.self, forKey: .split)) == ""
      if !isEmpty, let split = try keys.decodeIfPresent(Split.self, forKey: .split) {
        if settings.prefix.isEmpty { settings.prefix = split.rawValue }
        let list = "meta/\(split.rawValue).txt"
        if settings.list == nil, FileIdentity(settings.shared.path(list)).exists { settings.list = list }
      }
      self.settings = settings
    }

    /// The classes where the config lists them, and the pipeline.
    public func outline(in context: DataContext) -> DatasetOutline { settings.outline(in: context) }
  }

  private let base: CustomDataset

  /// Lists the pictures.
  ///
  /// - Throws: What `CustomDataset` throws.
  public init(_ configuration: Configuration, in context: DataContext) throws {
    base = try CustomDataset(configuration.settings, in: context)
  }

  /// How many pictures there are.
  public var count: Int { base.count }
  /// Classes and colours.
  public var metainfo: DatasetMetainfo { base.metainfo }
  /// What happens to each sample.
  public var pipeline: Pipeline { base.pipeline }
  /// Whether each image has to come out as it is.
  public var isTest: Bool { base.isTest }
  /// Classes without pictures, and folders of no class.
  public var warnings: [String] { base.warnings }

  /// The list, or the names in the class folders.
  public var annotationSources: [AnnotationSource] { base.annotationSources }

  /// A picture and its class, before the pipeline.
  public func sample(at index: Int) throws -> Sample { try base.sample(at: index) }

  /// What the header of the picture's file says.
  public func size(at index: Int) throws -> ImageSize { try base.size(at: index) }
}
