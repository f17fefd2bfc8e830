import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// The hidden names under which files and folders are filled before they take their place: `.NAME.PID.partial`.
package enum PartialName {
  private static let end = ".partial"
  /// Bytes of a name that are kept: file systems allow 255 in all.
  private static let limit = 180

  /// The name for one that this process writes.
  package static func name(for name: String) -> String { "\(stem(of: name))\(getpid())\(end)" }

  /// The name for one that this process writes, other than all that it has given before.
  package static func uniqueName(for name: String) -> String {
    "\(stem(of: name))\(getpid())-\(UInt32.random(in: 0 ... .max))\(end)"
  }

  /// Removes what processes that are gone left behind in a folder.
  ///
  /// - Parameter name: Only what was to become this file or folder; nil: all.
  package static func removeAbandoned(in folder: String, of name: String? = nil) {
    let manager = FileManager.default
    let stem = name.map(stem(of:)) ?? "."
    for entry in (try? manager.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
    where entry.hasPrefix(stem) && entry.hasSuffix(end) {
      let owner = entry.dropLast(end.count).split(separator: ".").last?.prefix { $0 != "-" }
      if let owner, let process = pid_t(owner), process > 0, kill(process, 0) != 0, errno == ESRCH {
        try? manager.removeItem(atPath: Folder.join(folder, entry))
      }
    }
  }

  /// Long names are cut and told apart by a number made of them.
  private static func stem(of name: String) -> String {
    guard name.utf8.count > limit else { return ".\(name)." }
    var start = ""
    for character in name {
      guard start.utf8.count + character.utf8.count <= limit else { break }
      start.append(character)
    }
    var fingerprint = Fingerprint()
    fingerprint.add(name)
    return ".\(start)~\(String(fingerprint.value, radix: 36))."
  }
}
