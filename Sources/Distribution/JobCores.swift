/// What a job of Slurm has of this machine, by the variables that it sets: where Slurm ties processes to no cores, they
/// would take those of other jobs.
public struct JobCores: Sendable, Equatable {
  /// Cores of the job, or of its step, on this machine.
  public let number: Int
  /// Cores of each of its processes, where `--cpus-per-task` says so.
  public var perTask: Int?

  /// What the variables say; nil where this is no job.
  public init?(environment: [String: String]) {
    func number(_ name: String) -> Int? { environment[name].flatMap(Int.init).flatMap { $0 > 0 ? $0 : nil } }
    guard environment["SLURM_JOB_ID"] != nil, let cores = number("SLURM_CPUS_ON_NODE") else { return nil }
    self.number = cores
    perTask = number("SLURM_CPUS_PER_TASK")
  }

  /// The most threads that compute in a process which is alone on the machine.
  public var most: Int { min(number, perTask ?? number) }

  /// Whether srun itself has started a process with these variables as one of several; those of mpirun have them, too.
  static func isTask(_ environment: [String: String]) -> Bool {
    environment["SLURM_STEP_NUM_TASKS"] != nil && environment["OMPI_COMM_WORLD_SIZE"] == nil
  }
}
