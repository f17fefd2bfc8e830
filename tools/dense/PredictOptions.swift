import ArgumentParser
import Files
import Imaging
import Reporting

/// What `dense predict` writes.
struct PredictOutputOptions: ParsableArguments {
  @Option(
    help:
      "A folder for pictures and label maps. (default: predictions/<time>, unless other output is asked for)",
    completion: .directory)
  var outDir: String?

  @Option(
    help: ArgumentHelp(
      "A detector's objects in COCO's result format, as evaluate coco and pycocotools read it; of other models what "
        + "--json prints.", valueName: "file.json"),
    completion: .file(extensions: ["json"]))
  var out: String?

  @Option(
    help: ArgumentHelp(
      "The annotation file whose numbers of images and classes --out has. Without it an image has the number that is its "
        + "name (000000000139.jpg), where all have one, else that of its place, from 1.", valueName: "gt.json"
    ),
    completion: .file(extensions: ["json"]))
  var annotations: String?

  @Option(
    help: ArgumentHelp(
      "A table: a row an object, a class of a label map, or a guess.", valueName: "file.csv"),
    completion: .file(extensions: ["csv"]))
  var csv: String?

  @Option(
    help: ArgumentHelp("All pictures, small, on one sheet: JPEG or PNG.", valueName: "file.jpg"),
    completion: .file(extensions: ["jpg", "png"]))
  var sheet: String?

  @Flag(
    help: ArgumentHelp(
      "Write label maps of a detector's masks too: PNGs whose numbers are the classes from 1, and 0 for none. Those of "
        + "segmentors are always written; all have a palette."))
  var labelMap = false

  @Flag(help: "Cut objects out: crops/CLASS/NAME_1 and on, in the folder of the pictures.")
  var crop = false

  @Flag(help: "Say what the parts of the command took, from the start of the program on.")
  var timing = false

  @Flag(help: "Print one JSON object.")
  var json = false

  /// Whether pictures go to a folder of the time's name: nothing else is asked for, or something that needs a folder.
  var needsFolder: Bool {
    outDir == nil && (crop || labelMap || (out == nil && csv == nil && sheet == nil && !json))
  }

  func validate() throws {
    try requireNames([
      "--out-dir": outDir, "--out": out, "--csv": csv, "--sheet": sheet, "--annotations": annotations,
    ])
    if annotations != nil, out == nil {
      throw ValidationError("--annotations numbers what --out holds: give --out too.")
    }
    if let sheet, !["jpg", "jpeg", "png"].contains(Folder.splitExtension(sheet).extension.lowercased()) {
      throw ValidationError("--sheet \(sheet): the extension has to be .jpg or .png.")
    }
  }
}

/// How `dense predict` predicts, and what of it is shown.
struct PredictMannerOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "The least score of an object that is drawn and listed.")
  var scoreThr: Float = 0.3

  @Option(parsing: .unconditional, help: "The most objects of an image, the best of them.")
  var maxDet: Int?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("The classes that are drawn and listed, by their names.", valueName: "name"))
  var classes: [String] = []

  @Option(
    help: ArgumentHelp("Resize images to fit this, in place of the config's scale.", valueName: "WxH"))
  var scale: ScaleOption?

  @Option(
    parsing: .unconditional,
    help: "Cut images into tiles of so many pixels a side, and join what is found (detectors).")
  var tile: Int?

  @Option(
    parsing: .unconditional, help: "The share of a tile's side that neighbours have in common. (default: 0.2)"
  )
  var overlap: Double?

  @Option(
    parsing: .unconditional,
    help: "Images of one size that are predicted together; results do not depend on it.")
  var batch = 1

  @Flag(help: ArgumentHelp(PrecisionHelp.half))
  var half = false

  func validate() throws {
    guard (0...1).contains(scoreThr) else { throw ValidationError("--score-thr must be in 0...1.") }
    if let maxDet, maxDet < 1 { throw ValidationError("--max-det must be 1 or more.") }
    guard (1...1024).contains(batch) else { throw ValidationError("--batch must be in 1...1024.") }
    if let tile {
      guard (32...100_000).contains(tile) else { throw ValidationError("--tile must be in 32...100000.") }
      guard batch == 1 else { throw ValidationError("--tile and --batch do not go together.") }
    }
    if let overlap {
      guard tile != nil else { throw ValidationError("--overlap is of tiles: give --tile too.") }
      guard (0...0.9).contains(overlap) else { throw ValidationError("--overlap must be in 0...0.9.") }
    }
  }

  /// What is shown of a model with these classes.
  func shown(of names: [String]) throws -> ShownPart {
    let unknown = classes.filter { !names.contains($0) }
    guard unknown.isEmpty else {
      let known = names.prefix(80).map(\.printed).joined(separator: ", ") + (names.count > 80 ? ", ..." : "")
      throw ValidationError(
        "--classes: the model has no class \(unknown.map(\.printed).joined(separator: ", ")); it has \(known)."
      )
    }
    let numbers = names.indices.filter { classes.contains(names[$0]) }
    return ShownPart(
      scoreThreshold: scoreThr, most: maxDet, classes: classes.isEmpty ? nil : Set(numbers))
  }

  /// How each image is predicted.
  var manner: PredictionRun.Manner {
    var manner = PredictionRun.Manner()
    (manner.tile, manner.batch) = (tile, batch)
    if let overlap { manner.overlap = overlap }
    return manner
  }
}

/// `1333x800`: width and height, as a config's `scale` has them.
struct ScaleOption: ExpressibleByArgument {
  let size: ImageSize

  init?(argument: String) {
    let sides = argument.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 2, let width = sides[0], let height = sides[1],
      (1...ImageLimits.side).contains(width), (1...ImageLimits.side).contains(height),
      width * height <= ImageLimits.pixels
    else { return nil }
    size = ImageSize(height: height, width: width)
  }
}
