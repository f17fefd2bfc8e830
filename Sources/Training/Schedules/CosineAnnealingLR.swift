import Configuration
import Foundation

/// Half a wave of a cosine from the rate to its least, and on from there (Loshchilov and Hutter, "SGDR", 2017, without
/// its restarts; mm's recursive form, to which other schedules may contribute).
struct CosineAnnealingLR: BasedSchedule {
  /// Steps of half a wave.
  let length: Int
  let least: Least

  /// The least rate.
  enum Least: Sendable {
    case rate(Double)
    /// Of the rate before any schedule.
    case ratio(Double)

    func value(of base: Double) -> Double {
      switch self {
      case .rate(let rate): rate
      case .ratio(let ratio): base * ratio
      }
    }
  }

  func rate(after rate: Double, base: Double, step: Int, of span: Int) -> Double {
    guard step > 0 else { return rate }
    let least = least.value(of: base)
    /// The height of the wave, 0 ... 2.
    func height(_ step: Int) -> Double { 1 + cos(.pi * Double(step) / Double(length)) }
    // At the bottom nothing is left that could be multiplied.
    if (step - 1) % (2 * length) == length {
      return rate + (base - least) * (1 - cos(.pi / Double(length))) / 2
    }
    return height(step) / height(step - 1) * (rate - least) + least
  }

  struct Configuration: Decodable, Sendable {
    let span: ScheduleSpan
    private let length: Int?
    private let least: Least

    enum CodingKeys: String, CodingKey {
      case length = "T_max"
      case least = "eta_min"
      case ratio = "eta_min_ratio"
    }

    init(from decoder: any Decoder) throws {
      span = try ScheduleSpan(from: decoder)
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      length = try keys.decodeIfPresent(Int.self, forKey: .length, in: 1...1_000_000_000)
      let rate = try keys.decodeIfPresent(Double.self, forKey: .least, in: 0...1e6)
      let ratio = try keys.decodeIfPresent(Double.self, forKey: .ratio, in: 0...1e6)
      guard rate == nil || ratio == nil else {
        throw keys.refusal("stands beside eta_min: give one of them", forKey: .ratio)
      }
      least = ratio.map { .ratio($0) } ?? .rate(rate ?? 0)
    }

    func schedule(in context: ScheduleContext) throws -> SpannedSchedule {
      let length = try length.map { steps($0, times: span.scale(in: context)) } ?? span.length(in: context)
      return try span.schedule(CosineAnnealingLR(length: length, least: least), in: context)
    }
  }
}
