import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// The program that has started a rank, perhaps through a shell: what it may use is what its ranks may.
package struct Starter: Equatable, Sendable {
  /// As the system names it.
  package let name: String
  /// Its number.
  package let process: Int32

  /// Whether it is srun's part on each machine.
  package var isSlurm: Bool { name == "slurmstepd" }

  /// Of Open MPI 4 and 5, MPICH and its kin, and Slurm.
  private static func isStarter(_ name: String) -> Bool {
    ["orterun", "prterun", "orted", "prted", "prte", "hydra_pmi_proxy", "slurmstepd"].contains(name)
      // Debian's are mpirun.openmpi and mpiexec.hydra, too.
      || ["mpirun", "mpiexec"].contains(name.prefix { $0 != "." })
  }

  /// The nearest of the process' forebears that starts ranks; nil where none is seen.
  package static var ofProcess: Starter? {
    find(from: getppid()) { process in
      (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)).flatMap(facts)
    }
  }

  /// The nearest from a process on.
  ///
  /// - Parameter facts: A process' name and parent; nil where the system does not say.
  package static func find(
    from process: Int32, facts: (Int32) -> (name: String, parent: Int32)?
  ) -> Starter? {
    var process = process
    for _ in 0..<32 {
      guard process > 0, let (name, parent) = facts(process) else { return nil }
      if isStarter(name) { return Starter(name: name, process: process) }
      process = parent
    }
    return nil
  }

  /// What `/proc/N/stat` says: «12 (orted) S 1 ...»; a name may hold brackets and blanks.
  package static func facts(_ stat: String) -> (name: String, parent: Int32)? {
    guard let first = stat.firstIndex(of: "("), let last = stat.lastIndex(of: ")"), first < last else {
      return nil
    }
    let rest = stat[stat.index(after: last)...].split(separator: " ")
    guard rest.count >= 2, let parent = Int32(rest[1]) else { return nil }
    return (String(stat[stat.index(after: first)..<last]), parent)
  }
}
