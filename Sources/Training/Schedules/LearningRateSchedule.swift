/// A rule by which the learning rate changes from one step to the next.
///
/// Schedules of a config act one after the other on the same rate (mmengine's recursive forms); so none keeps a
/// state, and the rates are all that a checkpoint has to hold.
public protocol LearningRateSchedule: Sendable {
  /// The rate of a step, from that of the step before.
  ///
  /// - Parameters:
  ///   - step: Counted from the schedule's begin, from 0.
  ///   - span: `end - begin - 1`, the last step.
  func rate(after rate: Double, step: Int, of span: Int) -> Double
}

/// A schedule with the part of training that it governs.
public struct SpannedSchedule: Sendable {
  /// The rule.
  public let schedule: any LearningRateSchedule
  /// The first step, and the first that is no longer its own.
  public let begin, end: Int
  /// Whether its steps are epochs, not iterations.
  public let countsEpochs: Bool

  /// A schedule over `begin ..< end`.
  public init(_ schedule: any LearningRateSchedule, begin: Int, end: Int, countsEpochs: Bool) {
    (self.schedule, self.begin, self.end, self.countsEpochs) = (schedule, begin, end, countsEpochs)
  }

  /// The rate at a step of training, from the one before.
  func rate(after rate: Double, at step: Int) -> Double {
    guard begin <= step, step < end else { return rate }
    return schedule.rate(after: rate, step: step - begin, of: end - begin - 1)
  }
}

/// The learning rates of all groups, moved by schedules that act one after the other.
public struct ScheduleChain: Sendable {
  private let schedules: [SpannedSchedule]
  /// The rate of each group in the coming iteration.
  public private(set) var rates: [Double]

  /// The rates of the first iteration.
  public init(_ schedules: [SpannedSchedule], baseRates: [Double]) {
    self.schedules = schedules
    rates = baseRates
    for schedule in schedules { advance(schedule, to: 0) }
  }

  /// Moves the schedules that count iterations, after so many of them.
  public mutating func advance(iteration: Int) {
    for schedule in schedules where !schedule.countsEpochs { advance(schedule, to: iteration) }
  }

  /// Moves the schedules that count epochs, after so many of them.
  public mutating func advance(epoch: Int) {
    for schedule in schedules where schedule.countsEpochs { advance(schedule, to: epoch) }
  }

  private mutating func advance(_ schedule: SpannedSchedule, to step: Int) {
    rates = rates.map { schedule.rate(after: $0, at: step) }
  }

  /// How many schedules there are.
  var count: Int { schedules.count }

  /// Takes up the rates of a checkpoint.
  mutating func restore(rates: [Double]) {
    precondition(rates.count == self.rates.count, "\(rates.count) rates for \(self.rates.count) groups")
    self.rates = rates
  }
}
