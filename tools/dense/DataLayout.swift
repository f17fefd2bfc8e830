import ArgumentParser
import Conversion
import Curation
import Data
import Files
import Reporting

/// Where the files of a data set are, as far as they do not say it themselves.
struct DataLayoutOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder of an annotation file's images; else they are looked for around it.", valueName: "folder"),
    completion: .directory)
  var dataPrefix: String?

  @Option(help: ArgumentHelp("How images end, if not all in one way.", valueName: "ending"))
  var imgSuffix: String?

  @Option(help: ArgumentHelp("How label maps end, if not all in one way.", valueName: "ending"))
  var segMapSuffix: String?

  func validate() throws {
    try requireNames([
      "--data-prefix": dataPrefix, "--img-suffix": imgSuffix, "--seg-map-suffix": segMapSuffix,
    ])
  }

  /// Refuses empty names, and more than the two folders that a data set may consist of.
  static func requireInputs(_ inputs: [String]) throws {
    guard !inputs.contains("") else { throw ValidationError("an empty name; a file or folder is wanted.") }
    guard inputs.count <= 2 else { throw ValidationError("Unexpected argument '\(inputs[2])'") }
  }

  /// Whether nothing is said.
  var isEmpty: Bool { dataPrefix == nil && imgSuffix == nil && segMapSuffix == nil }

  /// What is said.
  var options: CuratedInput.Options {
    var options = CuratedInput.Options()
    (options.dataPrefix, options.imageSuffix, options.labelMapSuffix) = (dataPrefix, imgSuffix, segMapSuffix)
    return options
  }
}

extension [PlannedFile] {
  /// Makes sure that none takes the place of an input, of another one, or, unless that is wished, of any file.
  ///
  /// - Parameter inputs: Files that are read, and folders in which nothing is replaced.
  /// - Throws: `OutputError`, `DataError`.
  func claim(keeping inputs: [String], out: String, force: Bool) throws {
    var outputs = OutputPlan()
    for input in inputs {
      if Folder.isFolder(input) { outputs.keep(folder: input) } else { outputs.keep(input, as: "an input") }
    }
    for file in self {
      switch file.contents {
      case .bytes: break
      case .copy(let source), .link(let source): outputs.keep(source, as: "an input")
      }
    }
    for file in self {
      // A link of an earlier call is replaced, not followed.
      if force, case .link = file.contents, FileIdentity.isLink(file.path) { continue }
      try outputs.claim(file.path, for: "--out \(out)", of: "another input")
      guard force || !FileIdentity(file.path).exists else {
        throw DataError(file: file.path, "is there already; name another folder, or write over it by --force")
      }
    }
  }
}
