import Configuration
import Data
import Modeling
import Testing
import Training

/// Numbers at the limits of their types, and what is none.
let extremeNumbers = [
  "-9223372036854775808", "9223372036854775807", "18446744073709551615", "-2147483649", "2147483648", "0",
  "-1",
  "1e308", "-1e308", "5e-324", ".nan", ".inf", "-.inf",
]

/// YAML texts that put a number where a component's description wants one.
private func texts(_ types: [String], _ number: String) -> [String] {
  let isNumber = types.contains { $0.contains("int") || $0.contains("float") }
  guard isNumber else { return [] }
  return types.flatMap { type -> [String] in
    switch type {
    case "int", "float": return [number]
    case _ where type.hasPrefix("list of list"): return ["[[\(number), \(number)]]"]
    case _ where type.hasPrefix("list of"):
      return (1...4).map { "[\(Array(repeating: number, count: $0).joined(separator: ", "))]" }
    case _ where type.hasPrefix("mapping of names"): return ["{a: \(number)}"]
    default: return []
    }
  }
}

extension ComponentDescription {
  /// Configs of this component, each with an extreme number at one of its keys; the key and the config.
  ///
  /// - Parameter base: The other keys.
  func extremeConfigurations(base: String = "{}") throws -> [(key: String, node: ConfigurationNode)] {
    let type = try ConfigurationNode.parse(name, file: "a.yaml")
    let base = try ConfigurationNode.parse(base, file: "a.yaml").setting("type", to: type)
    return try settings.flatMap { setting in
      try extremeNumbers.flatMap { number in
        try texts(setting.types, number).map { text in
          // `a.[].b` is `{a: [{b: TEXT}]}`.
          let steps = setting.key.split(separator: ".").map(String.init)
          let value = steps.dropFirst().reversed().reduce(text) {
            $1 == "[]" ? "[\($0)]" : "{\($1 == "NAME" ? "a" : $1): \($0)}"
          }
          let key = steps[0]
          let node = try ConfigurationNode.parse("\(key): \(value)", file: "a.yaml")
          let inner = try #require(node[key])
          return (setting.key, base.setting(key, to: inner))
        }
      }
    }
  }
}

@Suite("extreme numbers")
struct ExtremeNumbersTests {
  private static let catalogues: [any ComponentCatalogue] =
    Components.all.everyCatalogue

  @Test("every number key of every component takes or refuses them, with the key, and never traps")
  func decoding() throws {
    var count = 0
    for catalogue in Self.catalogues {
      for component in catalogue.components {
        for (key, node) in try component.extremeConfigurations() {
          let (mistakes, _) = catalogue.check(try ComponentConfiguration(node), scope: component.scope)
          count += 1
          for mistake in mistakes {
            #expect(
              !mistake.message.isEmpty && "\(mistake)".count < 3000 && mistake.location?.file == "a.yaml",
              "\(component.name).\(key): \(mistake)")
          }
        }
      }
    }
    #expect(count > 1000)
  }

  @Test(
    "the top level and loaders take or refuse them",
    arguments: [
      "randomness: {seed: N}", "train_dataloader: {batch_size: N, num_workers: N, dataset: {type: X}}",
    ])
  func top(text: String) throws {
    for number in extremeNumbers {
      let node = try ConfigurationNode.parse(text.replacing("N", with: number), file: "a.yaml")
      do { _ = try ExperimentConfiguration(node) } catch {
        #expect("\(error)".contains("randomness.seed") || "\(error)".contains("train_dataloader"), "\(error)")
      }
    }
  }

  /// What builds a training component, by its name, and the keys that it cannot do without.
  private static let bases = [
    "AdamW": "{lr: 0.1}", "MultiStepLR": "{milestones: [1]}", "EpochBasedTrainLoop": "{max_epochs: 1}",
    "IterBasedTrainLoop": "{max_iters: 1}", "PolyLR": "{by_epoch: false}", "LinearLR": "{by_epoch: false}",
    "OptimWrapper": "{optimizer: {type: AdamW, lr: 0.1}}",
  ]

  @Test("schedules, loops, optimisers and hooks are built of them or refuse them")
  func building() throws {
    let training = TrainingComponents()
    let loops = [TrainLoop(.epochs, length: 1_000_000), TrainLoop(.iterations, length: 1_000_000_000)]
    var built = 0
    func tryAll<Product, Context>(_ registry: Registry<Product, Context>, in context: Context) throws {
      for component in registry.components {
        for (_, node) in try component.extremeConfigurations(base: Self.bases[component.name] ?? "{}") {
          do {
            _ = try registry.build(try ComponentConfiguration(node), scope: component.scope, in: context)
            built += 1
          } catch let error as ConfigurationError { #expect(!error.message.isEmpty) }
        }
      }
    }
    for loop in loops {
      try tryAll(training.schedules, in: ScheduleContext(loop: loop, iterationsPerEpoch: 1_000_000))
      try tryAll(training.hooks, in: HookContext(loop: loop))
    }
    try tryAll(training.trainLoops, in: ())
    try tryAll(training.optimizers, in: ())
    #expect(built > 30)
  }
}
