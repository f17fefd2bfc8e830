import Data
import Files
import Foundation

/// Files whose names differ in a number, as ffmpeg and OpenCV write them: `frames/%06d.jpg`.
struct NumberedFiles {
  private let pattern: String
  private let folder, head, tail: String
  /// Digits that the number has at least.
  private let digits: Int

  /// The files of a pattern; nil for a name without a number's place in it.
  init?(_ pattern: String) throws {
    let (folder, name) = Folder.split(pattern)
    guard let place = name.firstRange(of: try Regex("%(0[1-9]|0?[1-9][0-9]*)?d")) else { return nil }
    self.pattern = pattern
    (self.folder, head, tail) = (folder, String(name[..<place.lowerBound]), String(name[place.upperBound...]))
    digits = Int(name[place].filter(\.isNumber)) ?? 1
  }

  /// Those that are there, by their numbers.
  ///
  /// - Throws: `DataError` where there is none.
  func files() throws -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
    let numbered = names.compactMap { name -> (number: Int, name: String)? in
      guard name.hasPrefix(head), name.hasSuffix(tail), name.utf8.count > head.utf8.count + tail.utf8.count
      else { return nil }
      let number = name.dropFirst(head.count).dropLast(tail.count)
      guard number.utf8.allSatisfy({ (48...57).contains($0) }), number.utf8.count >= digits,
        number.utf8.count == digits || number.first != "0", let value = Int(number)
      else { return nil }
      return (value, name)
    }
    guard !numbered.isEmpty else {
      throw DataError(file: pattern, "no file has a name of this pattern, with a number for %d")
    }
    return numbered.sorted { $0.number < $1.number }.map { Folder.join(folder, $0.name) }
  }
}
