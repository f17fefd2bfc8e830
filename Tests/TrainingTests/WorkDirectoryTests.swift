import Foundation
import TestSupport
import Testing

import Training

@Suite("The work directory")
struct WorkDirectoryTests {
  @Test("gives every run a folder of its own, also within a second")
  func unique() throws {
    let folder = try TemporaryFolder()
    let start = Date(timeIntervalSince1970: 1_700_000_000)
    let names = try (0..<3).map { _ in try WorkDirectory(folder.path, start: start).timestamp }
    #expect(Set(names).count == 3)
    #expect(folder.names() == names.sorted())
  }

  @Test("that cannot be made is said before any work")
  func unusable() throws {
    let folder = try TemporaryFolder()
    try Data().write(to: URL(fileURLWithPath: "\(folder.path)/file"))
    let error = #expect(throws: TrainingError.self) { _ = try WorkDirectory("\(folder.path)/file") }
    #expect(error?.message.contains("the work directory cannot be made") == true)
  }

  @Test(
    "finds its newest checkpoint",
    arguments: [
      ("iter_5.safetensors\n", "iter_5.safetensors"),
      // mm writes whole paths; the folder may have been moved since.
      ("/gone/work_dirs/x/iter_5.safetensors", "iter_5.safetensors"),
    ])
  func lastCheckpoint(text: String, expected: String) throws {
    let folder = try TemporaryFolder()
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/last_checkpoint"))
    #expect(try WorkDirectory.lastCheckpoint(in: folder.path) == "\(folder.path)/\(expected)")
  }
}
