import Foundation
import TestSupport
import Testing

/// Runs of the command on several ranks of this machine, more than it has cores.
struct RankRuns {
  /// Why they may be skipped.
  static let needsMPI = ConditionTrait.enabled(
    if: FileManager.default.isExecutableFile(atPath: "/usr/bin/mpirun"),
    "mpirun is not installed (Debian: openmpi-bin)")

  let folder: TemporaryFolder

  /// How a number of ranks is started; one is a process without a launcher.
  static func launcher(_ ranks: Int) -> [String] {
    ranks == 1 ? [] : ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "\(ranks)"]
  }

  func train(
    _ ranks: Int, _ config: [String], to run: String, more: [String] = [], doing: Command.Interference? = nil
  ) throws -> Command.Outcome {
    try Command.run(
      ["train"] + config + ["default_hooks.logger.interval=1", "--work-dir", "\(folder.path)/\(run)"] + more,
      through: Self.launcher(ranks), doing: doing)
  }

  /// The bytes of a checkpoint.
  func weights(of run: String, iteration: Int) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(run)/iter_\(iteration).safetensors"))
  }

  /// The last line of the validations' figures.
  func figures(of run: String) throws -> String {
    let base = "\(folder.path)/\(run)"
    let newest = try #require(
      try FileManager.default.contentsOfDirectory(atPath: base).filter { $0.first?.isNumber == true }.max())
    return String(
      try #require(try folder.text("\(run)/\(newest)/metrics.csv").split(separator: "\n").last))
  }
}
