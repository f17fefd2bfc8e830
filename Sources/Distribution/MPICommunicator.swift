import Data
import Files
import Foundation

/// Ranks that are processes, on one machine or several, connected by MPI.
///
/// One thread makes all calls to MPI. So ranks need no MPI that is safe for threads.
public final class MPICommunicator: Communicator {
  /// The number of this one, from 0.
  public let rank: Int
  /// How many there are.
  public let size: Int
  /// The library's name and version.
  public let library: String
  /// The machine of each rank.
  public let hosts: [String]
  private let link: MessageLoop.Link
  private let neighbours: Neighbours

  /// Opens the launcher's library and starts MPI with all other ranks.
  ///
  /// - Parameter warn: Takes what is worth saying before MPI starts, which ends the process by itself when it fails.
  /// - Throws: `DistributionError` where there is no library, or one that is not the launcher's.
  public init(_ launcher: Launcher, warning warn: @escaping @Sendable (String) -> Void = { _ in }) throws {
    let link = MessageLoop.Link()
    let started = Locked<Result<MessageLoop.Facts, any Error>?>(nil)
    let thread = Thread {
      do {
        let library = try MPILibrary(anyOf: launcher.libraries)
        if launcher.speaksPMI2, library.isOpenMPI, launcher.rank == 0 {
          warn(
            "the launcher connects processes by PMI (srun --mpi=pmi2), and \(library.version) is opened, which few builds "
              + "of it know: if MPI does not start, use srun --mpi=pmix or mpirun, or name MPICH by "
              + "DENSE_MPI=libmpich.so.12")
        }
        let loop = try MessageLoop(library, link)
        started.change { $0 = .success(loop.facts) }
        loop.run()
      } catch { started.change { $0 = .failure(error) } }
    }
    thread.name = "ranks"
    // MPI's plug-ins were not written for small stacks.
    thread.stackSize = 8 << 20
    thread.start()
    let facts = try started.wait { $0 }.get()
    guard facts.size == launcher.size else {
      throw DistributionError(
        "the launcher has started \(launcher.size) processes, and \(facts.library) knows of \(facts.size): it is not the "
          + "launcher's library; name that by DENSE_MPI=/path/to/libmpi.so")
    }
    let own = ProcessInfo.processInfo.hostName
    let connected = Connected(rank: facts.rank, size: facts.size, link: link)
    hosts = try connected.gather(Array(own.utf8)).map { String(decoding: $0, as: UTF8.self) }
    (rank, size, library, self.link) = (facts.rank, facts.size, facts.library, link)
    neighbours = Neighbours(ofRank: facts.rank)
    neighbours.watch(try connected.gather(neighbours.bytes), except: facts.rank) {
      // mpirun says who has ended, and ends the ranks of other machines; not every launcher does.
      if launcher.endsAll { UnfinishedFiles.endProcess(status: 1) }
      Self.abandon(link, status: 1)
    }
  }

  /// Ranks that do not know each other's machines yet.
  private struct Connected: Communicator {
    let rank, size: Int
    let link: MessageLoop.Link

    func exchange(
      _ outgoing: [MessageBuffer], receiving counts: [Int], on channel: ExchangeChannel
    ) -> PendingExchange {
      link.begin(Exchange(rank: rank, outgoing, receiving: counts, on: channel))
    }

    func setTimeout(seconds: Double) { link.setTimeout(seconds) }
  }

  /// As `Communicator` has it.
  public func exchange(
    _ outgoing: [MessageBuffer], receiving counts: [Int], on channel: ExchangeChannel
  ) -> PendingExchange {
    let pending = Connected(rank: rank, size: size, link: link)
      .exchange(outgoing, receiving: counts, on: channel)
    return PendingExchange { [self] in
      do { return try pending.buffers() } catch let silence as SilentRanks {
        throw DistributionError.silence(of: silence.ranks.map(name(of:)), seconds: silence.seconds)
      }
    }
  }

  /// «rank 2 on HOST»
  public func name(of rank: Int) -> String {
    hosts.indices.contains(rank) ? "rank \(rank) on \(hosts[rank])" : "rank \(rank)"
  }

  /// As `Communicator` has it.
  public func setTimeout(seconds: Double) { link.setTimeout(seconds) }

  /// Ends MPI: to be called once by all ranks, when none has anything to say any more.
  ///
  /// Returns after the time that one waits for another at the latest.
  public func finish() {
    neighbours.leave()
    try? meet()
    link.finish()
  }

  /// Ends the processes of all ranks, this one included, within a second or so; what is half-written goes.
  public func abandon(status: Int32) -> Never { Self.abandon(link, status: status) }

  private static func abandon(_ link: MessageLoop.Link, status: Int32) -> Never {
    link.abort(status: status)
    UnfinishedFiles.endProcess(status: status)
  }
}
