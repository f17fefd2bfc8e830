import Configuration
import Files
import Foundation
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// What runs, and on what: the first lines of a log, by which a run can be repeated.
public struct RunFacts: Sendable {
  /// Of this package.
  public static let version = "0.1.0"

  /// As it was given.
  public var command: [String]
  /// The machine's name, and its system.
  public var host, system: String
  /// The processor's name.
  public var processor: String
  /// How many cores the process may use.
  public var cores: Int
  /// What computes.
  public var compute: ComputeFacts
  /// Threads that compute.
  public var threads: Int
  /// Variables of the environment that other programs set to steer such computing.
  public var variables: [String]

  /// Those of this process.
  public init() {
    let process = ProcessInfo.processInfo
    command = process.arguments
    var name = utsname()
    uname(&name)
    host = Self.text(name.nodename)
    system = "\(Self.text(name.sysname)) \(Self.text(name.release)) \(Self.text(name.machine))"
    let model = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?
      .split(separator: "\n").first { $0.hasPrefix("model name") }
    processor =
      model?.split(separator: ":", maxSplits: 1).last?.trimmingCharacters(in: .whitespaces) ?? "unknown"
    cores = process.activeProcessorCount
    compute = .current
    threads = Threads.count
    variables = ["OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"]
      .compactMap { name in process.environment[name].map { "\(name)=\($0.printed)" } }
  }

  /// A C array of characters up to its zero.
  private static func text<T>(_ characters: T) -> String {
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// For a log.
  var lines: [String] {
    [
      "dense \(Self.version): \(command.map(\.quotedForShell).joined(separator: " "))",
      "host: \(host), \(system); processor: \(processor), \(cores) cores; kernels: \(compute.kernels); "
        + "OpenBLAS core: \(compute.blas); threads: \(threads)"
        + (variables.isEmpty ? "" : "; environment: \(variables.joined(separator: ", "))"),
    ]
  }
}

extension ConfigurationNode {
  /// The arguments of the command line that replaced values below this node, each once, in order.
  var overrides: [String] {
    var found: [String] = []
    func visit(_ node: ConfigurationNode) {
      if let argument = node.location.argument, !found.contains(argument) { found.append(argument) }
      for entry in node.entries ?? [] { visit(entry.value) }
      for element in node.elements ?? [] { visit(element) }
    }
    visit(self)
    return found
  }
}
