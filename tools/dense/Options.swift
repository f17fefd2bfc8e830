import ArgumentParser
import Backbones
import Classification
import Configuration
import Data
import Detection
import Distribution
import Files
import Foundation
import Modeling
import Reporting
import Segmentation
import Tensors
import Training

/// What replaces values of a config.
struct OverrideOptions: ParsableArguments {
  @Option(
    name: .customLong("cfg-options"), parsing: .upToNextOption,
    help: ArgumentHelp("Values that replace the file's, such as data_root=DIR.", valueName: "key=value"))
  var overrides: [String] = []

  func validate() throws {
    do { try ConfigurationNode.requireForm(ofOverrides: overrides) } catch {
      throw ValidationError("\(error)")
    }
  }

  /// The merged config of a file, or that which a checkpoint carries where none is named.
  func load(_ config: String?, carriedBy checkpoint: @autoclosure () -> String) throws -> ConfigurationNode {
    if let config { return try ConfigurationNode.load(file: config, overrides: overrides) }
    let checkpoint = checkpoint()
    return try ConfigurationNode.load(
      text: try TrainingCheckpoint.configuration(ofFile: checkpoint), file: checkpoint, overrides: overrides)
  }

  /// Its top level. What is wrong there is reported together with what is wrong in its components.
  func experiment(_ config: String?, carriedBy checkpoint: String) throws -> ExperimentConfiguration {
    try ExperimentConfiguration(try load(config, carriedBy: checkpoint), deferringMistakes: true)
  }
}

/// A config file and what replaces its values.
struct ConfigOptions: ParsableArguments {
  @Argument(help: "The config file (YAML).", completion: .file(extensions: ["yaml", "yml"]))
  var config: String

  @OptionGroup var replacements: OverrideOptions

  /// The merged config.
  func load() throws -> ConfigurationNode {
    try ConfigurationNode.load(file: config, overrides: replacements.overrides)
  }

  /// Its top level; what is wrong there is reported together with what is wrong in its components.
  func experiment() throws -> ExperimentConfiguration {
    try ExperimentConfiguration(try load(), deferringMistakes: true)
  }
}

/// The words `[CONFIG] CHECKPOINT MORE...`.
struct CheckpointWords {
  /// Nil where the checkpoint's own is meant.
  var config: String?
  /// Still a folder where a work directory was named.
  var checkpoint: String
  /// What follows.
  var rest: [String]

  static let endings = ["safetensors", "pth", "pt", "pkl"]

  /// Tells the words apart: the first is a config unless it is a folder or called as checkpoints are.
  ///
  /// - Parameter wantsMore: Whether more words follow the checkpoint.
  init(_ words: [String], wantsMore: Bool) throws {
    let isCheckpoint = words.first.map {
      Folder.isFolder($0) || Self.endings.contains(Folder.splitExtension($0).extension.lowercased())
    }
    if isCheckpoint != true, words.count > 1 { config = words[0] }
    let rest = config == nil ? words[...] : words.dropFirst()
    guard let first = rest.first, config != nil || isCheckpoint == true || Self.isNoConfig(first) else {
      throw ValidationError("Missing expected argument '<checkpoint>'")
    }
    (checkpoint, self.rest) = (first, Array(rest.dropFirst()))
    if wantsMore, self.rest.isEmpty { throw ValidationError("Missing expected argument '<images> ...'") }
    if !wantsMore, let more = self.rest.first { throw ValidationError("Unexpected argument '\(more)'") }
  }

  private static func isNoConfig(_ word: String) -> Bool {
    !["yaml", "yml", "py"].contains(Folder.splitExtension(word).extension.lowercased())
  }

  /// The checkpoint's file: of a work directory the best, else the newest.
  func checkpointFile() throws -> String { try Self.file(checkpoint) }

  /// The checkpoint's file that a word stands for.
  static func file(_ word: String) throws -> String {
    Folder.isFolder(word) ? try WorkDirectory.bestCheckpoint(in: word) : word
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

extension ParsableArguments {
  /// Refuses a name for weights whose ending says no format.
  func requireWeightsFile(_ name: String) throws {
    guard ["safetensors", "pth", "pt"].contains(Folder.splitExtension(name).extension) else {
      throw ValidationError("\(name): the extension has to be .safetensors, .pth or .pt.")
    }
  }
}

/// How many threads compute.
struct ThreadOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help:
      "Threads that compute; 0 means one a core, or one for each that a Slurm job has. Results do not depend on it."
  )
  var threads = 0

  func validate() throws {
    guard threads >= 0 else { throw ValidationError("--threads must be 0 (one a core) or more.") }
  }

  func apply() {
    if threads > Threads.most {
      Output.message("note: --threads \(threads): \(Threads.most) compute, the most there are")
    }
    Threads.count = threads
    if threads == 0, let job = JobCores(environment: ProcessInfo.processInfo.environment) {
      Threads.count = min(Threads.count, job.most)
    }
  }

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
