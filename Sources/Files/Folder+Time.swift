import Foundation

extension Folder {
  /// A name that nothing in a folder has yet: `yyyyMMdd_HHmmss` of a time, with a number behind it where that is taken.
  public static func timestamp(below folder: String, at time: Date = Date()) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyyMMdd_HHmmss"
    let base = formatter.string(from: time)
    var name = base
    var attempt = 1
    while FileManager.default.fileExists(atPath: join(folder, name)) {
      attempt += 1
      name = "\(base)_\(attempt)"
    }
    return name
  }
}
