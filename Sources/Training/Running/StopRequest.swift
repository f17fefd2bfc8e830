import Synchronization

/// The wish that a run ends after the step at hand, with a checkpoint to go on from: by a signal of the system, or by a
/// program that trains.
public final class StopRequest: Sendable {
  /// 0 for none.
  private let wanted = Atomic<Int32>(0)

  /// Nobody has asked yet.
  public init() {}

  /// The signal that asked first; nil while nobody has.
  public var signal: Int32? {
    let signal = wanted.load(ordering: .acquiring)
    return signal == 0 ? nil : signal
  }

  /// Asks for a stop as this signal would; the first one counts.
  public func ask(by signal: Int32) {
    _ = wanted.compareExchange(expected: 0, desired: signal, ordering: .acquiringAndReleasing)
  }
}

/// The end of a run that was asked to stop: it can go on.
public struct TrainingInterruption: Error, CustomStringConvertible {
  /// The signal that asked.
  public let signal: Int32
  /// Where the run stands and how it goes on.
  public let description: String

  /// What a shell takes for a process that a signal has ended.
  public var exitStatus: Int32 { 128 + signal }
}
