import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A regular file that is open for reading.
///
/// One that shrinks while it is read gives an error and no signal. Pipes and devices are refused without waiting for
/// them.
public final class RegularFile: Sendable {
  /// The file, as the user named it.
  public let path: String
  /// Its bytes, as they were counted when it was opened.
  public let size: Int
  private let descriptor: Int32

  /// Opens a file. `wanted` is what it should be, for messages: `a checkpoint`.
  ///
  /// - Throws: `FileError` when there is none, or it is a folder, a pipe or a device.
  public init(_ path: String, wanted: String = "a file") throws(FileError) {
    func refusal(_ reason: String) -> FileError { FileError(file: path, .read, reason) }
    guard !path.utf8.contains(0) else { throw refusal("its name holds a NUL character") }
    // A pipe without a writer would block: it is opened without waiting and refused below.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let reason =
        switch errno {
        case ENOENT: "no such file"
        case ENXIO: "is a pipe or a device, not \(wanted)"
        default: FileError.systemReason()
        }
      throw refusal(reason)
    }
    var status = stat()
    let isKnown = fstat(descriptor, &status) == 0
    let reason: String? =
      if !isKnown {
        FileError.systemReason()
      } else {
        switch status.st_mode & S_IFMT {
        case S_IFREG: nil
        case S_IFDIR: "is a folder, not \(wanted)"
        default: "is a pipe or a device, not \(wanted)"
        }
      }
    if let reason {
      close(descriptor)
      throw refusal(reason)
    }
    (self.path, size, self.descriptor) = (path, Int(status.st_size), descriptor)
  }

  deinit { close(descriptor) }

  /// Reads some bytes from an offset on.
  ///
  /// - Returns: How many; 0 at the end of the file only.
  /// - Throws: `FileError` with the system's reason, or when the file has become shorter than `size`.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) -> Int {
    guard let base = buffer.baseAddress, buffer.count > 0 else { return 0 }
    while true {
      let got = pread(descriptor, base, min(buffer.count, 1 << 30), off_t(offset))
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw FileError(file: path, .read, FileError.systemReason()) }
      guard got > 0 || offset >= size else { throw Self.shortened(path) }
      return got
    }
  }

  /// Reads a range, all of it.
  ///
  /// - Throws: `FileError` when the file has no such range (any more).
  public func read(_ range: Range<Int>) throws(FileError) -> [UInt8] {
    guard range.lowerBound >= 0, range.upperBound <= size else { throw Self.shortened(path) }
    guard !range.isEmpty else { return [] }
    var failure: FileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
      do throws(FileError) {
        while filled < range.count {
          let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
          let got = try read(into: rest, at: range.lowerBound + filled)
          guard got > 0 else { throw Self.shortened(path) }
          filled += got
        }
      } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }

  /// All bytes.
  ///
  /// - Parameter limit: As many it may have.
  /// - Throws: `FileError`, also when it has more.
  public func whole(limit: Int = .max) throws(FileError) -> [UInt8] {
    guard size <= limit else {
      throw FileError(file: path, .read, "\(size) bytes are too many: at most \(limit) are read")
    }
    return try read(0..<size)
  }

  /// The file as memory, which is read when it is touched; nil where the system cannot.
  ///
  /// - Throws: `FileError` when the file has become shorter than `size`.
  package func mapped() throws(FileError) -> MappedFile? {
    guard let mapped = MappedFile(descriptor, size: size, path: path) else { return nil }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_size >= size else { throw Self.shortened(path) }
    return mapped
  }

  private static func shortened(_ path: String) -> FileError {
    FileError(file: path, .read, "became shorter while it was read")
  }
}
