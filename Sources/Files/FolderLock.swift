import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A folder that one process at a time works in.
///
/// The system holds the lock on an open file, so that it is gone with its process, however that ends: what the file
/// says is for people only.
package final class FolderLock: Sendable {
  /// The file's name.
  package static let name = ".lock"
  private let path: String
  private let descriptor: Int32

  /// Locks a folder that is there.
  ///
  /// - Throws: `FileError` that names the process which holds it, or the system's reason.
  package init(_ folder: String) throws(FileError) {
    let path = Folder.join(folder, Self.name)
    // Before any property is set: what is not held must not be let go.
    descriptor = try Self.open(path, of: folder)
    self.path = path
  }

  deinit {
    // The name goes before the lock: whoever opened the file meanwhile finds another under it, or none.
    unlink(path)
    UnfinishedFiles.end(path)
    close(descriptor)
  }

  private static func open(_ path: String, of folder: String) throws(FileError) -> Int32 {
    // Whoever holds the lock may go, and its file with it, between the two calls.
    for _ in 0..<100 {
      let file = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o644)
      guard file >= 0 else {
        throw FileError(file: folder, .write, FileError.systemReason())
      }
      if flock(file, LOCK_EX | LOCK_NB) != 0 {
        let code = errno
        if code == EINTR {
          close(file)
          continue
        }
        if code == EWOULDBLOCK {
          defer { close(file) }
          throw FileError(file: folder, .write, refusal(holder: text(of: file)))
        }
        // A file system without locks: the run is worth more than the lock.
        return file
      }
      var (own, there) = (stat(), stat())
      guard fstat(file, &own) == 0, lstat(path, &there) == 0, own.st_ino == there.st_ino else {
        close(file)
        continue
      }
      UnfinishedFiles.begin(path)
      ftruncate(file, 0)
      let note = Array("\(getpid())\n\(now())\n\(host())\n".utf8)
      // On a full disk the lock holds without it.
      _ = note.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) }
      return file
    }
    throw FileError(file: folder, .write, refusal(holder: ""))
  }

  private static func refusal(holder: String) -> String {
    let lines = holder.split(separator: "\n").map(String.init)
    guard lines.count == 3 else { return "it is in use by another process; \(remedy)" }
    let place = lines[2] == host() ? "" : " on \(lines[2].printed)"
    return "it is in use by process \(lines[0].printed)\(place) since \(lines[1].printed); \(remedy)"
  }

  private static let remedy = "wait until that ends, or name another folder"

  private static func text(of file: Int32) -> String {
    let bytes = [UInt8](unsafeUninitializedCapacity: 512) { buffer, count in
      count = max(0, pread(file, buffer.baseAddress, buffer.count, 0))
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func now() -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
    return formatter.string(from: Date())
  }

  private static func host() -> String {
    var name = utsname()
    uname(&name)
    return withUnsafeBytes(of: name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
