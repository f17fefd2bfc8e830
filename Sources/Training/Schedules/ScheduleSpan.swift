import Configuration

/// What schedules are built with.
public struct ScheduleContext: Sendable {
  /// The loop that the schedule is a part of.
  public var loop: TrainLoop
  /// Iterations of one pass over the data.
  public var iterationsPerEpoch: Int

  /// A loop and the length of its epochs.
  public init(loop: TrainLoop, iterationsPerEpoch: Int) {
    (self.loop, self.iterationsPerEpoch) = (loop, iterationsPerEpoch)
  }
}

/// A product of counts; where it is too large for one, a number of steps that no run reaches.
func steps(_ count: Int, times factor: Int) -> Int {
  let (product, overflows) = count.multipliedReportingOverflow(by: factor)
  return overflows ? Int.max / 4 : min(product, Int.max / 4)
}

/// The keys that all schedules share: which part of training they govern, and how it is counted.
public struct ScheduleSpan: Decodable, Sendable {
  private let begin: Int
  private let end: Int?
  private let countsEpochs, isConverted: Bool

  enum CodingKeys: String, CodingKey {
    case begin, end
    case countsEpochs = "by_epoch"
    case isConverted = "convert_to_iter_based"
  }

  /// Decodes mm's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    begin = try keys.decodeIfPresent(Int.self, forKey: .begin, in: 0...1_000_000_000) ?? 0
    end = try keys.decodeIfPresent(Int.self, forKey: .end, in: 1...1_000_000_000)
    countsEpochs = try keys.decodeIfPresent(Bool.self, forKey: .countsEpochs) ?? true
    isConverted = try keys.decodeIfPresent(Bool.self, forKey: .isConverted) ?? false
    if isConverted && !countsEpochs {
      throw DecodingError.dataCorruptedError(
        forKey: .isConverted, in: keys, debugDescription: "epochs become iterations: it needs by_epoch: true")
    }
    if let end, end <= begin {
      throw DecodingError.dataCorruptedError(
        forKey: .end, in: keys, debugDescription: "\(end) is not behind begin, \(begin)")
    }
  }

  /// Iterations in a step of the schedule's settings: 1 unless epochs become iterations.
  public func scale(in context: ScheduleContext) -> Int {
    isConverted ? max(1, context.iterationsPerEpoch) : 1
  }

  /// Steps from `begin` to `end`, in the unit in which the schedule counts.
  ///
  /// - Throws: As `schedule(_:in:)`.
  func length(in context: ScheduleContext) throws -> Int {
    let spanned = try schedule(ConstantLR(factor: 1), in: context)
    return spanned.end - spanned.begin
  }

  /// A schedule over this span; without `end` up to the end of the loop, as in mmengine.
  ///
  /// - Throws: `ConfigurationError` when epochs are asked for in a loop that does not count them.
  public func schedule(_ schedule: any LearningRateSchedule, in context: ScheduleContext) throws
    -> SpannedSchedule
  {
    let loop = context.loop
    if countsEpochs, !isConverted, loop.unit == .iterations {
      throw ConfigurationError(
        message: "counts epochs, but the train loop counts iterations: it would never act",
        hint: "Set by_epoch: false, with begin and end in iterations.")
    }
    let scale = scale(in: context)
    let length: Int =
      switch (countsEpochs, loop.unit) {
      case (true, .epochs): steps(loop.length, times: scale)
      case (false, .epochs): steps(loop.length, times: context.iterationsPerEpoch)
      case (_, .iterations): loop.length
      }
    return SpannedSchedule(
      schedule, begin: steps(begin, times: scale),
      end: end.map { steps($0, times: scale) } ?? max(length, steps(begin, times: scale) + 1),
      countsEpochs: countsEpochs && !isConverted)
  }
}
