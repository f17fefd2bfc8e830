import Files

/// What can be wrong with a picture file. Every message names the file.
public enum ImagingError: Error, Equatable, Sendable {
  /// The file is missing, is no regular file, or may not be read.
  case cannotRead(file: String, reason: String)
  /// The contents are not those of a picture format that is read; `found` says what they are.
  case notRead(file: String, found: String)
  /// The contents are those of no picture, where a map of class numbers is wanted; `found` says what they are.
  case noLabelMap(file: String, found: String)
  /// The header promises more pixels than a picture may have.
  case tooLarge(file: String, height: Int, width: Int)
  /// The file ends before its picture does.
  case truncated(file: String, reason: String)
  /// The contents are broken.
  case damaged(file: String, reason: String)
  /// A picture of colours where a map of class numbers is wanted.
  case coloursNotClasses(file: String, kind: String, distinctColours: Int)
  /// The file could not be written.
  case cannotWrite(file: String, reason: String)
  /// Pixels that cannot be stored as a PNG; there is no file yet.
  case cannotEncode(height: Int, width: Int, reason: String)

  /// The file that the message is about, if there is one.
  public var file: String? {
    switch self {
    case .cannotRead(let file, _), .notRead(let file, _), .noLabelMap(let file, _), .tooLarge(let file, _, _),
      .truncated(let file, _),
      .damaged(let file, _), .coloursNotClasses(let file, _, _), .cannotWrite(let file, _):
      file
    case .cannotEncode: nil
    }
  }
}

extension ImagingError: LocatedError {
  /// The file, if there is one.
  public var place: ErrorPlace { ErrorPlace(file: file) }

  /// One message: file, what is wrong, and what would be right.
  public var description: String { file.map { "\($0.printedWhole): \(message)" } ?? message }

  /// What is wrong, and what would be right, without the file.
  public var message: String {
    switch self {
    case .cannotRead(_, let reason): "cannot be read: \(reason)"
    case .notRead(_, let found):
      "\(found), not a picture that is read. Convert it to JPEG, PNG, BMP, TIFF or WebP."
    case .noLabelMap(_, let found):
      "\(found), not a label map. Convert it to a PNG of one channel whose numbers are the classes."
    case .tooLarge(_, let height, let width):
      "\(width) x \(height) pixels are too many: at most \(ImageLimits.pixels) pixels "
        + "and \(ImageLimits.side) a side are read."
    case .truncated(_, let reason): "the picture is cut short: \(reason)"
    case .damaged(_, let reason): "the picture is damaged: \(reason)"
    case .coloursNotClasses(_, let kind, let distinct):
      "colours, not classes: \(kind) with \(distinct) distinct colours. A label map is a PNG "
        + "of one channel (or with a palette) whose numbers are the classes; which colour is which class, "
        + "metainfo.label_colours of a data set says."
    case .cannotWrite(_, let reason): "cannot be written: \(reason)"
    case .cannotEncode(let height, let width, let reason):
      "a picture of \(width) x \(height) pixels cannot be encoded: \(reason)"
    }
  }
}

/// How large a picture may be: what the header says is looked at before anything is decoded.
public enum ImageLimits {
  /// Pixels in all (Pillow's limit).
  public static let pixels = 178_956_970
  /// Pixels a side (JPEG's limit).
  public static let side = 65_535
}
