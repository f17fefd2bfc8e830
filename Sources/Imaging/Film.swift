import COpenCV
import Files

/// A film whose frames are read one after the other, by OpenCV's videoio: it is opened when the first film is, and a
/// machine without it is told so.
public struct Film: ~Copyable {
  /// Frames a second, where the file says so.
  public let rate: Double?
  /// About how many frames there are, where the file says so.
  public let frames: Int?
  private let file: String
  private let handle: OpaquePointer
  /// How many frames were read.
  private var count = 0

  /// Endings of films' names.
  public static let endings: Set<String> = [
    "3gp", "asf", "avi", "flv", "m2ts", "m4v", "mjpeg", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "ogv",
    "ts",
    "webm", "wmv",
  ]

  /// Whether a file is called as films are.
  public static func isFilm(_ path: String) -> Bool {
    endings.contains(Folder.splitExtension(path).extension.lowercased())
  }

  /// Opens a film.
  ///
  /// - Throws: `ImagingError`, which names the file: it is missing, no film, or videoio is.
  public init(file path: String) throws(ImagingError) {
    // Whether it is a file at all is asked first: videoio also takes addresses and devices.
    do { _ = try RegularFile(path, wanted: "a film") } catch {
      throw .cannotRead(file: path, reason: error.reason)
    }
    var opened: OpaquePointer?
    // A name that begins with a dash or holds a colon is a file's all the same.
    let name = path.hasPrefix("/") ? path : "./" + path
    let failure = bridged { text, capacity in
      dp_film_open(name, &opened, dp_message(text: text, capacity: capacity))
    }
    guard let opened, failure == nil else { throw .cannotRead(file: path, reason: failure ?? "unknown") }
    (file, handle) = (path, opened)
    let (rate, frames) = (dp_film_rate(opened), dp_film_frames(opened))
    self.rate = rate.isFinite && rate > 0 && rate < 100_000 ? rate : nil
    self.frames = frames.isFinite && frames >= 1 && frames < 1e12 ? Int(frames) : nil
  }

  /// The next frame, blue green red; nil at the end.
  ///
  /// - Throws: `ImagingError`, which names the file: there is no first frame, or one cannot be used.
  public mutating func next() throws(ImagingError) -> Image? {
    var owned: OpaquePointer?
    let failure = bridged { text, capacity in
      dp_film_next(handle, &owned, dp_message(text: text, capacity: capacity))
    }
    if let failure { throw .damaged(file: file, reason: failure) }
    guard let owned else {
      if count == 0 { throw .damaged(file: file, reason: "it has no frame that can be read") }
      return nil
    }
    defer { dp_owned_free(owned) }
    count += 1
    let (height, width) = (Int(dp_owned_height(owned)), Int(dp_owned_width(owned)))
    guard height * width <= ImageLimits.pixels, max(height, width) <= ImageLimits.side else {
      throw .tooLarge(file: file, height: height, width: width)
    }
    return Image(
      height: height, width: width,
      pixels: Array(UnsafeBufferPointer(start: dp_owned_bytes(owned), count: dp_owned_count(owned))))
  }

  deinit { dp_film_close(handle) }
}
