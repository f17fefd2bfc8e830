import Foundation
import Testing

/// The built command, as a user calls it.
enum Command {
  /// What a call came to.
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
  }

  /// The processes that a process has started.
  private static func children(of parent: Int32) throws -> [Int32] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter { process in
      // «123 (dense) S 120 ...»
      let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
      let fields = text?.split(separator: ")").last?.split(separator: " ") ?? []
      return fields.count > 1 && fields[1] == "\(parent)"
    }.sorted()
  }

  /// Beside the test bundle.
  static let executable: URL = {
    let own =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
    let beside = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("dense")
    if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
    // Some runners load the bundle from elsewhere: take the newest build.
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return root.appendingPathComponent(".build/release/dense")
  }()

  /// Calls `dense` and waits for it.
  ///
  /// - Parameters:
  ///   - program: Where it lies.
  ///   - redirection: As a shell has it: `>/dev/full`, `>&-`, `| head -1`; its status is the command's.
  ///   - limit: As ulimit has it: `-s 64`.
  ///   - tracer: A command that runs it, such as strace with its options.
  ///   - signal: Is sent once when standard output says `awaited`.
  ///   - child: The process below the command, from 0 in the order of their numbers, that the signal goes to; nil for
  ///     itself.
  static func run(
    _ arguments: [String], of program: URL = executable, in folder: String? = nil, redirection: String? = nil,
    limit: String? = nil,
    through tracer: [String] = [], sending signal: Int32? = nil, after awaited: String = "",
    toChild child: Int? = nil
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    if redirection != nil || limit != nil {
      process.executableURL = URL(fileURLWithPath: "/bin/bash")
      let script =
        (limit.map { "ulimit \($0); " } ?? "") + #""$0" "$@" \#(redirection ?? ""); exit ${PIPESTATUS[0]}"#
      process.arguments = ["-c", script, program.path] + arguments
    }
    // Signals may be ignored where the tests run, as in the background of a script.
    let tracer = signal == nil ? tracer : ["env", "--default-signal"] + tracer
    if let first = tracer.first {
      process.executableURL = URL(fileURLWithPath: "/usr/bin/\(first)")
      process.arguments = tracer.dropFirst() + [program.path] + arguments
    }
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    // Files instead of pipes: a full pipe would block the command.
    let base = NSTemporaryDirectory() + "command-\(UUID().uuidString)"
    defer { for end in ["out", "err"] { try? FileManager.default.removeItem(atPath: "\(base).\(end)") } }
    for end in ["out", "err"] { try Data().write(to: URL(fileURLWithPath: "\(base).\(end)")) }
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: base + ".out"))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: base + ".err"))
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    if signal != nil { process.standardOutput = pipe }
    try process.run()
    if let signal {
      var text = ""
      while !text.contains(awaited) {
        let bytes = pipe.fileHandleForReading.availableData
        if bytes.isEmpty { break }
        text += String(decoding: bytes, as: UTF8.self)
      }
      let children = child == nil ? [] : try Self.children(of: process.processIdentifier)
      let target = child.flatMap { children.indices.contains($0) ? children[$0] : nil }
      kill(target ?? process.processIdentifier, signal)
      while !pipe.fileHandleForReading.availableData.isEmpty {}
    }
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: try String(contentsOfFile: base + ".out", encoding: .utf8),
      errors: try String(contentsOfFile: base + ".err", encoding: .utf8))
  }
}
