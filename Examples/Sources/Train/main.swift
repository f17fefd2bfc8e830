// swift run Train CONFIG FOLDER: trains what a config says, with the parts of this package, and names the newest checkpoint.
import Configuration
import Modeling
import Outside
import Training

guard CommandLine.arguments.count == 3 else { throw TrainingError("Train CONFIG FOLDER") }
let (config, folder) = (CommandLine.arguments[1], CommandLine.arguments[2])

let run = try TrainingRun(
  configuration: ExperimentConfiguration(ConfigurationNode.load(file: config)), components: .everything,
  options: TrainingOptions(workDirectory: folder))
try run.run()
print("\(run.trainer.iteration) iterations: \(try WorkDirectory.lastCheckpoint(in: folder))")
