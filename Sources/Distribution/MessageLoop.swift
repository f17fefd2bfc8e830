import CMPI
import Data
import Foundation

/// The thread that makes all calls to MPI: it begins exchanges as they are asked for, looks after those under way, and
/// sleeps longer and longer while nothing moves, so that ranks may be more than cores.
struct MessageLoop {
  /// What MPI says at its start.
  struct Facts: Sendable {
    var rank, size: Int
    var library: String
  }

  let facts: Facts
  private let mpi: MPILibrary
  private let link: Link
  private var running: [Running] = []
  /// Exchanges of each channel so far, which number their messages.
  private var begun = ExchangeChannel.allCases.map { _ in Int32(0) }
  private var lastMove = ContinuousClock.now

  /// Longer messages are cut: MPI counts in 32 bits, and each that is done shows that the other side lives.
  private static let longestMessage = 16 << 20
  /// Of each channel: every MPI takes tags up to 32767.
  private static let tags: Int32 = 8192
  /// A thread that did not run for so long was stopped itself, and blames nobody.
  private static let longestPause = Duration.seconds(5)

  private struct Message {
    var request: cmpi_request
    var rank: Int
    var isIncoming: Bool
  }

  private struct Running {
    var exchange: Exchange
    var messages: [Message]
  }

  /// Starts MPI; the thread that does is the one that has to `run`.
  init(_ mpi: MPILibrary, _ link: Link) throws {
    let (rank, size) = try mpi.start()
    (self.mpi, self.link) = (mpi, link)
    facts = Facts(rank: rank, size: size, library: mpi.version)
  }

  /// Does what the link asks for until it asks for the end.
  func run() {
    var loop = self
    var idle = 0
    while true {
      let orders = link.orders(waiting: loop.running.isEmpty)
      if loop.running.isEmpty { loop.lastMove = .now }
      for order in orders {
        switch order {
        case .exchange(let exchange): loop.begin(exchange)
        case .abort(let status): mpi.abort(status: status)
        case .finish:
          mpi.finish()
          return link.isDone()
        }
      }
      let looked = ContinuousClock.now
      idle = loop.move() || !orders.isEmpty ? 0 : idle + 1
      loop.pause(idle)
      if ContinuousClock.now - looked > Self.longestPause { loop.lastMove = .now }
      loop.endSilence()
    }
  }

  private func pause(_ idle: Int) {
    guard idle > 0, !running.isEmpty else { return }
    if idle < 50 {
      sched_yield()
    } else {
      usleep(idle < 200 ? 50 : idle < 1000 ? 200 : 1000)
    }
  }

  private mutating func begin(_ exchange: Exchange) {
    let channel = exchange.channel.rawValue
    let tag = Int32(channel) * Self.tags + begun[channel]
    begun[channel] = (begun[channel] + 1) % Self.tags
    var messages: [Message] = []
    do {
      // Each rank begins with its neighbour, so that not all send to one.
      let others = (1..<max(1, facts.size)).map { (facts.rank + $0) % facts.size }
      for rank in others.reversed() {
        for part in Self.parts(of: exchange.incoming[rank].bytes) {
          let request = try mpi.receive(part, from: rank, tag: tag)
          messages.append(Message(request: request, rank: rank, isIncoming: true))
        }
      }
      for rank in others {
        for part in Self.parts(of: exchange.outgoing[rank].bytes) {
          let request = try mpi.send(UnsafeRawBufferPointer(part), to: rank, tag: tag)
          messages.append(Message(request: request, rank: rank, isIncoming: false))
        }
      }
    } catch { return exchange.fail(error) }
    if running.isEmpty { lastMove = .now }
    running.append(Running(exchange: exchange, messages: messages))
  }

  /// Messages between two ranks come in the order in which they were sent, so that parts need no numbers.
  private static func parts(of buffer: UnsafeMutableRawBufferPointer) -> [UnsafeMutableRawBufferPointer] {
    stride(from: 0, to: buffer.count, by: longestMessage).map {
      UnsafeMutableRawBufferPointer(rebasing: buffer[$0..<min(buffer.count, $0 + longestMessage)])
    }
  }

  /// Looks after what is under way.
  ///
  /// - Returns: Whether anything was done since.
  private mutating func move() -> Bool {
    var moved = false
    for index in running.indices {
      do {
        var left: [Message] = []
        for var message in running[index].messages where try !mpi.isDone(&message.request) {
          left.append(message)
        }
        moved = moved || left.count < running[index].messages.count
        running[index].messages = left
      } catch {
        running[index].exchange.fail(error)
        running[index].messages = []
        continue
      }
      if running[index].messages.isEmpty { running[index].exchange.succeed() }
    }
    running.removeAll { $0.messages.isEmpty }
    if moved { lastMove = .now }
    return moved
  }

  /// Ends the exchanges that wait for a rank in vain.
  private mutating func endSilence() {
    guard let first = running.first else { return }
    let timeout = link.timeout
    // The first rank speaks first, and has ended the others before they say the same. Who has failed itself waits for a
    // second only, and not longer.
    let later = facts.rank == 0 || timeout < 2 ? 0 : 1500 + 500 * min(facts.rank, 3)
    guard ContinuousClock.now - lastMove > .seconds(timeout) + .milliseconds(later) else { return }
    let silent = Set(first.messages.filter(\.isIncoming).map(\.rank))
    let missing = (silent.isEmpty ? Set(first.messages.map(\.rank)) : silent).sorted()
    for running in running { running.exchange.fail(SilentRanks(ranks: missing, seconds: timeout)) }
    running = []
  }
}

/// Ranks that have not answered.
struct SilentRanks: Error, CustomStringConvertible {
  var ranks: [Int]
  var seconds: Double

  var description: String {
    DistributionError.silence(of: ranks.map { "rank \($0)" }, seconds: seconds).description
  }
}

extension MessageLoop {
  /// What other threads ask of the one that speaks with MPI.
  final class Link: Sendable {
    /// A wish.
    enum Order: Sendable {
      case exchange(Exchange)
      case finish
      case abort(status: Int32)
    }

    private struct State {
      var orders: [Order] = []
      var timeout = 120.0
      var isDone = false
    }

    private let state = Locked(State())

    var timeout: Double { state.withLock { $0.timeout } }

    func setTimeout(_ seconds: Double) { state.change { $0.timeout = seconds } }

    func begin(_ exchange: Exchange) -> PendingExchange {
      state.change { $0.orders.append(.exchange(exchange)) }
      return PendingExchange { try exchange.received() }
    }

    /// Waits for the end of MPI, but not for ever.
    func finish() {
      state.change { $0.orders.append(.finish) }
      _ = state.wait(until: Date(timeIntervalSinceNow: timeout)) { $0.isDone ? () : nil }
    }

    /// Asks for the end of all ranks. MPI may take this process along at once, or never answer.
    func abort(status: Int32) {
      state.change { $0.orders.append(.abort(status: status)) }
      _ = state.wait(until: Date(timeIntervalSinceNow: 1)) { $0.isDone ? () : nil }
    }

    /// All that was asked for since the last time.
    func orders(waiting waits: Bool) -> [Order] {
      func taken(_ state: inout State) -> [Order] {
        defer { state.orders = [] }
        return state.orders
      }
      guard waits else { return state.withLock(taken) }
      return state.wait { $0.orders.isEmpty ? nil : taken(&$0) }
    }

    func isDone() { state.change { $0.isDone = true } }
  }
}
