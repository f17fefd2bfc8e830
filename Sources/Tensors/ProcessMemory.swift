#if canImport(Glibc)
  import Glibc
#endif

/// How much memory the process may have, and has had.
package struct ProcessMemory: Sendable {
  /// In bytes.
  package let limit: Int
  /// What sets the limit, for messages.
  package let source: String

  /// A limit of so many bytes.
  package init(limit: Int, source: String) { (self.limit, self.source) = (limit, source) }

  /// The least of the machine's memory, the control group's limit and the limit of addresses.
  package static let current: ProcessMemory = {
    let pages = max(1, sysconf(Int32(_SC_PHYS_PAGES))), page = max(1, sysconf(Int32(_SC_PAGESIZE)))
    var least = ProcessMemory(
      limit: max(1 << 30, pages.multipliedReportingOverflow(by: page).partialValue),
      source: "the machine's memory")
    if let groups = contents(ofFile: "/proc/self/cgroup"),
      let bytes = controlGroupLimit(groups: groups, read: contents(ofFile:)), bytes < least.limit
    {
      least = ProcessMemory(limit: bytes, source: "the control group's limit")
    }
    if let bytes = addressLimit, bytes < least.limit {
      least = ProcessMemory(limit: bytes, source: "ulimit -v")
    }
    return least
  }()

  /// The most bytes of the process that were ever resident.
  package static var peak: Int {
    var usage = rusage()
    guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    return Int(usage.ru_maxrss) << 10
  }

  /// Bytes of addresses the process may use (`ulimit -v`); nil without a limit.
  package static var addressLimit: Int? {
    var limits = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limits) == 0 else { return nil }
    return Int(exactly: limits.rlim_cur)
  }

  /// The least limit of a process's control groups and of those above them.
  ///
  /// - Parameters:
  ///   - groups: What `/proc/self/cgroup` says: `0::/path` (version 2) and `7:memory:/path` (version 1) count.
  ///   - read: The text of a file, or nil.
  /// - Returns: Bytes; nil without a limit.
  package static func controlGroupLimit(groups: String, read: (_ file: String) -> String?) -> Int? {
    var least: Int?
    for line in groups.split(whereSeparator: \.isNewline) {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let root, file: String
      if fields[0] == "0", fields[1].isEmpty {
        (root, file) = ("/sys/fs/cgroup", "memory.max")
      } else if fields[1].split(separator: ",").contains("memory") {
        (root, file) = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
      } else {
        continue
      }
      // In a container the path may be that of the host, where only the root is to be seen.
      var path = fields[2].split(separator: "/")
      while true {
        let folder = path.isEmpty ? root : "\(root)/\(path.joined(separator: "/"))"
        if let text = read("\(folder)/\(file)"), let bytes = Int(text.prefix { !$0.isWhitespace }), bytes > 0
        {
          least = min(least ?? bytes, bytes)
        }
        if path.popLast() == nil { break }
      }
    }
    return least
  }

  /// The first 64 KB of a small file of the system.
  private static func contents(ofFile path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
      count = max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Bytes as messages say them: `6.9 GB`, `350 MB`.
  package static func text(_ bytes: Int) -> String {
    if bytes < 1_000_000_000 { return "\((bytes + 500_000) / 1_000_000) MB" }
    let tenths = bytes / 100_000_000 + (bytes % 100_000_000 >= 50_000_000 ? 1 : 0)
    return "\(tenths / 10).\(tenths % 10) GB"
  }
}
