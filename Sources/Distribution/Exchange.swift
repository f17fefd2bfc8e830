import Data
import Foundation

/// The bytes of one exchange: what goes out stays, and what comes in has its place.
///
/// `@unchecked Sendable`: until the result is there only the thread of the messages touches the buffers, afterwards nobody
/// does.
final class Exchange: @unchecked Sendable {
  let incoming, outgoing: [UnsafeMutableRawBufferPointer]
  let channel: ExchangeChannel
  private let result = Locked<Result<[[UInt8]], any Error>?>(nil)

  /// Bytes for each rank and room for those of each; this rank's own are passed on at once.
  init(rank: Int, _ outgoing: [[UInt8]], receiving counts: [Int], on channel: ExchangeChannel) {
    self.channel = channel
    precondition(
      outgoing.count == counts.count && counts[rank] == outgoing[rank].count,
      "\(outgoing.count) parts out, \(counts.count) in")
    self.outgoing = outgoing.map { bytes in
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
      buffer.copyBytes(from: bytes)
      return buffer
    }
    incoming = counts.map { .allocate(byteCount: $0, alignment: 64) }
    incoming[rank].copyMemory(from: UnsafeRawBufferPointer(self.outgoing[rank]))
  }

  deinit { for buffer in incoming + outgoing { buffer.deallocate() } }

  /// All is sent and received.
  func succeed() {
    let received = incoming.map { Array($0) }
    result.change { $0 = .success(received) }
  }

  /// It does not come to its end. The buffers stay for ever: MPI may still write into them.
  func fail(_ error: any Error) {
    _ = Unmanaged.passRetained(self)
    result.change { $0 = .failure(error) }
  }

  /// Waits for the end.
  func received() throws -> [[UInt8]] { try result.wait { $0 }.get() }
}
