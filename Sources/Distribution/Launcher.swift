/// What has started this process as one of several, by the variables that it sets.
public struct Launcher: Sendable, Equatable {
  /// Which number this process has, from 0, and of how many.
  public let rank, size: Int
  /// Names of the libraries that speak with it, the likeliest first.
  let libraries: [String]
  /// Seconds between the SIGTERM and the SIGKILL by which the launcher ends all processes, when one of them has ended or
  /// when it is told to; nil for one that leaves that to others.
  public let patience: Double?

  /// Whether processes find each other by PMI, or PMI2, alone: as MPICH and its kin do, and few builds of Open MPI.
  let speaksPMI2: Bool

  /// Whether the launcher ends all processes when one has ended.
  var endsAll: Bool { patience != nil }

  private static let openMPI = ["libmpi.so.40", "libmpi.so"]
  private static let mpich = ["libmpich.so.12", "libmpi.so.12", "libmpich.so"]

  /// The launcher of a process with these variables; nil where it runs alone.
  ///
  /// - Throws: `UnconnectedProcesses` for several processes that cannot find each other: they would all do the same.
  public init?(environment: [String: String]) throws {
    func number(_ names: String...) -> Int? {
      names.lazy.compactMap { environment[$0].flatMap(Int.init) }.first
    }
    let named = environment["DENSE_MPI"].flatMap { $0.isEmpty ? nil : [$0] }
    let found: (size: Int, rank: Int?, libraries: [String])
    if let size = number("OMPI_COMM_WORLD_SIZE") {
      found = (size, number("OMPI_COMM_WORLD_RANK"), Self.openMPI)
    } else if let size = number("PMI_SIZE") {
      found = (size, number("PMI_RANK"), Self.mpich + Self.openMPI)
    } else if let rank = number("PMIX_RANK"), let size = number("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS") {
      found = (size, rank, Self.openMPI + Self.mpich)
    } else if let size = number("SLURM_STEP_NUM_TASKS"), size > 1, let rank = number("SLURM_PROCID") {
      throw UnconnectedProcesses(rank: rank, size: size)
    } else {
      return nil
    }
    guard found.size > 1 else { return nil }
    (size, rank, libraries) = (found.size, found.rank ?? 0, named ?? found.libraries)
    // mpirun hands its options on in this way.
    let patience = number("OMPI_MCA_odls_base_sigkill_timeout", "PRTE_MCA_odls_base_sigkill_timeout") ?? 1
    self.patience = environment["OMPI_COMM_WORLD_SIZE"] == nil ? nil : Double(max(0, patience))
    speaksPMI2 = environment["OMPI_COMM_WORLD_SIZE"] == nil && environment["PMI_SIZE"] != nil
  }
}

/// Several processes of srun that it gives no way to find each other: all meet this alike.
public struct UnconnectedProcesses: Error, Equatable, CustomStringConvertible {
  /// Which number this one has, from 0, and of how many.
  public let rank, size: Int

  package init(rank: Int, size: Int) { (self.rank, self.size) = (rank, size) }

  /// What to do.
  public var description: String {
    "srun has started \(size) processes without a way for MPI to connect them: add --mpi=pmix (srun --mpi=list shows "
      + "what there is), or start with mpirun"
  }
}
