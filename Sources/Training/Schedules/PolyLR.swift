import Foundation

/// From the rate to `eta_min` as a power of what is left of the span.
struct PolyLR: LearningRateSchedule {
  let least, power: Double

  func rate(after rate: Double, step: Int, of span: Int) -> Double {
    guard step > 0 else { return rate }
    return (rate - least) * pow(1 - 1 / Double(span - step + 1), power) + least
  }

  struct Configuration: Decodable, Sendable {
    let span: ScheduleSpan
    let schedule: PolyLR

    enum CodingKeys: String, CodingKey {
      case power
      case least = "eta_min"
    }

    init(from decoder: any Decoder) throws {
      span = try ScheduleSpan(from: decoder)
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      schedule = PolyLR(
        least: try keys.decodeIfPresent(Double.self, forKey: .least, in: 0...1e6) ?? 0,
        power: try keys.decodeIfPresent(Double.self, forKey: .power, in: 0...1e3) ?? 1)
    }
  }
}
