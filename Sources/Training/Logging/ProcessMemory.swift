#if canImport(Glibc)
  import Glibc
#endif

/// What the process takes of the machine's memory.
enum ProcessMemory {
  /// The most that was ever resident, in units of 2^20 bytes.
  static var peakMegabytes: Int {
    var usage = rusage()
    guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    return Int(usage.ru_maxrss) >> 10
  }
}
