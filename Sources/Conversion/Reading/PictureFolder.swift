import Data
import Files

/// Where the pictures of an annotation file of COCO are, which does not say it itself.
package enum PictureFolder: Equatable {
  case found(String)
  /// In none of the folders around the file.
  case missing
  /// In several, of which none is called as the file is.
  case ambiguous([String])

  /// Looks for pictures in the file's own folder, else in the one above, in those next to and within it, and in those
  /// within a folder `images`. Where `train` and `val` hold pictures of the same names, the folder that is called as the
  /// file is: `images/validation` for `instances_val.json`.
  ///
  /// - Parameters:
  ///   - names: The pictures, as the file names them.
  ///   - path: The annotation file.
  package init(of names: [String], around path: String) {
    let (own, file) = Folder.split(path)
    func isThere(_ name: String, _ folder: String) -> Bool {
      FileIdentity(DatasetSettings.path(name, below: folder)).exists
    }
    func hold(_ names: some Collection<String>) -> (String) -> Bool {
      { folder in names.allSatisfy { isThere($0, folder) } }
    }
    guard let first = names.first else {
      self = .missing
      return
    }
    if hold(names.prefix(3))(own) {
      self = .found(own)
      return
    }
    var known = Set<FileIdentity>()
    let places = Self.places(around: own).filter(hold(names.prefix(3))).filter {
      known.insert(FileIdentity(DatasetSettings.path(first, below: $0))).inserted
    }
    guard places.count > 1 else {
      self = places.first.map { .found($0) } ?? .missing
      return
    }
    let whole = places.filter(hold(names))
    let complete = whole.isEmpty ? places : whole
    let alike = complete.filter { Self.isCalled(Folder.split($0).name, as: file) }
    switch (complete.count, alike.count) {
    case (1, _): self = .found(complete[0])
    case (_, 1): self = .found(alike[0])
    default: self = .ambiguous(alike.isEmpty ? complete : alike)
    }
  }

  /// The folder; nil where it is not known.
  package var path: String? {
    if case .found(let folder) = self { folder } else { nil }
  }

  /// What came of the search, for messages.
  package var explanation: String {
    switch self {
    case .found(let folder): "the images are in \(folder.isEmpty ? "." : folder.printed)"
    case .missing: "the images are not found around it"
    case .ambiguous(let folders):
      "images of these names are in several folders: "
        + folders.map { $0.isEmpty ? "." : $0.printed }.joined(separator: ", ")
    }
  }

  private static func places(around own: String) -> [String] {
    let above =
      ["", ".", ".."].contains(Folder.split(own).name) ? Folder.join(own, "..") : Folder.split(own).folder
    func inner(_ folder: String) -> [String] {
      ((try? Folder.contents(of: folder)) ?? []).filter(\.isFolder).prefix(200)
        .map { folder.isEmpty ? $0.name : Folder.join(folder, $0.name) }
    }
    let near = [own, above].flatMap(inner)
    return [above] + near + near.filter { Folder.split($0).name == "images" }.flatMap(inner)
  }

  /// Whether one of the words in a file's name begins a folder's name, or the other way round.
  private static func isCalled(_ folder: String, as file: String) -> Bool {
    let folder = folder.lowercased()
    guard folder.count >= 3 else { return false }
    return Folder.splitExtension(file).stem.lowercased().split { !$0.isLetter && !$0.isNumber }.contains {
      $0.count >= 3 && ($0.hasPrefix(folder) || folder.hasPrefix($0))
    }
  }
}
