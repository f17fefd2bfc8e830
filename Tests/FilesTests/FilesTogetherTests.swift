import Files
import Foundation
import TestSupport
import Testing

@Suite("Files that belong together")
struct FilesTogetherTests {
  private struct Refusal: Error {}

  @Test("all take their places")
  func writesAll() throws {
    let folder = try TemporaryFolder(["a": "old"])
    try AtomicFile.write(together: [
      ("\(folder.path)/a", { Array("1".utf8) }), ("\(folder.path)/b/c", { Array("2".utf8) }),
    ])
    #expect(try folder.text("a") == "1" && folder.text("b/c") == "2")
  }

  @Test("where one cannot be written, the others stay as they were, and nothing is left behind")
  func writesNone() throws {
    let folder = try TemporaryFolder(["a": "old", "file": ""])
    #expect(throws: Refusal.self) {
      try AtomicFile.write(together: [
        ("\(folder.path)/a", { [1] }), ("\(folder.path)/b", { throw Refusal() }),
      ])
    }
    #expect(throws: FileError.self) {
      try AtomicFile.write(together: [("\(folder.path)/a", { [1] }), ("\(folder.path)/file/b", { [2] })])
    }
    #expect(try folder.text("a") == "old" && folder.names() == ["a", "file"])
  }

  @Test("a link leads to the file from wherever it lies, and takes the place of another one")
  func links() throws {
    let folder = try TemporaryFolder(["a": "one", "b": "two"])
    try AtomicFile.link("\(folder.path)/deep/er/link", to: "\(folder.path)/a")
    try AtomicFile.link("\(folder.path)/deep/er/link", to: "\(folder.path)/b")
    #expect(try folder.text("deep/er/link") == "two" && folder.text("a") == "one")
    #expect(folder.names("deep/er") == ["link"])
    #expect(throws: FileError.self) { try AtomicFile.link("\(folder.path)/x", to: "\(folder.path)/none") }
  }
}
