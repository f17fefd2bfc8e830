// swift run Evaluate CONFIG CHECKPOINT: judges a checkpoint on the test data of a config.
import Configuration
import Modeling
import Outside
import Training

guard CommandLine.arguments.count == 3 else { throw TrainingError("Evaluate CONFIG CHECKPOINT") }
let (config, checkpoint) = (CommandLine.arguments[1], CommandLine.arguments[2])

let test = try TestRun(
  configuration: ExperimentConfiguration(ConfigurationNode.load(file: config)), components: .everything,
  checkpoint: checkpoint)
let (summary, timing) = try test.run()
print(summary.table)
for (name, value) in summary.values { print(name, value) }
print("\(timing.batches) batches of \(timing.seconds) s")
