import Files
import Foundation
import TestSupport
import Testing

@Suite("standard input")
struct StandardInputTests {
  @Test("is read to its end, up to a limit; what cannot be read is told")
  func reads() throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
    let path = try folder.write(bytes, as: "x")
    for (limit, isEnough) in [(200_000, true), (199_999, false)] {
      let descriptor = open(path, O_RDONLY)
      defer { close(descriptor) }
      let read = try? StandardInput.whole(of: descriptor, limit: limit)
      #expect((read == bytes) == isEnough)
    }
    let error = #expect(throws: FileError.self) { try StandardInput.whole(of: -1, limit: 10) }
    #expect(error?.file == "standard input")
  }
}
