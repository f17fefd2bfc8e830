import Data
import Foundation

/// A folder that is filled beside its place, under a hidden name, and takes its place when it is whole.
///
/// It goes away with its owner; what a killed process left behind is removed by the next one.
final class HiddenFolder {
  let path: String

  /// Makes the folder, and the ones above it.
  init(for target: URL) throws {
    let parent = target.deletingLastPathComponent()
    let stem = ".\(target.lastPathComponent)."
    let end = ".partial"
    let manager = FileManager.default
    path = parent.appendingPathComponent("\(stem)\(getpid())-\(UInt32.random(in: 0 ... .max))\(end)").path
    for entry in (try? manager.contentsOfDirectory(atPath: parent.path)) ?? []
    where entry.hasPrefix(stem) && entry.hasSuffix(end) {
      let owner = entry.dropFirst(stem.count).prefix { $0 != "-" }
      if let process = pid_t(owner), kill(process, 0) != 0, errno == ESRCH {
        try? manager.removeItem(at: parent.appendingPathComponent(entry))
      }
    }
    do { try manager.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      throw DataError(file: target.path, "cannot be made: \(error.localizedDescription)")
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Takes the place of an empty folder, or of none.
  func rename(to target: URL, as name: String) throws {
    guard Foundation.rename(path, target.path) == 0 else {
      throw DataError(file: name, "cannot take its place: \(String(cString: strerror(errno)))")
    }
  }
}
