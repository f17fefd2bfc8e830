import Data
import Foundation

/// Ranks that are threads of one process: the same exchanges without MPI.
public final class LocalCommunicator: Communicator {
  /// What was sent and not yet received.
  private struct Message: Hashable {
    var channel: ExchangeChannel
    var number, from, to: Int
  }

  /// The number of this one, from 0.
  public let rank: Int
  /// How many there are.
  public let size: Int
  private let timeout: Locked<Double>
  private let messages: Locked<[Message: MessageBuffer]>
  private let begun = Locked<[ExchangeChannel: Int]>([:])

  private init(rank: Int, size: Int, timeout: Double, messages: Locked<[Message: MessageBuffer]>) {
    (self.rank, self.size, self.timeout, self.messages) = (rank, size, Locked(timeout), messages)
  }

  /// As many ranks, which know each other; one waits `timeout` seconds for another.
  public static func group(of size: Int, timeout: Double = 120) -> [LocalCommunicator] {
    let messages = Locked<[Message: MessageBuffer]>([:])
    return (0..<size).map {
      LocalCommunicator(rank: $0, size: size, timeout: timeout, messages: messages)
    }
  }

  /// As `Communicator` has it.
  public func setTimeout(seconds: Double) { timeout.change { $0 = seconds } }

  /// As `Communicator` has it.
  public func exchange(
    _ outgoing: [MessageBuffer], receiving counts: [Int], on channel: ExchangeChannel
  ) -> PendingExchange {
    let number = begun.withLock { begun in
      begun[channel, default: 0] += 1
      return begun[channel, default: 0]
    }
    messages.change { messages in
      for (to, bytes) in outgoing.enumerated() {
        messages[Message(channel: channel, number: number, from: rank, to: to)] = bytes
      }
    }
    return PendingExchange { [self] in
      let timeout = timeout.withLock { $0 }
      let deadline = Date(timeIntervalSinceNow: timeout)
      return try (0..<size).map { from in
        let message = Message(channel: channel, number: number, from: from, to: rank)
        let bytes = messages.wait(until: deadline) { $0.removeValue(forKey: message) }
        guard let bytes else { throw DistributionError.silence(of: [name(of: from)], seconds: timeout) }
        guard bytes.count == counts[from] else {
          throw DistributionError(
            "\(name(of: from)) has sent \(bytes.count) bytes where \(counts[from]) were due")
        }
        return bytes
      }
    }
  }
}

extension DistributionError {
  /// Ranks that do not answer.
  static func silence(of names: [String], seconds: Double) -> DistributionError {
    let time = seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
    return DistributionError(
      "\(names.joined(separator: ", ")) \(names.count == 1 ? "has" : "have") not answered for \(time) s "
        + "(distribution.timeout): the run ends")
  }
}
