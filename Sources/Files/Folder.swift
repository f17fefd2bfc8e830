import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Folders: made with those above them, and paths taken apart and joined as texts.
public enum Folder {
  /// Makes a folder and the ones above it; one that is there stays as it is.
  ///
  /// - Throws: `FileError` that names what is in the way, or the system's reason.
  public static func make(_ path: String) throws(FileError) {
    guard !path.isEmpty, !isFolder(path) else { return }
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made = join(made, String(part))
      if mkdir(made, 0o777) == 0 { continue }
      // What is looked at next sets it anew.
      let code = errno
      if isFolder(made) { continue }
      let what = made == path ? "it" : made.printedWhole
      var status = stat()
      throw FileError(
        file: path, .make,
        code != EEXIST && code != ENOTDIR
          ? FileError.systemReason(code)
          : stat(made, &status) == 0 || errno == ENOTDIR
            ? "\(what) is a file, not a folder; name another folder"
            : "\(what) is a link that leads to nothing; name another folder")
    }
  }

  /// Makes a folder for results, and makes sure that files can be written in it.
  ///
  /// - Throws: `FileError` that names what is in the way, or the system's reason.
  public static func makeWritable(_ path: String) throws(FileError) {
    try make(path)
    guard access(path.isEmpty ? "." : path, W_OK | X_OK) == 0 else {
      throw FileError(file: path, .write, "\(FileError.systemReason()); name another folder")
    }
  }

  /// Whether there is a folder under this name.
  public static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The folder, empty for the current one, and the name in it.
  public static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return ("", path) }
    let name = String(path[path.index(after: slash)...])
    return (slash == path.startIndex ? "/" : String(path[..<slash]), name)
  }

  /// A path below a folder; an empty folder is the current one.
  public static func join(_ folder: String, _ path: String) -> String {
    folder.isEmpty ? path : folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
  }

  /// The name without what stands behind its last dot, and that, without the dot; names that only begin with a dot
  /// have no such end.
  public static func splitExtension(_ name: String) -> (stem: String, extension: String) {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex, !name[dot...].contains("/"),
      name[name.index(before: dot)] != "/"
    else { return (name, "") }
    return (String(name[..<dot]), String(name[name.index(after: dot)...]))
  }
}
