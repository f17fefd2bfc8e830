import Modeling
import ArgumentParser
import Backbones
import Configuration
import Data
import Detection
import Segmentation
import Tensors

/// A config file and what replaces its values.
struct ConfigOptions: ParsableArguments {
  @Argument(help: "The config file (YAML).", completion: .file(extensions: ["yaml", "yml"]))
  var config: String

  @Option(
    name: .customLong("cfg-options"), parsing: .upToNextOption,
    help: ArgumentHelp("Values that replace the file's, such as data_root=DIR.", valueName: "key=value"))
  var overrides: [String] = []

  /// The merged config.
  func load() throws -> ConfigurationNode { try ConfigurationNode.load(file: config, overrides: overrides) }

  /// Its top level; what is wrong there is reported together with what is wrong in its components.
  func experiment() throws -> ExperimentConfiguration {
    try ExperimentConfiguration(try load(), deferringMistakes: true)
  }
}

/// How many threads compute.
struct ThreadOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: "Threads that compute; 0 means one a core. Results do not depend on it.")
  var threads = 0

  func validate() throws {
    guard (0...1024).contains(threads) else { throw ValidationError("--threads must be in 0...1024.") }
  }

  func apply() { Threads.count = threads }

  /// Applies it, and takes what memory the products need before anything is read.
  func prepare() {
    apply()
    Threads.prepare()
  }
}

extension Components {
  /// Everything that this package registers.
  static var all: Components {
    var components = Components()
    components.addBackbones()
    components.addDetection()
    components.addSegmentation()
    return components
  }
}
