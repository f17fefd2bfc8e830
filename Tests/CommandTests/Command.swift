import Foundation
import Testing

/// The built command, as a user calls it.
enum Command {
  /// What a call came to.
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
    /// From an interference to the end.
    var secondsAfterwards: Double?
  }

  /// Something that is done to a running call once its standard output says `awaited`.
  struct Interference {
    var awaited: String
    var body: (_ processes: (own: Int32, children: [Int32])) throws -> Void

    /// Does something to the process, or to those below it in the order of their numbers.
    init(
      after awaited: String = "Iter(train)",
      _ body: @escaping (_ processes: (own: Int32, children: [Int32])) throws -> Void
    ) {
      (self.awaited, self.body) = (awaited, body)
    }
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
  ///   - interference: What else is done while it runs.
  static func run(
    _ arguments: [String], of program: URL = executable, in folder: String? = nil, redirection: String? = nil,
    limit: String? = nil,
    through tracer: [String] = [], sending signal: Int32? = nil, after awaited: String = "",
    doing interference: Interference? = nil
  ) throws -> Outcome {
    let interference =
      interference ?? signal.map { signal in Interference(after: awaited) { kill($0.own, signal) } }
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
    let tracer = interference == nil ? tracer : ["env", "--default-signal"] + tracer
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
    if interference != nil { process.standardOutput = pipe }
    try process.run()
    var begin: ContinuousClock.Instant?
    if let interference {
      var text = ""
      while !text.contains(interference.awaited) {
        let bytes = pipe.fileHandleForReading.availableData
        if bytes.isEmpty { break }
        text += String(decoding: bytes, as: UTF8.self)
      }
      let children = try Self.children(of: process.processIdentifier)
      begin = .now
      try interference.body((process.processIdentifier, children))
      while !pipe.fileHandleForReading.availableData.isEmpty {}
    }
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: try String(contentsOfFile: base + ".out", encoding: .utf8),
      errors: try String(contentsOfFile: base + ".err", encoding: .utf8),
      secondsAfterwards: begin.map { (ContinuousClock.now - $0) / .seconds(1) })
  }
}
