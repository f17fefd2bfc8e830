import Configuration

/// What the configs of all data sets have in common (mmengine's `BaseDataset`).
public struct DatasetSettings: Decodable, Sendable {
  /// `data_root`: paths that are not absolute begin there.
  public var root: String?
  /// `metainfo.classes`; nil where the config leaves them to the annotation file.
  public var classes: [String]?
  /// `metainfo.palette`: red, green, blue of each class.
  public var palette: [SIMD3<UInt8>]
  /// The steps of the pipeline.
  public var pipeline: [ComponentConfiguration]
  /// `test_mode`: every image as it is, nothing filtered.
  public var isTest: Bool
  /// `on_broken_image`: what training does about a missing or broken file.
  public var onBrokenImage: BrokenImagePolicy
  private var indices: Indices?

  private enum Indices: Decodable, Sendable {
    case first(Int)
    case these([Int])

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let count = try? value.decode(Int.self) {
        self = .first(count)
      } else {
        self = .these(try value.decode([Int].self))
      }
    }
  }

  /// The keys of `metainfo` that say how label maps write the classes; nil where there are none.
  public private(set) var labelKeys: LabelKeys?

  /// `metainfo.label_values`, `label_colours` and what else stands in the files and is no class.
  public struct LabelKeys: Sendable {
    /// The number of each class in the files.
    public var values: [UInt16]?
    /// Numbers that are no class.
    public var ignoredValues: [UInt16]?
    /// Red, green and blue of each class in the files.
    public var colours: [[UInt8]]?
    /// Colours that are no class.
    public var ignoredColours: [[UInt8]]?
  }

  private struct Metainfo: Decodable {
    var classes: [String]?
    var palette: [[UInt8]]?
    var label_values: [UInt16]?
    var ignored_values: [UInt16]?
    var label_colours: [[UInt8]]?
    var ignored_colours: [[UInt8]]?
  }

  enum CodingKeys: String, CodingKey {
    case root = "data_root"
    case isTest = "test_mode"
    case onBrokenImage = "on_broken_image"
    case metainfo, pipeline, indices
  }

  /// mm's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    root = try keys.decodeIfPresent(String.self, forKey: .root)
    pipeline = try keys.decodeIfPresent([ComponentConfiguration].self, forKey: .pipeline) ?? []
    isTest = try keys.decodeIfPresent(Bool.self, forKey: .isTest) ?? false
    onBrokenImage = try keys.decodeIfPresent(BrokenImagePolicy.self, forKey: .onBrokenImage) ?? .stop
    if isTest, onBrokenImage == .skip {
      throw keys.refusal(
        "a test needs every image: with test_mode: true only stop is possible", forKey: .onBrokenImage)
    }
    indices = try keys.decodeIfPresent(Indices.self, forKey: .indices)
    let metainfo = try keys.decodeIfPresent(Metainfo.self, forKey: .metainfo)
    classes = metainfo?.classes
    let labels = LabelKeys(
      values: metainfo?.label_values, ignoredValues: metainfo?.ignored_values,
      colours: metainfo?.label_colours,
      ignoredColours: metainfo?.ignored_colours)
    labelKeys =
      labels.values == nil && labels.ignoredValues == nil && labels.colours == nil
        && labels.ignoredColours == nil
      ? nil : labels
    if let classes, Set(classes).count < classes.count || classes.isEmpty {
      throw keys.refusal("classes: one or more names, each once, are wanted", forKey: .metainfo)
    }
    let colours = metainfo?.palette ?? []
    guard colours.allSatisfy({ $0.count == 3 }) else {
      throw keys.refusal("palette: [red, green, blue] of each class is wanted", forKey: .metainfo)
    }
    palette = colours.map { SIMD3($0[0], $0[1], $0[2]) }
  }

  /// A path below the root, unless it is absolute.
  public func path(_ path: String) -> String { Self.path(path, below: root ?? "") }

  /// A path below a folder, unless it is absolute.
  public static func path(_ path: String, below folder: String) -> String {
    guard !folder.isEmpty, !path.hasPrefix("/") else { return path }
    guard !path.isEmpty else { return folder }
    return folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
  }

  /// The elements that `indices` names: the first so many (the last, if negative), or these.
  ///
  /// - Throws: `DataError` for an index that there is not.
  public func selected<Element>(from elements: [Element], file: String) throws -> [Element] {
    switch indices {
    case nil: return elements
    case .first(let count)?:
      let number = Int(clamping: count.magnitude)
      return Array(count < 0 ? elements.suffix(number) : elements.prefix(number))
    case .these(let places)?:
      return try places.map { place in
        guard elements.indices.contains(place) else {
          throw DataError(file: file, "indices: there is no image \(place), only 0 ..< \(elements.count)")
        }
        return elements[place]
      }
    }
  }
}
