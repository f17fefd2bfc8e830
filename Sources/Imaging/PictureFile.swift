import Files

/// Picture files as bytes, with this room's errors.
enum PictureFile {
  /// The bytes of a regular file of up to 2 GiB.
  static func read(_ path: String) throws(ImagingError) -> [UInt8] {
    do { return try RegularFile(path, wanted: "a picture file").whole(limit: Int(Int32.max)) } catch {
      throw .cannotRead(file: path, reason: error.reason)
    }
  }

  /// Replaces the file, which is whole or as it was: a picture can be made again, so the disk is not waited for.
  static func write(_ bytes: [UInt8], to path: String) throws(ImagingError) {
    do { try AtomicFile.write(bytes, to: path, isDurable: false) } catch {
      throw .cannotWrite(file: path, reason: error.reason)
    }
  }
}
