import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// What a path stands for, whatever its spelling: links, `./a`, `a/../a` and the file system's rules about letters are
/// followed.
public struct FileIdentity: Hashable, Sendable {
  private let device: UInt64
  private let number: UInt64
  /// What is below the nearest folder that is there.
  private let rest: [String]

  /// A path's file. For one that is not there yet: the nearest folder above it that is, and what follows.
  public init(_ path: String) {
    var rest: [String] = []
    var path = path.isEmpty ? "." : path
    var status = stat()
    while stat(path, &status) != 0 {
      let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
      var (folder, name) = Folder.split(trimmed)
      if name == ".." || name == "." || trimmed == "/" { break }
      // A link to nothing: what it names would be written.
      if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: trimmed), rest.count < 64 {
        path = target.hasPrefix("/") ? target : Folder.join(folder, target)
        rest.insert("", at: 0)
        continue
      }
      if folder.isEmpty { folder = "." }
      rest.insert(name, at: 0)
      path = folder
      status = stat()
    }
    (device, number) = (UInt64(status.st_dev), UInt64(status.st_ino))
    self.rest = rest.filter { !$0.isEmpty }
  }

  /// Whether the path itself is a symbolic link, whatever that leads to.
  public static func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  /// Whether the path names something that is there.
  public var exists: Bool { rest.isEmpty && number != 0 }
}
