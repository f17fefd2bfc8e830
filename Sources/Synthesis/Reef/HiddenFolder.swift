import Data
import Files
import Foundation

/// A folder that is filled beside its place, under a hidden name, and takes its place when it is whole.
///
/// It goes away with its owner; what a killed process left behind is removed by the next one.
final class HiddenFolder {
  let path: String

  /// Makes the folder, and the ones above it.
  init(for target: URL) throws {
    let parent = target.deletingLastPathComponent().path
    PartialName.removeAbandoned(in: parent, of: target.lastPathComponent)
    path = Folder.join(parent, PartialName.uniqueName(for: target.lastPathComponent))
    do { try Folder.make(path) } catch { throw DataError(file: target.path, error.message) }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Takes the place of an empty folder, or of none.
  func rename(to target: URL, as name: String) throws {
    guard Foundation.rename(path, target.path) == 0 else {
      throw DataError(file: name, "cannot take its place: \(FileError.systemReason())")
    }
  }
}
