import Files
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("contents of folders")
struct FolderContentsTests {
  @Test("are sorted by bytes, with folders told apart and hidden names left out")
  func sorted() throws {
    let folder = try TemporaryFolder(["b": "", "B": "", "é/x": "", "10": "", "9": "", ".h": ""])
    let found = try Folder.contents(of: folder.path)
    #expect(found.map(\.name) == ["10", "9", "B", "b", "é"])
    #expect(found.filter(\.isFolder).map(\.name) == ["é"])
  }

  @Test("below are found through links, but not round in circles")
  func links() throws {
    let folder = try TemporaryFolder(["a/1": "", "a/b/2": "", "c/3": ""])
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/a/b/up", withDestinationPath: "\(folder.path)/a")
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/a/other", withDestinationPath: "\(folder.path)/c")
    #expect(try Folder.files(below: "\(folder.path)/a") == ["1", "b/2", "other/3"])
  }

  @Test("that are not there, or have names that are no text, are errors")
  func refused() throws {
    let folder = try TemporaryFolder()
    #expect(throws: FileError.self) { try Folder.contents(of: "\(folder.path)/none") }
    let bytes: [UInt8] = Array("\(folder.path)/caf".utf8) + [0xe9, 0]
    let descriptor = bytes.withUnsafeBytes { raw in
      raw.bindMemory(to: CChar.self).baseAddress.map { open($0, O_CREAT | O_WRONLY, 0o644) } ?? -1
    }
    try #require(descriptor >= 0)
    close(descriptor)
    let error = try #require(#expect(throws: FileError.self) { try Folder.contents(of: folder.path) })
    #expect(error.message.contains(#""caf\xe9", a name that is no UTF-8"#))
  }
}
