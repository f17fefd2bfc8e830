import Data
import Files
import Foundation
import Imaging
import Tensors

/// The embedded data set: painted underwater scenes with five classes of animals, as COCO instances and as label maps
/// in ADE20K's layout; or pictures of one animal each, in class folders.
public struct Reef: Sendable, Equatable {
  /// What the data set is for.
  public enum Task: String, Sendable, CaseIterable {
    /// Scenes with several animals: for detectors and segmentors.
    case scenes
    /// Pictures of one animal each, in `train/<animal>` and `val/<animal>`: for classifiers.
    case classification

    /// Pictures in all, where nobody says how many.
    public var usualImages: Int { self == .scenes ? 700 : 2100 }
    /// Their size, where nobody says it.
    public var usualSize: ImageSize {
      self == .scenes ? ImageSize(height: 192, width: 256) : ImageSize(height: 96, width: 96)
    }
  }

  /// What the data set is for.
  public var task: Task
  /// All random numbers follow from it.
  public var seed: UInt64
  /// Pictures in all; a seventh of them is for validation.
  public var images: Int
  /// The size of every picture.
  public var size: ImageSize

  /// Sides of pictures, in pixels.
  public static let sides = 64...2048
  /// Pictures in all.
  public static let imageCounts = 2...1_000_000
  /// Counts up when a seed gives other pictures than before.
  private static let version = 1

  /// A data set of so many pictures.
  ///
  /// - Parameters:
  ///   - seed: All random numbers follow from it.
  ///   - images: Pictures in all; nil: as many as is usual for the task.
  ///   - size: Of each; nil: what is usual for the task.
  ///   - task: Scenes for detectors and segmentors, or pictures of one animal each for classifiers.
  public init(seed: UInt64 = 0, images: Int? = nil, size: ImageSize? = nil, task: Task = .scenes) {
    let (images, size) = (images ?? task.usualImages, size ?? task.usualSize)
    precondition(Self.imageCounts.contains(images), "\(images) images; \(Self.imageCounts) are possible")
    precondition(
      Self.sides.contains(size.height) && Self.sides.contains(size.width),
      "images of \(size); sides of \(Self.sides) pixels are possible")
    (self.seed, self.images, self.size, self.task) = (seed, images, size, task)
  }

  /// What `write` did.
  public enum Outcome: Sendable, Equatable {
    /// The data set was drawn.
    case written
    /// The same data set was there already.
    case alreadyThere
  }

  /// Pictures for validation.
  public var validationCount: Int { max(1, images / 7) }
  /// Pictures for training.
  public var trainingCount: Int { images - validationCount }

  /// A scene by its number in the whole set, training first. The first of each split has a school of fish.
  package func scene(_ index: Int) -> ReefScene {
    ReefScene(seed: seed, index: index, size: size, hasSchool: index == 0 || index == trainingCount)
  }

  /// Draws the data set into a folder: all of it or nothing.
  ///
  /// - Returns: Whether it was drawn, or there already.
  /// - Throws: `DataError` when the folder holds anything else, or cannot be written; `ImagingError` about a picture.
  public func write(to folder: String, progress: @escaping @Sendable (_ done: Int) -> Void = { _ in }) throws
    -> Outcome
  {
    let target = URL(fileURLWithPath: folder).standardizedFileURL
    if try isThere(target, as: folder) { return .alreadyThere }
    let partial = try HiddenFolder(for: target)
    let root = partial.path
    switch task {
    case .scenes: try writeScenes(below: root, progress)
    case .classification: try writePortraits(below: root, progress)
    }
    try Self.writeText(description, to: "\(root)/\(Self.descriptionFile)")
    try partial.rename(to: target, as: folder)
    return .written
  }

  private func writeScenes(below root: String, _ progress: @escaping @Sendable (_ done: Int) -> Void) throws {
    let splits = [("training", "train", 0..<trainingCount), ("validation", "val", trainingCount..<images)]
    for (name, _, _) in splits {
      try Self.makeFolder("\(root)/images/\(name)")
      try Self.makeFolder("\(root)/annotations/\(name)")
    }
    let state = Locked((pages: [Int: ReefAnnotations.Page](), failure: (any Error)?.none))
    for (name, _, range) in splits {
      let first = range.lowerBound
      parallel(range.count) { piece in
        guard state.withLock({ $0.failure == nil }) else { return }
        do {
          let page = try save(first + piece, number: piece + 1, split: name, in: root)
          progress(
            state.withLock {
              $0.pages[first + piece] = page
              return $0.pages.count
            })
        } catch { state.withLock { $0.failure = $0.failure ?? error } }
      }
    }
    if let failure = state.withLock({ $0.failure }) { throw failure }
    let pages = state.withLock { $0.pages }
    for (name, short, range) in splits {
      var file = ReefAnnotations()
      for index in range { if let page = pages[index] { file.append(page) } }
      try Self.writeText(
        file.text(description: "Reef, \(name), seed \(seed)"),
        to: "\(root)/annotations/instances_\(short).json")
    }
    try Self.writeText(
      (["0 unlabelled"] + ReefLabels.names.enumerated().map { "\($0 + 1) \($1)" }).joined(separator: "\n")
        + "\n",
      to: "\(root)/\(Self.labelsFile)")
  }

  private func save(_ index: Int, number: Int, split: String, in root: String) throws -> ReefAnnotations.Page
  {
    let scene = scene(index)
    let digits = String(number)
    let stem = "reef_" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    try scene.image.writeJPEG(to: "\(root)/images/\(split)/\(stem).jpg")
    try scene.labels.writePNG(to: "\(root)/annotations/\(split)/\(stem).png")
    return ReefAnnotations.Page(scene, id: number, fileName: "\(stem).jpg")
  }

  /// The file that says which Reef a folder holds.
  private static let descriptionFile = "reef.json"
  private static let labelsFile = "labels.txt"
  /// The files beside the folders of a data set.
  public var files: [String] {
    task == .scenes ? [Self.descriptionFile, Self.labelsFile] : [Self.descriptionFile]
  }
  /// The folders of a data set.
  public var folders: [String] {
    task == .scenes ? ["images", "annotations"] : portraitSplits.map(\.name)
  }

  private var description: String {
    #"{"reef":\#(Self.version),\#(task == .scenes ? "" : #""task":"\#(task)","#)"seed":\#(seed),"images":\#(images),"training":\#(trainingCount),"#
      + #""validation":\#(validationCount),"height":\#(size.height),"width":\#(size.width),"#
      + #""opencv":"\#(ImagingLibrary.version)"}"# + "\n"
  }

  /// Whether the folder holds this very data set. An empty folder, or none, holds nothing.
  private func isThere(_ target: URL, as name: String) throws -> Bool {
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: target.path, isDirectory: &isFolder) else { return false }
    guard isFolder.boolValue, let entries = try? manager.contentsOfDirectory(atPath: target.path) else {
      throw DataError(file: name, "is there already and no folder that can be read; name a new folder")
    }
    guard !entries.isEmpty else { return false }
    guard let bytes = try? RegularFile("\(target.path)/\(Self.descriptionFile)").whole(limit: 1 << 20),
      let text = String(validating: bytes, as: UTF8.self)
    else {
      throw DataError(file: name, "is there already and holds something else; name a new or an empty folder")
    }
    guard text == description else {
      throw DataError(
        file: name,
        "holds another Reef: \(text.trimmingCharacters(in: .whitespacesAndNewlines)), not "
          + "\(description.trimmingCharacters(in: .whitespacesAndNewlines)). Name a new folder, or remove this one."
      )
    }
    for (inner, count) in task == .scenes ? sceneFolders : portraitFolders {
      let files = (try? manager.contentsOfDirectory(atPath: "\(target.path)/\(inner)").count) ?? 0
      guard files >= count else {
        throw DataError(
          file: name, "holds \(files) of \(count) files in \(inner): some were removed. Remove the rest, too."
        )
      }
    }
    return true
  }

  /// The folders of scenes, and how many files each holds.
  private var sceneFolders: [(name: String, count: Int)] {
    [("training", trainingCount), ("validation", validationCount)].flatMap { split, count in
      ["images", "annotations"].map { ("\($0)/\(split)", count) }
    }
  }

  static func makeFolder(_ path: String) throws {
    do { try Folder.make(path) } catch { throw DataError(file: path, error.message) }
  }

  private static func writeText(_ text: String, to path: String) throws {
    do { try AtomicFile.write(text.utf8, to: path) } catch { throw DataError(file: path, error.message) }
  }
}
