import Foundation
import TestSupport
import Testing

/// Disks that fail and processes that are killed in the middle of a save, by strace's fault injection.
@Suite(
  "faults while a run writes",
  .enabled(if: hasStrace, "strace is not installed, or may not trace processes here"))
struct FaultTests {
  /// What strace does to the N-th call, and up to which N.
  struct Fault: CustomTestStringConvertible {
    var call: String
    var action: String
    /// Every so many of the calls.
    var stride = 1

    var testDescription: String { "\(call):\(action)" }
  }

  private static let faults = [
    Fault(call: "fsync", action: "error=ENOSPC"), Fault(call: "fsync", action: "signal=KILL"),
    Fault(call: "fsync", action: "error=EIO"), Fault(call: "rename", action: "error=EIO", stride: 2),
    Fault(call: "rename", action: "signal=KILL", stride: 3),
    Fault(call: "write", action: "error=ENOSPC", stride: 300),
  ]

  @Test(
    "leave a whole checkpoint or none, and the run goes on to the bits of one that was left alone",
    arguments: faults)
  func loseNothing(fault: Fault) throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 2)
    let train =
      ["train"] + ExampleConfig.segmentor(set, iterations: 2, checkpoints: 1)
      + ["--quiet", "--threads", "1", "--work-dir"]
    func last(_ name: String) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)/iter_2.safetensors"))
    }
    #expect(try Command.run(train + ["\(folder.path)/whole"]).status == 0)
    var number = 1
    while number < 1000 {
      let name = "run\(number)"
      let faulty = try Command.run(
        train + ["\(folder.path)/\(name)"],
        through: [
          "strace", "-f", "-qq", "-o", "\(folder.path)/trace", "-e", "trace=\(fault.call)", "-e",
          "inject=\(fault.call):\(fault.action):when=\(number)",
        ])
      let trace = try folder.text("trace")
      let isHit = trace.contains("INJECTED") || trace.contains("killed by")
      if faulty.status == 1 {
        #expect(faulty.errors.hasPrefix("error: "), "\(faulty.errors)")
        if fault.action.contains("ENOSPC") {
          #expect(
            faulty.errors.contains(/: the disk is full: \d+ bytes needed, \d+ free/), "\(faulty.errors)")
        } else {
          #expect(faulty.errors.contains("Input/output error"), "\(faulty.errors)")
        }
      }
      if !isHit { break }
      // What is made sure of by fsync must not be lost in silence.
      if fault.call == "fsync", fault.action.contains("error") {
        #expect(faulty.status == 1, "\(fault) \(number): \(faulty.errors)")
      }
      let hasCheckpoint = FileManager.default.fileExists(atPath: "\(folder.path)/\(name)/last_checkpoint")
      let rest = try Command.run(train + ["\(folder.path)/\(name)"] + (hasCheckpoint ? ["--resume"] : []))
      #expect(rest.status == 0, "\(fault) \(number): \(rest.errors)")
      #expect(try last(name) == last("whole"), "\(fault) \(number)")
      let left =
        FileManager.default.enumerator(atPath: "\(folder.path)/\(name)")?.compactMap { $0 as? String } ?? []
      #expect(
        !left.contains { $0.hasSuffix(".partial") || $0.hasSuffix(".lock") }, "\(fault) \(number): \(left)")
      try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
      number += fault.stride
    }
    #expect(number > 1, "no call was hit")
  }
}

/// Whether processes can be traced here.
private let hasStrace =
  (try? Command.run(["--version"], through: ["strace", "-f", "-qq", "-o", "/dev/null"]))?.status == 0
