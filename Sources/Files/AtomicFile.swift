import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Writes files so that a kill at any moment leaves the old file or the new one.
public enum AtomicFile {
  /// Writes beside the file, under a name that begins with a dot, and renames.
  ///
  /// - Parameter chunks: The file's bytes, one piece after the other.
  /// - Throws: `FileError` that names the file and the system's reason.
  public static func write(to path: String, chunks: some Sequence<[UInt8]>) throws {
    let url = URL(fileURLWithPath: path)
    let folder = url.deletingLastPathComponent()
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let hidden = folder.appendingPathComponent(".\(url.lastPathComponent).\(getpid()).partial").path
    func failure(_ what: String) -> FileError {
      let reason = String(cString: strerror(errno))
      unlink(hidden)
      return FileError(file: path, "cannot \(what): \(reason)")
    }
    let file = open(hidden, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw failure("be written") }
    for chunk in chunks {
      guard chunk.withUnsafeBytes({ write($0, to: file) }) else {
        let error = failure("be written")
        close(file)
        throw error
      }
    }
    guard fsync(file) == 0 || errno == EINVAL else {
      let error = failure("be written")
      close(file)
      throw error
    }
    guard close(file) == 0 else { throw failure("be written") }
    guard rename(hidden, path) == 0 else { throw failure("replace the old file") }
  }

  /// Writes text or bytes.
  ///
  /// - Throws: `FileError` that names the file and the system's reason.
  public static func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
    try write(to: path, chunks: CollectionOfOne(Array(bytes)))
  }

  /// All of them; false, with the reason in `errno`, when that fails.
  private static func write(_ bytes: UnsafeRawBufferPointer, to file: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
