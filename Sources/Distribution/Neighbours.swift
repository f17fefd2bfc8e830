import CMPI
import Data
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// The processes of the other ranks of this machine. The system says at once when one of them has ended; launchers take
/// their time.
package final class Neighbours: Sendable {
  /// Where a process is found.
  package struct Place: Equatable {
    /// The machine since its start, and the numbering of its processes, of which each container may have its own.
    package var machine: String
    /// Its number there.
    package var process: Int32

    /// «123 BOOT NUMBERING»
    package init(_ text: String) {
      let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
      process = words.first.flatMap { Int32($0) } ?? 0
      machine = words.count == 2 ? String(words[1]) : ""
    }

    /// This process; without a machine where the system does not say which it is.
    package static var own: Place {
      let start = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
      let numbering = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
      guard let start, let numbering else { return Place("\(getpid())") }
      return Place("\(getpid()) \(start.filter { !$0.isWhitespace }) \(numbering)")
    }

    /// As it is said to others.
    package var text: String { "\(process) \(machine)" }
  }

  private let isLeaving = Locked(false)
  /// What the launcher needs to see who has ended first.
  private static let lead: Int32 = 200

  /// Of nobody yet.
  package init() {}

  /// Watches the ranks of this machine.
  ///
  /// - Parameters:
  ///   - places: Of all ranks.
  ///   - own: The number of this one.
  ///   - end: Called on a thread of its own when one has ended before `leave`.
  package func watch(
    _ places: [Place], except own: Int, whenOneHasEnded end: @escaping @Sendable () -> Void
  ) {
    let here = places[own].machine
    guard !here.isEmpty else { return }
    var files: [Int32] = []
    var isOneGone = false
    for (rank, place) in places.enumerated() where rank != own && place.machine == here {
      let file = cmpi_watch(place.process)
      if file >= 0 { files.append(file) }
      isOneGone = isOneGone || file == Int32(CMPI_GONE)
    }
    guard !files.isEmpty || isOneGone else { return }
    let thread = Thread { [self, files, isOneGone] in
      var watched = files.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      while !isOneGone, poll(&watched, nfds_t(watched.count), -1) < 0, errno == EINTR {}
      guard !isLeaving.withLock({ $0 }) else { return }
      _ = poll(nil, 0, Self.lead)
      end()
    }
    thread.name = "neighbours"
    thread.stackSize = 256 << 10
    thread.start()
  }

  /// From now on they may end.
  package func leave() { isLeaving.change { $0 = true } }
}
