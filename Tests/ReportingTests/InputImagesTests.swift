import Data
import Foundation
import Imaging
import Reporting
import TestSupport
import Testing

@Suite("images that a command is given")
struct InputImagesTests {
  private func folder() throws -> TemporaryFolder {
    try TemporaryFolder([
      "frames/frame10.png": "", "frames/frame2.png": "", "frames/sub/frame1.JPG": "", "frames/notes.txt": "",
      "frames/.hidden.png": "", "one.png": "", "empty/a.txt": "",
      "list.txt": "b.png\n\n# not this\na.png\nb.png\n",
      "none.txt": "\n",
    ])
  }

  @Test(
    "files, folders, patterns and lists keep their order",
    arguments: [
      (["one.png", "missing.png"], ["/one.png", "/missing.png"]),
      (["frames"], ["/frames/frame2.png", "/frames/frame10.png", "/frames/sub/frame1.JPG"]),
      (["frames/*.png", "one.png"], ["/frames/frame2.png", "/frames/frame10.png", "/one.png"]),
      (["frames/frame[12]*.png"], ["/frames/frame2.png", "/frames/frame10.png"]),
    ])
  func order(arguments: [String], expected: [String]) throws {
    let folder = try folder()
    #expect(
      try InputImages.files(arguments.map { "\(folder.path)/\($0)" }) == expected.map { folder.path + $0 })
  }

  @Test("a list is taken in its order, names twice too")
  func list() throws {
    let folder = try folder()
    #expect(try InputImages.files(["@\(folder.path)/list.txt"]) == ["b.png", "a.png", "b.png"])
  }

  @Test("what names no picture is an error", arguments: ["@none.txt", "@no.txt", "empty", "frames/*.gif"])
  func nothing(argument: String) throws {
    let folder = try folder()
    let path =
      argument.hasPrefix("@") ? "@\(folder.path)/\(argument.dropFirst())" : "\(folder.path)/\(argument)"
    #expect(throws: DataError.self) { try InputImages.files([path]) }
  }

  @Test("numbers within names are compared by value")
  func numbers() {
    let names = ["a1.png", "a01.png", "a2.png", "a10.png", "a10b.png", "b.png"]
    for (i, first) in names.enumerated() {
      for (j, second) in names.enumerated() where first != "a01.png" && second != "a01.png" {
        #expect(InputImages.isBefore(first, second) == (i < j), "\(first) \(second)")
      }
    }
    #expect(InputImages.isBefore("a01.png", "a1.png") != InputImages.isBefore("a1.png", "a01.png"))
  }
}
