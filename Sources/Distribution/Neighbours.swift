import CMPI
import Data
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Watches the processes of the other ranks: those of this machine, of whose end the system tells at once, and by a
/// `Lifeline` those of others. Launchers take their time.
package final class Neighbours: Sendable {
  /// Where a process is found.
  package struct Place: Codable, Equatable, Sendable {
    /// The machine since its start, and the numbering of its processes, of which each container may have its own; empty
    /// where the system does not say.
    package var machine: String
    /// Its number there.
    package var process: Int32
    /// Where it takes calls: the first rank's alone.
    package var end: Lifeline.End?

    /// A process of a machine.
    package init(machine: String, process: Int32) { (self.machine, self.process) = (machine, process) }

    /// This process.
    package static var own: Place {
      let start = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
      let numbering = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
      guard let start, let numbering else { return Place(machine: "", process: getpid()) }
      return Place(machine: "\(start.filter { !$0.isWhitespace }) \(numbering)", process: getpid())
    }
  }

  private let isLeaving = Locked(false)
  private let listener: Int32?
  private let place: Place
  /// Milliseconds that the launcher needs to see who has ended first; the ranks of a machine follow one after the other,
  /// since each end shortens one of the second-long pauses that mpirun makes between its signals.
  private static let lead: Int32 = 150, distance: Int32 = 20

  /// The neighbours of a rank. The first one takes calls.
  package init(ofRank rank: Int) {
    let open = rank == 0 ? Lifeline.listen() : nil
    listener = open?.listener
    var place = Place.own
    place.end = open?.end
    self.place = place
  }

  /// What the others have to know.
  package var bytes: [UInt8] { (try? JSONEncoder().encode(place)).map(Array.init) ?? [] }

  /// Watches the others.
  ///
  /// - Parameters:
  ///   - said: What each rank's `bytes` are.
  ///   - own: The number of this one.
  ///   - end: Called on a thread of its own when one has ended before `leave`.
  package func watch(
    _ said: [[UInt8]], except own: Int, whenOneHasEnded end: @escaping @Sendable () -> Void
  ) {
    let places = said.map { bytes in
      (try? JSONDecoder().decode(Place.self, from: Data(bytes))) ?? Place(machine: "", process: 0)
    }
    let here = places[own].machine
    var files: [Int32] = []
    var isOneGone = false
    for (rank, place) in places.enumerated() where rank != own && place.machine == here && !here.isEmpty {
      let file = cmpi_watch(place.process)
      if file >= 0 { files.append(file) }
      isOneGone = isOneGone || file == Int32(CMPI_GONE)
    }
    let index = places.prefix(own).count { $0.machine == here }
    // The first rank of each machine calls for all of it.
    let calls = places.firstIndex { $0.machine == here } == own && places[0].machine != here
    let called = calls ? places[0].end : nil
    let listener = places.contains { $0.machine != here } ? listener : nil
    if listener == nil, let unused = self.listener { close(unused) }
    let thread = Thread { [self, files, isOneGone] in
      if !isOneGone {
        Self.attend(files + [called.flatMap(Lifeline.call)].compactMap(\.self), listener) {
          [place] listener in
          place.end.map { Lifeline.take(listener, $0) } ?? .stranger
        }
      }
      guard !isLeaving.withLock({ $0 }) else { return }
      _ = poll(nil, 0, Self.lead + Self.distance * Int32(min(index, 10)))
      end()
    }
    thread.name = "neighbours"
    thread.stackSize = 256 << 10
    thread.start()
  }

  /// Returns when a process or a line has ended.
  ///
  /// - Parameters:
  ///   - listener: Can be read when one calls.
  ///   - pause: Milliseconds until a call is tried again that the system did not let in; it would be there to be read all
  ///     the time.
  ///   - take: Takes a call.
  package static func attend(
    _ files: [Int32], _ listener: Int32?, pause: Int32 = 1000, taking take: (Int32) -> Lifeline.Caller
  ) {
    var (files, isPaused) = (files, false)
    while true {
      let open = isPaused ? nil : listener
      var watched = (files + [open].compactMap(\.self)).map {
        pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
      }
      let count = poll(&watched, nfds_t(watched.count), isPaused ? pause : -1)
      if count < 0, errno == EINTR { continue }
      guard count >= 0, !watched.prefix(files.count).contains(where: { $0.revents != 0 }) else { return }
      isPaused = false
      guard count > 0, let open else { continue }
      switch take(open) {
      case .known(let line): files.append(line)
      case .stranger: break
      case .unheard: isPaused = true
      }
    }
  }

  /// From now on they may end.
  package func leave() { isLeaving.change { $0 = true } }
}
