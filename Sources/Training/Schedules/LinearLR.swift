/// From `start_factor` times the rate in a straight line to `end_factor` times it: a warm-up.
struct LinearLR: LearningRateSchedule {
  let startFactor, endFactor: Double

  func rate(after rate: Double, step: Int, of span: Int) -> Double {
    guard step > 0 else { return rate * startFactor }
    let slope = endFactor - startFactor
    return rate * (1 + slope / (Double(span) * startFactor + Double(step - 1) * slope))
  }

  struct Configuration: Decodable, Sendable {
    let span: ScheduleSpan
    let schedule: LinearLR

    enum CodingKeys: String, CodingKey {
      case startFactor = "start_factor"
      case endFactor = "end_factor"
    }

    init(from decoder: any Decoder) throws {
      span = try ScheduleSpan(from: decoder)
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      let start = try keys.decodeIfPresent(Double.self, forKey: .startFactor, in: 0...1) ?? 1.0 / 3
      guard start > 0 else {
        throw DecodingError.dataCorruptedError(
          forKey: .startFactor, in: keys, debugDescription: "0 would stay 0 for good: more is needed")
      }
      schedule = LinearLR(
        startFactor: start,
        endFactor: try keys.decodeIfPresent(Double.self, forKey: .endFactor, in: 0...1) ?? 1)
    }
  }
}
