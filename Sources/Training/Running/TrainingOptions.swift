import Distribution

/// What a command says about a run beside its config.
public struct TrainingOptions: Sendable {
  /// Where a run goes on.
  public enum Resume: Sendable, Equatable {
    /// From the start.
    case no
    /// At the newest checkpoint in the work directory.
    case newest
    /// At this checkpoint.
    case file(String)
  }

  /// Where logs and checkpoints go, over the config's `work_dir`.
  public var workDirectory: String?
  /// Where the run goes on.
  public var resume: Resume
  /// The seed of all random numbers, over the config's.
  public var seed: UInt64?
  /// Whether nothing is said on the terminal.
  public var isQuiet: Bool
  /// Patterns, with `*`, of weights that `load_from` may lack.
  public var allowMissing: [String]
  /// Whether all is built and the first batch tried, but nothing written and nothing trained.
  public var isDryRun: Bool
  /// What asks the run to end early; it then ends with a checkpoint to go on from.
  public var stopRequest: StopRequest
  /// Whether a run goes on also where its data have changed.
  public var forcesResume: Bool
  /// Which shards of a step this process runs, and how they are summed: all of them, unless several processes share them.
  public var sharing: @Sendable (DistributionSettings) throws -> any StepReduction = { SoleProcess($0.tree) }
  /// The processes that train together, of which the first one writes and prints.
  public var ranks: any Communicator = SoleRank() {
    didSet {
      guard ranks.size > 1 else { return }
      sharing = { [ranks] in try RankReduction($0.tree, over: ranks) }
    }
  }
  /// A file of a step whose loss was not finite, which is run once more in place of the run; nothing is written.
  public var replay: String? {
    didSet { isDryRun = isDryRun || replay != nil }
  }

  /// Options; by default the config decides.
  public init(
    workDirectory: String? = nil, resume: Resume = .no, seed: UInt64? = nil, isQuiet: Bool = false,
    allowMissing: [String] = [], isDryRun: Bool = false, stopRequest: StopRequest = StopRequest(),
    forcesResume: Bool = false
  ) {
    (self.stopRequest, self.forcesResume) = (stopRequest, forcesResume)
    (self.workDirectory, self.resume, self.seed) = (workDirectory, resume, seed)
    (self.isQuiet, self.allowMissing, self.isDryRun) = (isQuiet, allowMissing, isDryRun)
  }
}
