import Configuration
import Testing

import Training

@Suite("Schedules of the learning rate")
struct ScheduleTests {
  /// The rates of some iterations; an epoch has two.
  private func rates(
    _ schedules: [String], loop: TrainLoop = TrainLoop(.epochs, length: 10), count: Int = 8
  ) throws -> [Double] {
    let training = TrainingComponents()
    let context = ScheduleContext(loop: loop, iterationsPerEpoch: 2)
    var chain = ScheduleChain(
      try schedules.map {
        try training.schedules.build(
          try ComponentConfiguration(ConfigurationNode.parse($0, file: "test.yaml")), scope: nil, in: context)
      }, baseRates: [1])
    return (0..<count).map { iteration in
      defer {
        chain.advance(iteration: iteration + 1)
        if iteration % 2 == 1 { chain.advance(epoch: (iteration + 1) / 2) }
      }
      return chain.rates[0]
    }
  }

  @Test(
    "take passes of any length",
    arguments: [
      "{type: LinearLR, convert_to_iter_based: true, begin: 999999998, end: 1000000000}",
      "{type: LinearLR, convert_to_iter_based: true, begin: 999999999}",
      "{type: MultiStepLR, convert_to_iter_based: true, milestones: [1, 1000000000]}",
      "{type: PolyLR, by_epoch: false}",
    ])
  func longPasses(schedule: String) throws {
    let component = try ComponentConfiguration(ConfigurationNode.parse(schedule, file: "test.yaml"))
    for loop in [TrainLoop(.epochs, length: 1_000_000), TrainLoop(.iterations, length: 3)] {
      let context = ScheduleContext(loop: loop, iterationsPerEpoch: .max - 1)
      // Begin and end may come to the same number: what matters is that none is beyond the largest.
      _ = try TrainingComponents().schedules.build(component, scope: nil, in: context)
    }
  }

  // The expected rates are those of mmengine 0.10.7.
  @Test(
    "move as mmengine's",
    arguments: [
      (
        ["{type: LinearLR, start_factor: 0.25, end_factor: 0.75, begin: 1, end: 4, by_epoch: false}"],
        [1, 0.25, 0.5, 0.75, 0.75, 0.75]
      ),
      (
        ["{type: MultiStepLR, milestones: [1, 1, 3], gamma: 0.5, begin: 1, end: 5, by_epoch: false}"],
        [1, 1, 0.25, 0.25, 0.125, 0.125, 0.125]
      ),
      (
        ["{type: PolyLR, power: 2, eta_min: 0.1, begin: 1, end: 5, by_epoch: false}"],
        [1, 1, 0.5000000000000001, 0.20000000000000004, 0.1, 0.1, 0.1]
      ),
      (
        [
          "{type: LinearLR, start_factor: 0.5, begin: 0, end: 3, by_epoch: false}",
          "{type: PolyLR, power: 1, begin: 2, end: 6, by_epoch: false}",
        ],
        [0.5, 0.75, 1, 0.6666666666666667, 0.33333333333333337, 0, 0, 0]
      ),
    ])
  func move(schedules: [String], expected: [Double]) throws {
    for (found, expected) in zip(try rates(schedules, count: expected.count), expected) {
      #expect(abs(found - expected) < 1e-15)
    }
  }

  @Test("count epochs unless told otherwise")
  func countEpochs() throws {
    #expect(
      try rates(["{type: MultiStepLR, milestones: [1, 3], gamma: 0.5}"]) == [
        1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25,
      ])
  }

  @Test("turn epochs into iterations, milestones too")
  func convert() throws {
    #expect(
      try rates(
        ["{type: MultiStepLR, milestones: [1, 2], gamma: 0.5, convert_to_iter_based: true}"], count: 6)
        == [1, 1, 0.5, 0.5, 0.25, 0.25])
  }

  @Test("end with the loop unless told otherwise")
  func endWithLoop() throws {
    let rates = try rates(
      ["{type: PolyLR, by_epoch: false}"], loop: TrainLoop(.iterations, length: 5), count: 6)
    #expect(rates == [1, 0.75, 0.5, 0.25, 0, 0])
  }

  @Test(
    "explain what is wrong",
    arguments: [
      ("{type: CosineRestartLR, T_max: 3}", "unknown parameter scheduler 'CosineRestartLR'"),
      ("{type: CosineAnnealingLR, eta_min: 0, eta_min_ratio: 0.1, by_epoch: false}", "give one of them"),
      ("{type: OneCycleLR, eta_max: 1, total_steps: 5, by_epoch: false}", "5 steps end before the schedule"),
      ("{type: ConstantLR, factor: 0, by_epoch: false}", "0 would stay 0"),
      ("{type: PolyLR, power: 1}", "counts epochs, but the train loop counts iterations"),
      ("{type: LinearLR, start_factor: 0, by_epoch: false}", "0 would stay 0"),
      ("{type: PolyLR, begin: 5, end: 5, by_epoch: false}", "5 is not behind begin, 5"),
      ("{type: MultiStepLR, by_epoch: false}", "the key 'milestones' is missing"),
      ("{type: PolyLR, powr: 1, by_epoch: false}", "unknown key 'powr'"),
    ])
  func explain(schedule: String, message: String) {
    let error = #expect(throws: ConfigurationError.self) {
      try rates([schedule], loop: TrainLoop(.iterations, length: 10))
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    #expect(error?.location?.file == "test.yaml")
  }
}
