import CMPI
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// The cores of a rank: ranks of one machine share out its cores, or those that a job has of them.
public enum CoreShare {
  /// Where a rank computes.
  package struct Share: Equatable, Sendable {
    /// The cores that it keeps to; empty where it keeps to none.
    package var cores: [Int]
    /// How many threads compute, 1 or more.
    package var count: Int

    /// A share.
    package init(cores: [Int], count: Int) { (self.cores, self.count) = (cores, count) }
  }

  /// The cores of one of several ranks of a machine, so that none is of two.
  ///
  /// Where the cores have been given out to ranks, or groups of them, all of it stays, and each group shares out its own.
  /// Otherwise each rank gets the next ones in order; so it is also where a launcher ties each rank to a single core, as
  /// Open MPI does with two ranks, and leaves the others idle.
  ///
  /// - Parameters:
  ///   - index: Of the rank among those of the machine.
  ///   - given: The cores that the launcher has given to each.
  ///   - machine: All cores that may be used.
  /// - Returns: Empty where there are fewer cores than ranks.
  package static func cores(of index: Int, given: [[Int]], machine: [Int]) -> [Int] {
    let sets = given.map { Set($0) }
    let areGroups = sets.allSatisfy { one in sets.allSatisfy { one == $0 || one.isDisjoint(with: $0) } }
    let isAllGiven = Set(given.joined()).isSuperset(of: machine)
    let group =
      areGroups && isAllGiven ? sets.indices.filter { sets[$0] == sets[index] } : Array(sets.indices)
    let cores = (areGroups && isAllGiven ? given[index] : machine).sorted()
    guard cores.count >= group.count, let place = group.firstIndex(of: index) else { return [] }
    return Array(cores[place * cores.count / group.count..<(place + 1) * cores.count / group.count])
  }

  /// The share of one of several ranks of a machine.
  ///
  /// - Parameters:
  ///   - index: Of the rank among those of the machine.
  ///   - given: The cores that the launcher has given to each.
  ///   - machine: All cores that may be used.
  ///   - job: What a job has of the machine. Which cores those are is not known where it has fewer than may be used: the
  ///     ranks keep to none then, and have no more threads than the job has cores.
  package static func share(of index: Int, given: [[Int]], machine: [Int], job: JobCores?) -> Share {
    let most = job?.perTask ?? .max
    if let number = job?.number, number < machine.count {
      return Share(cores: machine.sorted(), count: max(1, min(number / max(1, given.count), most)))
    }
    let cores = cores(of: index, given: given, machine: machine)
    return Share(cores: cores, count: max(1, min(cores.count, most)))
  }

  /// Shares out the cores of each machine among its ranks: all threads of this process keep to those of this rank, the
  /// one that sends and MPI's own among them. Every rank has to call it before others compute.
  ///
  /// - Returns: How many threads this rank computes with; 1 where ranks are more than cores.
  /// - Throws: `DistributionError` that names a rank which does not answer.
  public static func takeOwn(
    among communicator: MPICommunicator, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> Int {
    let given = allowed()
    let texts = try communicator.gather(Array(given.map { "\($0)" }.joined(separator: " ").utf8))
    let host = communicator.hosts[communicator.rank]
    let ranks = communicator.hosts.indices.filter { communicator.hosts[$0] == host }
    let all = ranks.map { rank in
      String(decoding: texts[rank], as: UTF8.self).split(separator: " ").compactMap { Int($0) }
    }
    guard let index = ranks.firstIndex(of: communicator.rank) else { return 1 }
    let starter = Starter.ofProcess
    var job = JobCores(environment: environment)
    let machine: [Int]
    if starter?.isSlurm ?? JobCores.isTask(environment) {
      // What Slurm gives is the job's, and all that it is: the other cores are other jobs'.
      machine = Array(Set(all.joined()))
    } else {
      job?.perTask = nil
      // The launcher itself is tied to no core but by who has started it. The system leaves of these what the process
      // may use: a container, or a job, may have fewer.
      allow(starter.map { allowed(thread: $0.process) } ?? Array(0..<Int(CMPI_CORES)))
      machine = allowed()
    }
    let share = share(of: index, given: all, machine: machine, job: job)
    if !share.cores.isEmpty { allow(share.cores, ofAllThreads: true) }
    return share.count
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
