import ArgumentParser
import Configuration
import Data
import Training

/// `dense train CONFIG`
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Train the model of a config.")

  @OptionGroup var config: ConfigOptions

  @Option(
    help: "Where logs and checkpoints go; work_dirs/<config name> unless given.", completion: .directory)
  var workDir: String?

  @Option(
    defaultAsFlag: "last",
    help: "Go on from this checkpoint, bit for bit; without a value from the newest in the work directory.")
  var resume: String?

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

  func validate() throws { try requireNames(["--work-dir": workDir, "--resume": resume]) }

  func run() throws {
    threads.prepare()
    try Output.reporting {
      let run = try TrainingRun(
        configuration: try config.experiment(), components: .all,
        options: TrainingOptions(
          workDirectory: workDir, resume: resume.map { $0 == "last" ? .newest : .file($0) } ?? .no,
          seed: seed,
          isQuiet: quiet, allowMissing: allowMissing, isDryRun: dryRun))
      try run.run()
    }
  }
}
