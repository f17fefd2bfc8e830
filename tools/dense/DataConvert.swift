import ArgumentParser
import Conversion
import Data
import Files
import Reporting
import Training

extension AnnotationFormat: ExpressibleByArgument {}

/// `dense data convert FORMAT IN...`
struct DataConvert: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Read annotations of other tools, and write COCO's, YOLO's or label maps.",
    discussion: """
      What the formats are read from:
      \(AnnotationFormat.allCases.map { "  \($0.rawValue): \($0.inputs)" }.joined(separator: "\n"))

      Pictures stay where they are, but for YOLO, which wants them in a folder of its own: there they are copied. What \
      cannot be converted is listed with its file and id, all else is written, and the exit status is 1. Lines of YAML that \
      name the new data follow.
      """)

  /// What is written.
  enum Target: String, CaseIterable, ExpressibleByArgument {
    case coco, yolo
    case labelMaps = "label-maps"
  }

  @Argument(help: "What is read.")
  var format: AnnotationFormat

  @Argument(help: "Files or folders of that format.", completion: .file())
  var inputs: [String]

  @Option(
    help:
      "A folder, or COCO's file (.json) where there is one set. Formats that training reads as they are need none: they are checked then.",
    completion: .directory)
  var out: String?

  @Option(help: "What is written.")
  var to = Target.coco

  @Option(help: "The pictures' folder, for formats that do not say.", completion: .directory)
  var images: String?

  @Option(
    parsing: .upToNextOption,
    help: "The classes in their order, others are left out; else those of the files.")
  var classes: [String] = []

  @Option(help: "Only this split: train, val or test.")
  var split: String?

  @Option(
    help: "Which colour is which class: lines such as '64 128 64 Animal' (colours).", completion: .file())
  var table: String?

  @Option(help: "Of several attributes of a region the one that is its class (via).")
  var attribute: String?

  @Option(help: "The class of pixels without an object, number 0 (label-maps); else they have none.")
  var background: String?

  @Flag(help: "Write over files that are there; never over those that are read.")
  var force = false

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    try requireNames([
      "--out": out, "--images": images, "--table": table, "--attribute": attribute,
      "--background": background,
      "--split": split,
    ])
    guard !inputs.contains("") else { throw ValidationError("an empty name; a file or folder is wanted.") }
    guard Set(classes).count == classes.count, !classes.contains("") else {
      throw ValidationError("--classes needs names, each once.")
    }
    guard out != nil || (format.isReadDirectly && to == .coco) else {
      throw ValidationError("Missing expected argument '--out <out>'")
    }
  }

  /// What `--json` prints.
  private struct Report: Encodable {
    struct Part: Encodable {
      var split: String?
      var images: Int
      var objects: Int
    }
    var sets: [Part]
    var classes: [String]
    var files: [String]
    var faults: [DataFault]
  }

  func run() throws {
    try Output.reporting(json: json) {
      var options = ReadingOptions()
      (options.images, options.table, options.attribute) = (images, table, attribute)
      if !classes.isEmpty { options.classes = classes }
      var reading = try format.read(inputs, options: options)
      if let split {
        guard reading.sets.contains(where: { $0.split == split }) else {
          throw DataError(
            file: inputs[0],
            "has no split \(split), only \(reading.sets.map { $0.split ?? "one without a name" })")
        }
        reading.keep(split: split)
      }
      let plan = try plan(for: reading)
      if let plan {
        try write(plan, reading)
      }
      let faults = reading.faults + (plan?.faults ?? [])
      if json {
        try Output.json(
          Report(
            sets: reading.sets.map {
              .init(split: $0.split, images: $0.images.count, objects: $0.objectCount)
            },
            classes: reading.sets.first?.classes ?? [], files: plan?.files.map(\.path) ?? [], faults: faults))
      } else {
        try show(reading, plan, faults)
      }
      guard !faults.contains(where: { $0.severity == .error }) else { throw ExitCode.failure }
    }
  }

  private func plan(for reading: AnnotationReading) throws -> ConversionPlan? {
    guard let out else { return nil }
    return switch to {
    case .coco: try ConversionPlan(coco: reading, out: out)
    case .yolo: try ConversionPlan(yolo: reading, out: out)
    case .labelMaps: try ConversionPlan(labelMaps: reading, out: out, background: background)
    }
  }

  /// Writes all files, or none where one of them would replace something.
  private func write(_ plan: ConversionPlan, _ reading: AnnotationReading) throws {
    var outputs = OutputPlan()
    for set in reading.sets {
      for source in set.sources { outputs.keep(source, as: "an input") }
      for image in set.images { outputs.keep(image.path, as: "a picture that is read") }
    }
    for input in inputs + [table].compactMap({ $0 }) { outputs.keep(input, as: "an input") }
    let option = "--out \(out ?? "")"
    for file in plan.files {
      try outputs.claim(file.path, for: option, of: "another input")
      guard force || !FileIdentity(file.path).exists else {
        throw DataError(file: file.path, "is there already; name another folder, or write over it by --force")
      }
    }
    let progress = ProgressLine(isQuiet: json)
    for (number, file) in plan.files.enumerated() {
      try file.write()
      progress.show("\(number + 1) of \(plan.files.count) files written")
    }
    progress.clear()
  }

  private func show(_ reading: AnnotationReading, _ plan: ConversionPlan?, _ faults: [DataFault]) throws {
    var table = TextTable([.left(5), .right(6), .right(7)], rows: [["set", "images", "objects"]])
    for set in reading.sets {
      table.rows.append([(set.split ?? "all").printedWhole, "\(set.images.count)", "\(set.objectCount)"])
    }
    try Output.print(table.text)
    let classes = reading.sets.first?.classes ?? []
    try Output.print("\(classes.count) classes: \(classes.joined(separator: ", ").printedWhole)")
    if !faults.isEmpty { try Output.print(DatasetCheckReport.text(of: faults), terminator: "") }
    if let plan {
      try Output.print("\n\(plan.files.count) files written\n\n\(plan.config)", terminator: "")
    } else if !faults.contains(where: { $0.severity == .error }) {
      try Output.print("\ntraining reads these files as they are")
    }
  }
}
