import Data
import Foundation

/// The buffers of one exchange: what goes out stays, and what comes in has its place.
///
/// `@unchecked Sendable`: until the result is there only the thread of the messages touches the buffers, afterwards nobody
/// does.
final class Exchange: @unchecked Sendable {
  let incoming, outgoing: [MessageBuffer]
  let channel: ExchangeChannel
  private let result = Locked<Result<[MessageBuffer], any Error>?>(nil)

  /// Bytes for each rank and room for those of each; this rank's own are passed on at once.
  init(rank: Int, _ outgoing: [MessageBuffer], receiving counts: [Int], on channel: ExchangeChannel) {
    self.channel = channel
    precondition(
      outgoing.count == counts.count && counts[rank] == outgoing[rank].count,
      "\(outgoing.count) parts out, \(counts.count) in")
    self.outgoing = outgoing
    incoming = counts.enumerated().map { $0 == rank ? outgoing[rank] : MessageBuffer(count: $1) }
  }

  /// All is sent and received.
  func succeed() { result.change { $0 = .success(incoming) } }

  /// It does not come to its end. The buffers stay for ever: MPI may still write into them.
  func fail(_ error: any Error) {
    _ = Unmanaged.passRetained(self)
    result.change { $0 = .failure(error) }
  }

  /// Waits for the end.
  func received() throws -> [MessageBuffer] { try result.wait { $0 }.get() }
}
