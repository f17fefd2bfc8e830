/// What the annotations of a data set are from: when a run goes on, it has to be the same.
public enum AnnotationSource: Hashable, Sendable {
  /// A file, all of whose bytes count.
  case file(String)
  /// Files in a folder, whose names and sizes count.
  case files(folder: String, paths: [String])
  /// Files in a folder whose names alone tell the annotation.
  case names(folder: String, paths: [String])

  /// The file, or the folder of the files.
  public var path: String {
    switch self {
    case .file(let path), .files(let path, _), .names(let path, _): path
    }
  }
}
