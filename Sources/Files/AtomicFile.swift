import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Writes files so that a kill at any moment leaves the old file or the new one.
public enum AtomicFile {
  /// Writes beside the file, under a name that begins with a dot, and renames.
  ///
  /// - Parameters:
  ///   - path: The file, which is replaced where there is one; its folder is made where there is none.
  ///   - chunks: The file's bytes, one piece after the other.
  ///   - isDurable: Whether the bytes are on the disk before the old file goes: not worth the wait for what is easily
  ///     made again.
  /// - Throws: `FileError` that names the file and the system's reason; on a full disk the bytes needed and free.
  public static func write(
    to path: String, chunks: some Sequence<[UInt8]>, isDurable: Bool = true
  ) throws(FileError) {
    let hidden = try fill(path, chunks: chunks, isDurable: isDurable)
    defer { UnfinishedFiles.end(hidden) }
    try place(hidden, as: path)
  }

  /// Writes files that mean something together only: all bytes are written before the first file takes its place, so
  /// that a full disk or bytes that cannot be made leave all as they were.
  ///
  /// - Parameters:
  ///   - files: Paths and what makes their bytes, one after the other.
  ///   - progress: Told after each file how many are written, before any takes its place.
  /// - Throws: `FileError` as for one file, or what making the bytes throws.
  public static func write(
    together files: [(path: String, bytes: () throws -> [UInt8])], progress: (_ done: Int) -> Void = { _ in }
  ) throws {
    var hidden: [String] = []
    defer {
      for name in hidden {
        unlink(name)
        UnfinishedFiles.end(name)
      }
    }
    for (number, file) in files.enumerated() {
      hidden.append(try fill(file.path, chunks: CollectionOfOne(try file.bytes()), isDurable: false))
      progress(number + 1)
    }
    for (name, file) in zip(hidden, files) { try place(name, as: file.path) }
  }

  /// Makes a symbolic link, which takes the place of what has its name.
  ///
  /// - Parameters:
  ///   - path: The link; its folder is made where there is none.
  ///   - target: The file that it leads to, as seen from the current folder, wherever the link lies.
  /// - Throws: `FileError`.
  public static func link(_ path: String, to target: String) throws(FileError) {
    let (folder, name) = Folder.split(path)
    try Folder.make(folder)
    let hidden = Folder.join(folder, PartialName.name(for: name))
    UnfinishedFiles.begin(hidden)
    defer { UnfinishedFiles.end(hidden) }
    guard let whole = realpath(target, nil) else {
      throw FileError(file: target, .read, FileError.systemReason())
    }
    defer { free(whole) }
    guard symlink(whole, hidden) == 0 else {
      throw FileError(file: path, .write, FileError.systemReason())
    }
    try place(hidden, as: path)
  }

  /// Puts the bytes of a file beside it, under a hidden name, which is among the unfinished ones from then on.
  ///
  /// - Returns: The hidden name.
  private static func fill(
    _ path: String, chunks: some Sequence<[UInt8]>, isDurable: Bool
  ) throws(FileError) -> String {
    let (folder, name) = Folder.split(path)
    guard !name.isEmpty, name != ".", name != ".." else {
      throw FileError(file: path, .write, "is a folder, not the name of a file")
    }
    try Folder.make(folder)
    var status = stat()
    // Renaming would put a file in its place: `/dev/null` would be gone for everybody. A link is replaced, not followed.
    if lstat(path, &status) == 0, ![S_IFREG, S_IFLNK, S_IFDIR].contains(status.st_mode & S_IFMT) {
      throw FileError(file: path, .write, "is a pipe or a device, not a file")
    }
    let hidden = Folder.join(folder, PartialName.name(for: name))
    UnfinishedFiles.begin(hidden)
    var needed = 0
    var code: Int32 = 0
    let file = open(hidden, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    if file < 0 {
      code = errno
    } else {
      for chunk in chunks {
        needed += chunk.count
        // What the rest needs is still counted where the disk is full.
        if code == 0 { code = chunk.withUnsafeBytes { DescriptorOutput.write($0, to: file) } }
        if code != 0, code != ENOSPC { break }
      }
      if code == 0, isDurable, fsync(file) != 0, errno != EINVAL { code = errno }
      if close(file) != 0, code == 0 { code = errno }
    }
    guard code != 0 else { return hidden }
    unlink(hidden)
    UnfinishedFiles.end(hidden)
    throw FileError(file: path, .write, reason(code, needed: needed, in: folder))
  }

  /// Gives a filled file its own name.
  private static func place(_ hidden: String, as path: String) throws(FileError) {
    guard rename(hidden, path) != 0 else { return }
    let code = errno
    unlink(hidden)
    throw FileError(file: path, .write, reason(code, needed: nil, in: Folder.split(path).folder))
  }

  /// Writes text or bytes.
  ///
  /// - Throws: `FileError` that names the file and the system's reason.
  public static func write(
    _ bytes: some Sequence<UInt8>, to path: String, isDurable: Bool = true
  ) throws(FileError) {
    try write(to: path, chunks: CollectionOfOne(Array(bytes)), isDurable: isDurable)
  }

  /// What a code of the system means.
  ///
  /// - Parameter needed: The bytes of the file; nil where they are written, and only its name was to change.
  package static func reason(_ code: Int32, needed: Int?, in folder: String) -> String {
    var status = statvfs()
    switch code {
    case EISDIR: return "is a folder, not a file"
    case ENOSPC where statvfs(folder.isEmpty ? "." : folder, &status) == 0:
      let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
      return "the disk is full: "
        + (needed.map { "\($0) bytes needed, \(free) free" } ?? "no room for the name, \(free) bytes free")
    default: return FileError.systemReason(code)
    }
  }
}

/// Writing to a descriptor, with all that write(2) may answer.
package enum DescriptorOutput {
  /// Writes all of the bytes.
  ///
  /// - Returns: 0, or the system's code.
  package static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      if count < 0 && errno == EAGAIN {
        // Somebody made the terminal or pipe non-blocking: wait until it takes bytes.
        var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&wanted, 1, -1) >= 0 || errno == EINTR else { return errno }
        continue
      }
      guard count > 0 else { return count < 0 ? errno : EIO }
      rest = rest.dropFirst(count)
    }
    return 0
  }
}
