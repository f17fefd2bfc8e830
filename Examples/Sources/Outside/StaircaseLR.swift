import Configuration
import Training

/// Half the rate every so many steps.
public struct StaircaseLR: LearningRateSchedule {
  /// mm's keys of all schedules, and one of its own.
  struct Settings: Decodable, Sendable {
    let span: ScheduleSpan
    let every: Int

    enum CodingKeys: CodingKey { case every }

    init(from decoder: any Decoder) throws {
      span = try ScheduleSpan(from: decoder)
      every = try decoder.container(keyedBy: CodingKeys.self).decode(
        Int.self, forKey: .every, in: 1...1_000_000)
    }
  }

  private let every: Int

  init(_ settings: Settings, in context: ScheduleContext) {
    every = settings.every * settings.span.scale(in: context)
  }

  /// The rate of a step, from that of the step before.
  public func rate(after rate: Double, step: Int, of span: Int) -> Double {
    step > 0 && step.isMultiple(of: every) ? rate / 2 : rate
  }
}
