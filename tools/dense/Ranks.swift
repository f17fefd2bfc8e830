import ArgumentParser
import Distribution
import Files
import Foundation
import Tensors

/// The processes that a launcher has started together.
enum Ranks {
  /// Whether this process is the one that speaks for all.
  static var isFirst: Bool { launcher.map { $0.rank == 0 } ?? true }

  /// What has started several processes; nil for one alone.
  static var launcher: Launcher? { try? Launcher(environment: ProcessInfo.processInfo.environment) }

  /// Runs a command's work on all ranks; alone where no launcher has started several processes.
  ///
  /// What ends one of them ends all: its message names the rank and its machine. What all of them find out together, such
  /// as a mistake in the config, is said once.
  static func together(
    _ threads: ThreadOptions, json isJSON: Bool = false, _ body: (any Communicator) throws -> Void
  ) throws {
    threads.apply()
    guard let ranks = try joined() else {
      Threads.prepare()
      return try Output.reporting(json: isJSON) { try body(SoleRank()) }
    }
    // The engine ends the program by itself where memory is out.
    let lastWords = EngineFailure.onFailure { _ in
      try? StandardStream.error.write("\(ranks.name(of: ranks.rank)): ")
    }
    defer { EngineFailure.forget(lastWords) }
    do {
      let cores = try CoreShare.takeOwn(among: ranks)
      if threads.threads == 0 { Threads.count = cores }
      Threads.prepare()
      try body(ranks)
    } catch let shared as SharedFailure {
      // Said before any rank ends: mpirun ends the others then.
      let end = ending { if ranks.isFirst { try Output.reporting(json: isJSON) { throw shared.reason } } }
      ranks.finish()
      throw end ?? ExitCode.failure
    } catch let end as ExitCode where end.rawValue > 128 {
      // Stopped together by a signal.
      ranks.finish()
      throw end
    } catch {
      let reason = "\(error)"
      Output.message("error: \(ranks.name(of: ranks.rank)): \(reason)")
      ranks.abandon(status: ExitCode.failure.rawValue)
    }
    ranks.finish()
  }

  private static func ending(_ body: () throws -> Void) -> (any Error)? {
    do { try body() } catch { return error }
    return nil
  }

  private static func joined() throws -> MPICommunicator? {
    var ranks: MPICommunicator?
    try Output.reporting {
      do {
        ranks = try Launcher(environment: ProcessInfo.processInfo.environment).map {
          try MPICommunicator($0, warning: { Output.message("note: \($0)") })
        }
      } catch let unconnected as UnconnectedProcesses where unconnected.rank > 0 {
        // All have met the same, and the first one says it: srun may end all others with whoever ends first.
        Thread.sleep(forTimeInterval: 1)
        throw ExitCode.failure
      }
    }
    return ranks
  }
}
