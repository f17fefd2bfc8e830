import Configuration
import Data
import Detection
import Distribution
import Files
import Imaging
import Modeling

/// Where a model's results go: a file for objects or classes of images, a folder for label maps.
public enum ResultKind: Sendable {
  /// Objects, in one JSON file.
  case objects
  /// Label maps, a PNG an image.
  case labelMaps
  /// Classes of whole images, in one JSON file.
  case classes

  /// What a config's model gives, by the scope that it registers; nil where it registers none.
  public init?(of configuration: ExperimentConfiguration, components: Components) {
    switch configuration.model.flatMap({ components.models.defaultScope(of: $0) }) {
    case "mmdet": self = .objects
    case "mmseg": self = .labelMaps
    case "mmpretrain": self = .classes
    default: return nil
    }
  }

  /// Why results of this kind do not go there; nil where they do.
  public func mismatch(with path: String) -> String? {
    switch self {
    case .objects where !path.hasSuffix(".json"):
      "--out \(path): a detector's results go into one file; give a name that ends in .json"
    case .classes where !path.hasSuffix(".json"):
      "--out \(path): a classifier's results go into one file; give a name that ends in .json"
    case .labelMaps where path.hasSuffix(".json"):
      "--out \(path): JSON results are of a detector or classifier; give a folder for label maps"
    default: nil
    }
  }
}

/// Writes result files and pictures of predictions, one by one.
public struct ResultWriter {
  private let out: String?
  private let showDir: String?
  private let metainfo: DatasetMetainfo
  private let palette: Palette
  /// Names by the images' files.
  private var names: [String: String] = [:]
  private var coco: CocoResultFiles?
  private var classes: ClassResultFile?

  /// Decides on all files, and makes the folders, before the first prediction.
  ///
  /// - Parameters:
  ///   - out: `F.json` for objects: `F.bbox.json` and `F.segm.json`; for classes of images itself; else a folder for
  ///     label maps. Nil: none.
  ///   - showDir: A folder for pictures. Nil: none.
  ///   - dataset: What is predicted: results bear its classes and the numbers of its images.
  ///   - plan: What must not be overwritten.
  /// - Throws: `OutputError` when a file would be; `FileError` when a folder cannot be made or written in.
  public init(out: String?, showDir: String?, dataset: any Dataset, plan: OutputPlan) throws {
    (self.out, self.showDir, metainfo) = (out, showDir, dataset.metainfo)
    palette = ClassColours(metainfo).palette
    guard out != nil || showDir != nil else { return }
    var plan = plan
    if let out, out.hasSuffix(".json") {
      coco = try CocoResultFiles(stem: String(out.dropLast(5)), dataset: dataset)
      if coco == nil, dataset.carries.contains(.classLabel) {
        classes = ClassResultFile(path: out, classes: dataset.metainfo.classes)
      }
      guard let files = coco?.paths ?? classes.map({ [$0.path] }) else {
        throw DataError(
          file: nil,
          "--out \(out): JSON results are of data sets with objects, such as CocoDataset, or with classes of images; give "
            + "a folder for label maps")
      }
      try Folder.makeWritable(Folder.split(out).folder)
      let source = coco == nil ? "the classes" : "the objects"
      for file in files {
        try plan.claim(file, for: "--out \(out)", of: source, remedy: "name another file")
      }
    }
    let folders = [("--out", coco == nil && classes == nil ? out : nil), ("--show-dir", showDir)].compactMap {
      option, folder in
      folder.map { (option: option, path: $0) }
    }
    guard !folders.isEmpty else { return }
    let images = try (0..<dataset.count).map { try dataset.sample(at: $0).imagePath }
    let results = OutputNames(images, endings: [".png"], keepingFolders: true)
    names = Dictionary(zip(images, results.names)) { first, _ in first }
    for folder in folders {
      try Folder.makeWritable(folder.path)
      try plan.keepFiles(of: dataset, writing: results.names.map { Folder.join(folder.path, $0 + ".png") })
    }
    for folder in folders {
      try plan.claim(folder: folder.path, for: folder.option, results: results, of: images)
    }
  }

  /// Writes what belongs to one image.
  ///
  /// - Throws: `ImagingError` that names the file; `DataError` for samples and classes of another data set.
  public mutating func add(_ prediction: Prediction, for sample: Sample) throws {
    if let instances = prediction.instances { try coco?.add(instances, for: sample) }
    if let scores = prediction.classScores { try classes?.add(scores, for: sample) }
    guard let name = names[sample.imagePath] else { return }
    if let map = prediction.labelMap, let out, coco == nil, classes == nil {
      // The numbers are as without one: who reads the file as a map of numbers sees no palette.
      try map.writePNG(to: Folder.join(out, name + ".png"), palette: palette)
    }
    if let showDir {
      try Picture(comparing: prediction, with: sample, metainfo: metainfo)
        .writePNG(to: Folder.join(showDir, name + ".png"))
    }
  }

  /// Writes what belongs to all images together.
  ///
  /// - Parameter ranks: Those that share the images: the first one writes for all, in the order of one process.
  /// - Returns: The files and folders of results.
  /// - Throws: `FileError` with the system's reason; `DistributionError` that names a rank which does not answer.
  public mutating func finish(over ranks: any Communicator = SoleRank()) throws -> [String] {
    if ranks.size > 1 {
      if let own = coco { coco = try own.merging(ranks.gather(own.stored())) }
      if let own = classes { classes = try own.merging(ranks.gather(own.stored())) }
      guard ranks.isFirst else { return [] }
    }
    return try coco?.write() ?? classes?.write() ?? (out.map { [$0] } ?? [])
  }
}
