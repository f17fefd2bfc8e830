#if canImport(Glibc)
  import Glibc
#endif

/// The cores that a process may use.
package enum AvailableCores {
  /// Those that the process is bound to (`taskset`), fewer where its control group has a quota; 1 or more.
  package static var count: Int {
    let bound = SystemFile.text("/proc/self/status").flatMap(bound(status:))
    let cores = bound ?? Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    return max(1, min(cores, ControlGroups.current?.cores ?? cores))
  }

  /// How many cores `Cpus_allowed_list` of `/proc/self/status` names, as in `0-3,8`; nil where it names none.
  package static func bound(status: String) -> Int? {
    guard
      let line = status.split(whereSeparator: \.isNewline).first(where: { $0.hasPrefix("Cpus_allowed_list:") }
      )
    else { return nil }
    var count = 0
    for range in line.drop(while: { $0 != ":" }).dropFirst().split(separator: ",") {
      let ends = range.split(separator: "-").map { Int($0.filter { !$0.isWhitespace }) }
      guard let first = ends.first.flatMap({ $0 }), let last = ends.last.flatMap({ $0 }), first >= 0,
        last >= first,
        last < 1 << 20
      else { return nil }
      count += last - first + 1
    }
    return count > 0 ? count : nil
  }
}
