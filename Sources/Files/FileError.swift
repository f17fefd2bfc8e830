import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Why a file cannot be read or written.
public struct FileError: LocatedError, Equatable {
  /// What was tried.
  public enum Attempt: String, Sendable {
    /// Opening or reading.
    case read = "cannot be read"
    /// Writing, or replacing the old file.
    case write = "cannot be written"
    /// Making a folder.
    case make = "cannot be made"
  }

  /// The file.
  public let file: String
  /// What was tried.
  public let attempt: Attempt
  /// Why it failed, and what would be right.
  public let reason: String

  /// An error about one file.
  public init(file: String, _ attempt: Attempt, _ reason: String) {
    (self.file, self.attempt, self.reason) = (file, attempt, reason)
  }

  /// What failed, and why.
  public var message: String { "\(attempt.rawValue): \(reason)" }
  /// The file.
  public var place: ErrorPlace { ErrorPlace(file: file) }
  /// File and message.
  public var description: String { "\(file.printedWhole): \(message)" }

  /// What the system says, in the words that are used here for the commonest reasons.
  package static func systemReason(_ code: Int32 = errno) -> String {
    switch code {
    case ENOENT: "no such file or folder"
    case ENOSPC: "the disk is full"
    case EDQUOT: "the disk quota is used up"
    case EACCES, EPERM: "permission denied"
    case EROFS: "the file system is read-only"
    case ENOTDIR: "a part of its path is a file, not a folder"
    case ENAMETOOLONG: "its name is too long"
    case EFBIG: "it would be larger than files may be (ulimit -f)"
    case EBADF: "it is closed"
    default: String(cString: strerror(code))
    }
  }
}
