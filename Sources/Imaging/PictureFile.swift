import Foundation

/// Files as bytes: read whole, and written so that a failure leaves no half file.
enum PictureFile {
  /// The bytes of a regular file. A pipe is not waited on.
  static func read(_ path: String) throws(ImagingError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotRead(file: path, reason: systemReason()) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .cannotRead(file: path, reason: systemReason()) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .cannotRead(file: path, reason: "it is a folder; a picture file is wanted")
    default: throw .cannotRead(file: path, reason: "it is a pipe or a device; a picture file is wanted")
    }
    guard status.st_size <= Int(Int32.max) else {
      throw .cannotRead(
        file: path, reason: "it has \(status.st_size) bytes; pictures of up to 2 GiB are read")
    }
    // The file may shrink or grow meanwhile: what is read counts, not what the status said.
    var failure: String?
    let size = Int(status.st_size)
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size, let base = buffer.baseAddress {
        let got = Foundation.read(descriptor, base + count, size - count)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { failure = systemReason() }
        if got <= 0 { return }
        count += got
      }
    }
    if let failure { throw .cannotRead(file: path, reason: failure) }
    return bytes
  }

  /// Writes beside the file under a hidden name and renames: the file is whole or as it was.
  static func write(_ bytes: [UInt8], to path: String) throws(ImagingError) {
    let folder = (path as NSString).deletingLastPathComponent
    let name = ".\(String(UInt64.random(in: .min ... .max), radix: 36)).part"
    let hidden = folder.isEmpty ? name : folder + "/" + name
    let descriptor = open(hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .cannotWrite(file: path, reason: systemReason()) }
    var reason: String?
    bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count, let base = buffer.baseAddress {
        let put = Foundation.write(descriptor, base + done, buffer.count - done)
        if put < 0 && errno == EINTR { continue }
        if put <= 0 {
          reason = systemReason()
          return
        }
        done += put
      }
    }
    if close(descriptor) != 0, reason == nil { reason = systemReason() }
    if reason == nil, rename(hidden, path) != 0 { reason = systemReason() }
    if let reason {
      unlink(hidden)
      throw .cannotWrite(file: path, reason: reason)
    }
  }

  private static func systemReason() -> String {
    switch errno {
    case ENOENT: "there is no such file or folder"
    case ENOSPC: "the disk is full"
    case let code: String(cString: strerror(code))
    }
  }
}
