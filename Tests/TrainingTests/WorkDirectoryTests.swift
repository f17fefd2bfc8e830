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
    #expect(
      error?.message.contains("the work directory cannot be made: this is a file, not a folder") == true)
    let below = #expect(throws: TrainingError.self) { _ = try WorkDirectory("\(folder.path)/file/a/b") }
    #expect(
      below?.message.contains(
        "the work directory cannot be made: \(folder.path)/file is a file, not a folder") == true,
      "\(below?.message ?? "")")
    // Names of one letter, and the folder at hand.
    for path in ["", "w", "w/"] { _ = try WorkDirectory("\(folder.path)/\(path)") }
  }

  @Test(
    "says why a last_checkpoint names none",
    arguments: [
      ("nothing", "no such file: there is no checkpoint to resume from"),
      ("folder", "is a folder, not a file"),
      ("pipe", "is no regular file"), ("", "names no checkpoint"),
      ("\u{0}\u{1}garbage", "does not hold the name"),
      ("a\nb", "does not hold the name"), (String(repeating: "x", count: 70_000), "does not hold the name"),
    ])
  func wrongLastCheckpoint(content: String, message: String) throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/last_checkpoint"
    switch content {
    case "nothing": break
    case "folder": try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
    case "pipe": #expect(mkfifo(file, 0o600) == 0)
    default: try Data(content.utf8).write(to: URL(fileURLWithPath: file))
    }
    let error = #expect(throws: TrainingError.self) { _ = try WorkDirectory.lastCheckpoint(in: folder.path) }
    #expect(error?.message.contains(message) == true, "\(error?.message.prefix(300) ?? "")")
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
