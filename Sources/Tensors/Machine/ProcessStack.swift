#if canImport(Glibc)
  import Glibc
#endif

/// How much memory the calls of the first thread may take (`ulimit -s`).
public enum ProcessStack {
  private static let least: rlim_t = 256 << 10
  private static let wanted: rlim_t = 8 << 20

  /// Takes as much as is usual where it may be had, or ends the program by ``EngineFailure`` where that is too little:
  /// a stack that is used up could only end it by a signal.
  public static func prepare() {
    var limits = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_STACK.rawValue)
    guard getrlimit(resource, &limits) == 0, limits.rlim_cur < wanted else { return }
    limits.rlim_cur = min(wanted, limits.rlim_max)
    _ = setrlimit(resource, &limits)
    require(
      limits.rlim_cur >= least,
      "the stack may have \(limits.rlim_cur >> 10) KB (ulimit -s), and \(least >> 10) KB are needed")
  }
}
