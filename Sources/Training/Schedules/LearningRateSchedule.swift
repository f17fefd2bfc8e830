/// A rule by which the learning rate changes from one step to the next.
///
/// Schedules of a config act one after the other on the same rate (mmengine's recursive forms); so none keeps a
/// state, and the rates are all that a checkpoint has to hold.
public protocol LearningRateSchedule: Sendable {
  /// The rate of a step, from that of the step before.
  ///
  /// - Parameters:
  ///   - rate: Of the step before; the schedules before this one have moved it already.
  ///   - step: Counted from the schedule's begin, from 0.
  ///   - span: `end - begin - 1`, the last step.
  func rate(after rate: Double, step: Int, of span: Int) -> Double

  /// The same, where it depends on the optimiser's rate before any schedule, too: `base`, which is `lr` times the
  /// multiplier of the group. It does not unless a schedule says otherwise.
  func rate(after rate: Double, base: Double, step: Int, of span: Int) -> Double

  /// What stands for the optimiser's rate in this schedule and those behind it; the same unless it says otherwise.
  func base(from base: Double) -> Double
}

extension LearningRateSchedule {
  /// Without regard to the optimiser's rate.
  public func rate(after rate: Double, base: Double, step: Int, of span: Int) -> Double {
    self.rate(after: rate, step: step, of: span)
  }

  /// The same.
  public func base(from base: Double) -> Double { base }
}

/// A schedule that depends on the optimiser's rate before any schedule.
protocol BasedSchedule: LearningRateSchedule {}

extension BasedSchedule {
  /// That of a group whose rate no schedule has moved yet.
  public func rate(after rate: Double, step: Int, of span: Int) -> Double {
    self.rate(after: rate, base: rate, step: step, of: span)
  }
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
  func rate(after rate: Double, base: Double, at step: Int) -> Double {
    guard begin <= step, step < end else { return rate }
    return schedule.rate(after: rate, base: base, step: step - begin, of: end - begin - 1)
  }
}

/// The learning rates of all groups, moved by schedules that act one after the other.
public struct ScheduleChain: Sendable {
  private let schedules: [SpannedSchedule]
  /// Of each schedule, what the rate of each group was before any.
  private let bases: [[Double]]
  /// The rate of each group in the coming iteration.
  public private(set) var rates: [Double]

  /// The rates of the first iteration.
  public init(_ schedules: [SpannedSchedule], baseRates: [Double]) {
    self.schedules = schedules
    rates = baseRates
    var current = baseRates
    bases = schedules.map { spanned in
      current = current.map { spanned.schedule.base(from: $0) }
      return current
    }
    for index in schedules.indices { advance(index, to: 0) }
  }

  /// Moves the schedules that count iterations, after so many of them.
  public mutating func advance(iteration: Int) {
    for index in schedules.indices where !schedules[index].countsEpochs { advance(index, to: iteration) }
  }

  /// Moves the schedules that count epochs, after so many of them.
  public mutating func advance(epoch: Int) {
    for index in schedules.indices where schedules[index].countsEpochs { advance(index, to: epoch) }
  }

  private mutating func advance(_ index: Int, to step: Int) {
    let (schedule, bases) = (schedules[index], bases[index])
    rates = zip(rates, bases).map { schedule.rate(after: $0, base: $1, at: step) }
  }

  /// How many schedules there are.
  var count: Int { schedules.count }

  /// Takes up the rates of a checkpoint.
  mutating func restore(rates: [Double]) {
    precondition(rates.count == self.rates.count, "\(rates.count) rates for \(self.rates.count) groups")
    self.rates = rates
  }
}
