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
    if let bytes = ControlGroups.current?.memoryLimit, bytes < least.limit {
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

  /// Bytes as messages say them: `6.9 GB`, `350 MB`.
  package static func text(_ bytes: Int) -> String {
    if bytes < 1_000_000_000 { return "\((bytes + 500_000) / 1_000_000) MB" }
    let tenths = bytes / 100_000_000 + (bytes % 100_000_000 >= 50_000_000 ? 1 : 0)
    return "\(tenths / 10).\(tenths % 10) GB"
  }
}
