import Configuration
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A folder of config files that goes away with the test.
final class Folder {
  let path: String

  init(_ files: [String: String]) throws {
    path = NSTemporaryDirectory() + "configuration-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (name, text) in files {
      let file = URL(fileURLWithPath: path).appendingPathComponent(name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: false, encoding: .utf8)
    }
  }

  func write(_ bytes: [UInt8], as name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func load(_ name: String, _ overrides: [String] = []) throws -> ConfigurationNode {
    try ConfigurationNode.load(file: "\(path)/\(name)", overrides: overrides)
  }

  func error(_ name: String, _ overrides: [String] = []) -> String {
    do { return "no error: \(try load(name, overrides).yaml())" } catch { return "\(error)" }
  }
}

/// Seconds of this thread's processor time: other tests run beside.
func processorSeconds(_ body: () throws -> Void) rethrows -> Double {
  func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
  let start = now()
  try body()
  return now() - start
}
