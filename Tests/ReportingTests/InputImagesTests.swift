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

  @Test("standard input is a list, and films of folders are taken where they can be")
  func others() throws {
    let folder = try TemporaryFolder(["d/b.MP4": "", "d/e/a.png": "", "d/f_0009.png": "", "d/f_0010.png": ""])
    #expect(try InputImages.inputs(["-"]) { Array("x.png\ny.png\n".utf8) }.map(\.path) == ["x.png", "y.png"])
    #expect(throws: DataError.self) { try InputImages.inputs(["-"]) }
    let root = "\(folder.path)/d/"
    let all = try InputImages.inputs([root], films: true)
    #expect(all.map(\.path) == ["b.MP4", "e/a.png", "f_0009.png", "f_0010.png"].map { root + $0 })
    #expect(all.allSatisfy { $0.root == root })
    #expect(try InputImages.files([root]).count == 3)
    // Results keep the folders below the one that was named.
    let names = OutputNames(all, endings: [[], [".png"], [".png", "_labels.png"], [".png"]])
    #expect(names.names == ["b", "e/a", "f_0009", "f_0010"])
    let films = ["c/x.mp4", "c/x.avi", "d/y.mp4"].map { InputImages.Input($0) }
    let frames = films.map { _ in ["/000001.jpg"] }
    #expect(OutputNames(films, endings: frames).names == ["x.mp4", "x.avi", "y"])
    #expect(names.files[0].isEmpty && names.files[2] == ["f_0009.png", "f_0009_labels.png"])
  }

  @Test(
    "numbered files are found by their pattern, in the order of the numbers",
    arguments: [
      ("f%d.png", ["f7.png", "f10.png", "f100.png"]), ("f%03d.png", ["f007.png", "f100.png"]),
      ("%04d.jpg", ["0003.jpg", "0012.jpg", "10000.jpg"]),
    ])
  func numbered(pattern: String, expected: [String]) throws {
    let folder = try TemporaryFolder(
      Dictionary(
        [
          "f7.png", "f10.png", "f100.png", "f007.png", "fx.png", "f.png", "0003.jpg", "0012.jpg", "10000.jpg",
          "3.jpg",
        ]
        .map { ($0, "") }
      ) { first, _ in first })
    #expect(try InputImages.files(["\(folder.path)/\(pattern)"]) == expected.map { "\(folder.path)/\($0)" })
  }

  @Test(
    "what names no picture is an error",
    arguments: ["@none.txt", "@no.txt", "empty", "frames/*.gif", "frames/no_%d.png"])
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
