/// The rate times `gamma` at each milestone.
struct MultiStepLR: LearningRateSchedule {
  /// Steps from the schedule's begin; one that is listed twice counts twice.
  let milestones: [Int]
  let gamma: Double

  func rate(after rate: Double, step: Int, of span: Int) -> Double {
    milestones.reduce(rate) { $1 == step ? $0 * gamma : $0 }
  }

  struct Configuration: Decodable, Sendable {
    let span: ScheduleSpan
    let milestones: [Int]
    let gamma: Double

    enum CodingKeys: String, CodingKey { case milestones, gamma }

    init(from decoder: any Decoder) throws {
      span = try ScheduleSpan(from: decoder)
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      milestones = try keys.decode([Int].self, forKey: .milestones)
      gamma = try keys.decodeIfPresent(Double.self, forKey: .gamma, in: 0...1e6) ?? 0.1
      guard milestones.allSatisfy({ (0...1_000_000_000).contains($0) }) else {
        throw DecodingError.dataCorruptedError(
          forKey: .milestones, in: keys, debugDescription: "each is to be in 0...1000000000")
      }
    }
  }
}
