import Foundation
import TestSupport
import Testing

import Files

@Suite("mapped files")
struct MappedFileTests {
  @Test("have the file's bytes, also when it is replaced; what is written there stays here")
  func bytes() throws {
    let folder = try TemporaryFolder(["a": "0123456789"])
    let path = folder.path + "/a"
    let mapped = try #require(try RegularFile(path).mapped())
    try AtomicFile.write("new".utf8, to: path)
    #expect(mapped.count == 10 && Array(mapped[3..<6]) == Array("345".utf8))
    mapped.address.storeBytes(of: UInt8(ascii: "x"), as: UInt8.self)
    #expect(Array(mapped[0..<2]) == Array("x1".utf8))
    #expect(try folder.text("a") == "new")
  }

  @Test("of nothing are none")
  func empty() throws {
    let folder = try TemporaryFolder(["a": ""])
    #expect(try RegularFile(folder.path + "/a").mapped() == nil)
  }

  @Test("of one that has become shorter are refused")
  func shortened() throws {
    let folder = try TemporaryFolder(["a": "0123456789"])
    let file = try RegularFile(folder.path + "/a")
    #expect(truncate(file.path, 4) == 0)
    #expect(throws: FileError.self) { try file.mapped() }
  }

  @Test("of one that becomes shorter end the program with a line that names it")
  func ending() async {
    let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
      let folder = try TemporaryFolder(["weights": String(repeating: "x", count: 100_000)])
      let mapped = try RegularFile(folder.path + "/weights").mapped()
      truncate(folder.path + "/weights", 0)
      print(mapped.map { $0[90_000..<90_001].first ?? 0 } ?? 0)
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("weights: cannot be read: became shorter while it was in use"), "\(text)")
  }
}
