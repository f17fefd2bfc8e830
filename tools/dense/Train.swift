import ArgumentParser
import Configuration
import Data
import Distribution
import Files
import Foundation
import Training

/// `dense train CONFIG`
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Train the model of a config.")

  @Argument(
    help: "The config file (YAML); with --resume it may be left out: it is then the checkpoint's.",
    completion: .file(extensions: ["yaml", "yml"]))
  var config: String?

  @OptionGroup var replacements: OverrideOptions

  @Option(
    help: "Where logs and checkpoints go; work_dirs/<config name> unless given.", completion: .directory)
  var workDir: String?

  @Option(
    defaultAsFlag: Self.newest,
    help: "Go on from this checkpoint, bit for bit; without a value from the newest in the work directory.")
  var resume: String?

  @Flag(help: "Go on also where annotations or the number of images have changed since the checkpoint.")
  var forceResume = false

  @Option(
    help: "Run the step once more that a run saved when its loss was not finite, and write nothing.",
    completion: .file(extensions: ["safetensors"]))
  var replay: String?

  @Option(
    parsing: .unconditional, help: "The seed of all random numbers; 0 unless given here or in the config.")
  var seed: UInt64?

  @Flag(help: "Build everything and try the first batch, but train and write nothing.")
  var dryRun = false

  @Flag(help: "Say nothing on the terminal; the log file has it all.")
  var quiet = false

  @Option(
    help: "A pattern, such as 'roi_head.*', of weights that load_from and init_cfg may lack. May be repeated."
  )
  var allowMissing: [String] = []

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    try requireNames(["--work-dir": workDir, "--resume": resume, "--replay": replay])
    guard config != nil || replay != nil || resume != nil && (resume != Self.newest || workDir != nil) else {
      throw ValidationError(
        "Missing expected argument '<config>': only --resume CHECKPOINT, or --resume with --work-dir, goes without."
      )
    }
  }

  private static let newest = "last"

  /// The checkpoint that brings the config along, where none is named.
  private func carrier() throws -> String? {
    if config == nil, let replay { return replay }
    guard config == nil, let resume else { return nil }
    let place = resume == Self.newest ? workDir ?? "." : resume
    return Folder.isFolder(place) ? try WorkDirectory.lastCheckpoint(in: place) : place
  }

  func run() throws {
    let stopRequest = StopRequest.ofProcess(
      isLaunched: Ranks.launcher != nil, patience: Ranks.launcher?.patience)
    try Ranks.together(threads) { ranks in
      let carrier = try ranks.agreeing { try self.carrier() }
      var options = TrainingOptions(
        // A run that is named by its checkpoint alone goes on where that lies.
        workDirectory: workDir ?? carrier.map { Folder.split($0).folder }.map { $0.isEmpty ? "." : $0 },
        resume: carrier.map { .file($0) } ?? resume.map { $0 == Self.newest ? .newest : .file($0) } ?? .no,
        seed: seed, isQuiet: quiet || !ranks.isFirst, allowMissing: allowMissing, isDryRun: dryRun,
        stopRequest: stopRequest,
        forcesResume: forceResume)
      options.replay = replay
      options.ranks = ranks
      let configuration = try ranks.agreeing { try replacements.experiment(config, carriedBy: carrier ?? "") }
      let run = try TrainingRun(configuration: configuration, components: .all, options: options)
      do { try run.run() } catch let interruption as TrainingInterruption {
        // A reader that has gone has nobody to be told.
        if interruption.signal != SIGPIPE, ranks.isFirst { Output.message("\(interruption)") }
        throw ExitCode(interruption.exitStatus)
      }
    }
  }
}
