import ArgumentParser
import Backbones
import Classification
import Configuration
import Data
import Detection
import Modeling
import Reporting
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

  func validate() throws {
    do { try ConfigurationNode.requireForm(ofOverrides: overrides) } catch {
      throw ValidationError("\(error)")
    }
  }

  /// The merged config.
  func load() throws -> ConfigurationNode { try ConfigurationNode.load(file: config, overrides: overrides) }

  /// Its top level; what is wrong there is reported together with what is wrong in its components.
  func experiment() throws -> ExperimentConfiguration {
    try ExperimentConfiguration(try load(), deferringMistakes: true)
  }
}

extension ParsableArguments {
  /// Refuses empty names, such as those of variables that are not set: they would stand for the current folder or for
  /// the root.
  ///
  /// - Parameter names: What is to be named by which option; nil where it is not given.
  func requireNames(_ names: KeyValuePairs<String, String?>) throws {
    for (option, name) in names where name?.isEmpty == true {
      throw ValidationError(
        "\(option): an empty name; a file or folder is wanted ('.' is the current folder).")
    }
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
    components.addClassification()
    components.addReporting()
    return components
  }
}
