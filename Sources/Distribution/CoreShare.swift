import CMPI
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// The cores of a rank: ranks of one machine share out its cores.
public enum CoreShare {
  /// The cores of one of several ranks of a machine, so that none is of two.
  ///
  /// Where a launcher has given out all cores already, each to one rank, that stays. Otherwise each gets the next ones in
  /// order; so it is also where a launcher ties each rank to a single core, as Open MPI does with two ranks, and leaves
  /// the others idle.
  ///
  /// - Parameters:
  ///   - index: Of the rank among those of the machine.
  ///   - given: The cores that the launcher has given to each.
  ///   - machine: All cores that may be used.
  /// - Returns: Empty where there are fewer cores than ranks.
  package static func cores(of index: Int, given: [[Int]], machine: [Int]) -> [Int] {
    let all = Set(given.flatMap { $0 })
    let areDisjoint = all.count == given.map(\.count).reduce(0, +)
    if areDisjoint, all.isSuperset(of: machine) { return given[index] }
    guard machine.count >= given.count else { return [] }
    return Array(
      machine.sorted()[index * machine.count / given.count..<(index + 1) * machine.count / given.count])
  }

  /// Shares out the cores of each machine among its ranks: all threads of this process keep to those of this rank, the
  /// one that sends and MPI's own among them. Every rank has to call it before others compute.
  ///
  /// - Returns: How many cores this rank has; 1 where ranks are more than cores.
  /// - Throws: `DistributionError` that names a rank which does not answer.
  public static func takeOwn(among communicator: MPICommunicator) throws -> Int {
    let given = allowed()
    let texts = try communicator.gather(Array(given.map { "\($0)" }.joined(separator: " ").utf8))
    let host = communicator.hosts[communicator.rank]
    let ranks = communicator.hosts.indices.filter { communicator.hosts[$0] == host }
    let all = ranks.map { rank in
      String(decoding: texts[rank], as: UTF8.self).split(separator: " ").compactMap { Int($0) }
    }
    guard let index = ranks.firstIndex(of: communicator.rank) else { return 1 }
    // The launcher itself is tied to no core but by who has started it. The system leaves of these what the process may
    // use: a container, or a job, may have fewer.
    let launchers = allowed(thread: getppid())
    allow(launchers.count > given.count ? launchers : Array(0..<Int(CMPI_CORES)))
    let cores = cores(of: index, given: all, machine: allowed())
    if !cores.isEmpty { allow(cores, ofAllThreads: true) }
    return max(1, cores.count)
  }

  /// The cores that a thread may use, the calling one unless told otherwise.
  private static func allowed(thread: Int32 = 0) -> [Int] {
    var isAllowed = [UInt8](repeating: 0, count: Int(CMPI_CORES))
    guard cmpi_get_cores(thread, &isAllowed) == 0 else { return [] }
    return isAllowed.indices.filter { isAllowed[$0] != 0 }
  }

  /// Keeps the calling thread to cores, or all that the process has by now.
  private static func allow(_ cores: some Sequence<Int>, ofAllThreads isForAll: Bool = false) {
    var isAllowed = [UInt8](repeating: 0, count: Int(CMPI_CORES))
    for core in cores where isAllowed.indices.contains(core) { isAllowed[core] = 1 }
    let all = isForAll ? try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task") : nil
    for thread in [0] + (all ?? []).compactMap({ Int32($0) }) { _ = cmpi_set_cores(thread, isAllowed) }
  }
}
