import Configuration

/// The rate times `gamma` every `step_size` steps.
struct StepLR: LearningRateSchedule {
  let size: Int
  let gamma: Double

  func rate(after rate: Double, step: Int, of span: Int) -> Double {
    step > 0 && step.isMultiple(of: size) ? rate * gamma : rate
  }

  struct Configuration: Decodable, Sendable {
    let span: ScheduleSpan
    let size: Int
    let gamma: Double

    enum CodingKeys: String, CodingKey {
      case gamma
      case size = "step_size"
    }

    init(from decoder: any Decoder) throws {
      span = try ScheduleSpan(from: decoder)
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      size = try keys.decode(Int.self, forKey: .size, in: 1...1_000_000_000)
      gamma = try keys.decodeIfPresent(Double.self, forKey: .gamma, in: 0...1e6) ?? 0.1
    }
  }
}

/// The rate times `gamma` at every step but the first.
struct ExponentialLR: LearningRateSchedule {
  let gamma: Double

  func rate(after rate: Double, step: Int, of span: Int) -> Double { step > 0 ? rate * gamma : rate }

  struct Configuration: Decodable, Sendable {
    let span: ScheduleSpan
    let schedule: ExponentialLR

    enum CodingKeys: String, CodingKey { case gamma }

    init(from decoder: any Decoder) throws {
      span = try ScheduleSpan(from: decoder)
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      schedule = ExponentialLR(gamma: try keys.decode(Double.self, forKey: .gamma, in: 0...1e6))
    }
  }
}

/// The rate times `factor` up to the last step of the span, where it is as before.
struct ConstantLR: LearningRateSchedule {
  let factor: Double

  func rate(after rate: Double, step: Int, of span: Int) -> Double {
    if step == 0 { return rate * factor }
    return step == span ? rate * (1 / factor) : rate
  }

  struct Configuration: Decodable, Sendable {
    let span: ScheduleSpan
    let schedule: ConstantLR

    enum CodingKeys: String, CodingKey { case factor }

    init(from decoder: any Decoder) throws {
      span = try ScheduleSpan(from: decoder)
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      let factor = try keys.decodeIfPresent(Double.self, forKey: .factor, in: 0...1) ?? 1.0 / 3
      guard factor > 0 else {
        throw keys.refusal("0 would stay 0 for good: more is needed", forKey: .factor)
      }
      schedule = ConstantLR(factor: factor)
    }
  }
}
