import Configuration
import Foundation

/// Up to a largest rate and down to a rate far below the first one (Smith and Topin, "Super-Convergence", 2018; mm's and
/// PyTorch's `OneCycleLR`). What the rate was does not matter to it.
struct OneCycleLR: LearningRateSchedule {
  /// From one rate to another, up to a step that may lie between two whole ones.
  struct Phase: Sendable {
    let end: Double
    let from, to: Double
  }

  enum Strategy: String, Decodable, CaseIterable, Sendable {
    case cos
    case linear

    /// The rate where a share of a phase is done.
    func rate(from start: Double, to end: Double, at share: Double) -> Double {
      switch self {
      case .cos: end + (start - end) / 2 * (Foundation.cos(.pi * share) + 1)
      case .linear: (end - start) * share + start
      }
    }
  }

  let phases: [Phase]
  let strategy: Strategy
  /// The rate before the first step.
  let initial: Double

  func rate(after rate: Double, step: Int, of span: Int) -> Double {
    var start = 0.0
    for (index, phase) in phases.enumerated() {
      if Double(step) <= phase.end || index == phases.count - 1 {
        let length = phase.end - start
        return strategy.rate(
          from: phase.from, to: phase.to, at: length == 0 ? 1 : (Double(step) - start) / length)
      }
      start = phase.end
    }
    return rate
  }

  func base(from base: Double) -> Double { initial }

  struct Configuration: Decodable, Sendable {
    let span: ScheduleSpan
    private let largest, share, division, finalDivision: Double
    private let steps: Int?
    private let strategy: Strategy
    private let hasThreePhases: Bool

    enum CodingKeys: String, CodingKey {
      case largest = "eta_max"
      case steps = "total_steps"
      case share = "pct_start"
      case strategy = "anneal_strategy"
      case division = "div_factor"
      case finalDivision = "final_div_factor"
      case hasThreePhases = "three_phase"
    }

    init(from decoder: any Decoder) throws {
      span = try ScheduleSpan(from: decoder)
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      largest = try keys.decode(Double.self, forKey: .largest, in: 0...1e6)
      steps = try keys.decodeIfPresent(Int.self, forKey: .steps, in: 1...1_000_000_000)
      share = try keys.decodeIfPresent(Double.self, forKey: .share, in: 0...1) ?? 0.3
      strategy = try keys.decodeIfPresent(Strategy.self, forKey: .strategy) ?? .cos
      division = try keys.decodeIfPresent(Double.self, forKey: .division, in: 1e-12...1e12) ?? 25
      finalDivision = try keys.decodeIfPresent(Double.self, forKey: .finalDivision, in: 1e-12...1e12) ?? 1e4
      hasThreePhases = try keys.decodeIfPresent(Bool.self, forKey: .hasThreePhases) ?? false
    }

    func schedule(in context: ScheduleContext) throws -> SpannedSchedule {
      let length = try span.length(in: context)
      let total = steps.map { Training.steps($0, times: span.scale(in: context)) } ?? length
      guard length - 1 <= total else {
        throw ConfigurationError(
          keyPath: CodingKeys.steps.rawValue,
          message: "\(total) steps end before the schedule does, after \(length)",
          hint: "Set end to begin + total_steps, or leave total_steps out.")
      }
      let initial = largest / division
      let least = initial / finalDivision
      let peak = share * Double(total)
      var phases = [Phase(end: peak - 1, from: initial, to: largest)]
      if hasThreePhases { phases.append(Phase(end: 2 * peak - 2, from: largest, to: initial)) }
      phases.append(
        Phase(end: Double(total - 1), from: hasThreePhases ? initial : largest, to: least))
      return try span.schedule(
        OneCycleLR(phases: phases, strategy: strategy, initial: initial), in: context)
    }
  }
}
