/// A process, called a rank, among those that work on one run together.
///
/// All it can do is to exchange bytes with all others at once; whatever the ranks say to each other is made of that. Every
/// rank begins the same exchanges of a channel in the same order.
public protocol Communicator: Sendable {
  /// The number of this one, from 0.
  var rank: Int { get }
  /// How many there are.
  var size: Int { get }

  /// Begins to send bytes to every rank and to receive those that it sends to this one; what goes to itself is passed on.
  /// The exchange goes on by itself, beside others that were begun.
  ///
  /// - Parameters:
  ///   - outgoing: One for each rank.
  ///   - counts: How many bytes come from each.
  ///   - channel: What it is of.
  func exchange(
    _ outgoing: [MessageBuffer], receiving counts: [Int], on channel: ExchangeChannel
  ) -> PendingExchange

  /// How an error names a rank: «rank 2 on HOST».
  func name(of rank: Int) -> String

  /// How long one waits for another before the run ends; 120 s unless set.
  func setTimeout(seconds: Double)
}

/// What an exchange is of. Those of different channels may be begun in another order on each rank: threads that do not wait
/// for each other have one each.
public enum ExchangeChannel: Int, Sendable, CaseIterable {
  /// All but sums of gradients.
  case words
  /// Gradients on their way to the rank that adds them up.
  case parts
  /// Sums on their way back.
  case totals
}

/// An exchange under way.
public struct PendingExchange: Sendable {
  private let wait: @Sendable () throws -> [MessageBuffer]

  /// An exchange that is waited for by `wait`.
  public init(waitingBy wait: @escaping @Sendable () throws -> [MessageBuffer]) { self.wait = wait }

  /// Waits for its end.
  ///
  /// - Returns: What each rank has sent.
  /// - Throws: `DistributionError` that names a rank which does not answer.
  public func received() throws -> [[UInt8]] { try wait().map(\.array) }

  /// The same without a copy.
  public func buffers() throws -> [MessageBuffer] { try wait() }
}

extension Communicator {
  /// An exchange of words.
  public func exchange(
    _ outgoing: [[UInt8]], receiving counts: [Int], on channel: ExchangeChannel = .words
  ) -> PendingExchange {
    exchange(outgoing.map { MessageBuffer($0) }, receiving: counts, on: channel)
  }

  /// «rank 2»
  public func name(of rank: Int) -> String { "rank \(rank)" }

  /// Whether this rank is the one that writes and prints.
  public var isFirst: Bool { rank == 0 }

  /// Gives every rank what each has; the lengths may differ.
  ///
  /// - Returns: One for each rank, the same on all.
  /// - Throws: `DistributionError` that names a rank which does not answer.
  public func gather(_ bytes: [UInt8]) throws -> [[UInt8]] {
    guard size > 1 else { return [bytes] }
    let lengths = try gather(UInt64(bytes.count)).map { Int($0) }
    let own = MessageBuffer(bytes)
    return try exchange(Array(repeating: own, count: size), receiving: lengths, on: .words).received()
  }

  /// Gives every rank the number that each has.
  ///
  /// - Throws: As `gather(_:)`.
  public func gather(_ number: UInt64) throws -> [UInt64] {
    let own = (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    let received = try exchange(
      Array(repeating: own, count: size), receiving: Array(repeating: own.count, count: size)
    ).received()
    return received.map { $0.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
  }

  /// Waits until all ranks have come here.
  ///
  /// - Throws: As `gather(_:)`.
  public func meet() throws { _ = try gather(UInt64(0)) }
}

/// The only rank of a run in one process.
public struct SoleRank: Communicator {
  /// 0
  public let rank = 0
  /// 1
  public let size = 1

  /// A run in one process.
  public init() {}

  /// Nobody is waited for.
  public func setTimeout(seconds: Double) {}

  /// Passes on what goes to itself.
  public func exchange(
    _ outgoing: [MessageBuffer], receiving counts: [Int], on channel: ExchangeChannel
  ) -> PendingExchange {
    PendingExchange { outgoing }
  }
}
