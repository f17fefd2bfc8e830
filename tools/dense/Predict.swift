import ArgumentParser
import Coco
import Configuration
import Data
import Distribution
import Files
import Foundation
import Imaging
import Modeling
import Reporting
import Tensors
import Training

/// `dense predict [CONFIG] CHECKPOINT INPUT...`
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Predict images and films: pictures, label maps and tables, no annotations needed.",
    usage: "dense predict [<config>] <checkpoint> <input> ... [<options>]",
    discussion: """
      Detectors give objects, with the numbers that their classes have in the annotation files; segmentors the class of \
      each pixel; classifiers the best five classes of the image. Pictures bear the names of their images, as JPEG where \
      the image is. Nothing is written over an input or another result.

      Inputs are files; folders, of which all pictures and films are taken, in the order of their names (frame 2 before \
      frame 10), and whose own folders the results keep; patterns in quotes, '*.jpg' or 'frame_%04d.jpg'; lists, @FILE \
      with one name a line, and - for a list on standard input; and films (mp4, mkv, mov, avi, webm, ...), whose frames \
      become NAME/000001.jpg and on, as ffmpeg takes them. An input that fails is named, the others go on, and the exit \
      status is 1.
      """)

  @Argument(
    help: ArgumentHelp(
      "The config file (YAML), unless the checkpoint's own is meant; the checkpoint (safetensors or .pth) or a work "
        + "directory, which stands for its best checkpoint, else its newest; and the inputs.",
      valueName: "[config] checkpoint inputs"), completion: .file())
  var words: [String]

  @OptionGroup var replacements: OverrideOptions
  @OptionGroup var output: PredictOutputOptions
  @OptionGroup var manner: PredictMannerOptions
  @OptionGroup var threads: ThreadOptions

  func validate() throws { _ = try CheckpointWords(words, wantsMore: true) }

  private struct Report: Encodable {
    /// An input that was passed over, and why.
    struct Failure: Encodable {
      var file: String
      var message: String
    }
    var images: [PredictedImage] = []
    var failed: [Failure]?
    /// What products were taken in, where bfloat16 was asked for.
    var precision: Precision?
    var parts: PartTimes?
  }

  /// What is opened before the first image.
  private struct Prepared {
    var checkpoint: String
    var inputs: [InputImages.Input]
    var kind: ResultKind?
    var predictor: Predictor
    /// Where pictures go.
    var folder: String?
    var objects: CocoPredictions?
    var run: PredictionRun
  }

  /// - Parameter time: What a folder is called that nobody named.
  private func prepare(time: String, isAlone: Bool) throws -> Prepared {
    let named = try CheckpointWords(words, wantsMore: true)
    let checkpoint = try named.checkpointFile()
    let configuration = try PartTimes.measure("config: read") {
      try replacements.experiment(named.config, carriedBy: checkpoint)
    }
    let kind = ResultKind(of: configuration, components: .all)
    if let kind { try requireFitting(kind) }
    let inputs = try InputImages.inputs(named.rest, films: true) {
      guard isAlone else {
        throw ValidationError("Standard input is of one process: with several give the list as @FILE.")
      }
      return try StandardInput.whole()
    }
    var plan = OutputPlan(keepingDataOf: configuration)
    for input in inputs { plan.keep(input.path, as: "an input") }
    plan.keep(checkpoint, as: "the checkpoint")
    if let annotations = output.annotations { plan.keep(annotations, as: "the annotation file") }
    for (option, file) in [("--out", output.out), ("--csv", output.csv), ("--sheet", output.sheet)] {
      guard let file else { continue }
      try Folder.makeWritable(Folder.split(file).folder)
      try plan.claim(file, for: "\(option) \(file)", of: "all images", remedy: "name another file")
    }
    let predictor = try Predictor(
      configuration: configuration, components: .all, checkpoint: checkpoint, scale: manner.scale?.size,
      half: manner.half)
    let shown = try manner.shown(of: predictor.metainfo.classes)
    // A classifier's answer is a line an image.
    let folder = output.outDir ?? (output.needsFolder && kind != .classes ? time : nil)
    var wanted = PredictionFiles.Wanted()
    (wanted.labelMaps, wanted.crops, wanted.showing) = (
      output.labelMap || kind == .labelMaps, output.crop, shown
    )
    let files = try PredictionFiles(
      in: folder, wanted, of: inputs, metainfo: predictor.metainfo, plan: plan)
    var way = manner.manner
    way.thumbnail = output.sheet == nil ? nil : 320
    return Prepared(
      checkpoint: checkpoint, inputs: inputs, kind: kind, predictor: predictor, folder: folder,
      objects: try objects(of: inputs, kind, predictor.metainfo),
      run: PredictionRun(predictor, inputs, way, showing: shown, files: files))
  }

  private func requireFitting(_ kind: ResultKind) throws {
    let isDetector = kind == .objects
    for (option, isGiven) in [
      ("--tile", manner.tile != nil), ("--crop", output.crop), ("--max-det", manner.maxDet != nil),
      ("--annotations", output.annotations != nil),
    ] where isGiven && !isDetector {
      throw ValidationError("\(option) is about the objects of a detector; this model is none.")
    }
    if output.labelMap, kind == .classes {
      throw ValidationError("--label-map is of detectors and segmentors; this model is a classifier.")
    }
  }

  /// A detector's result file, before its objects are known.
  private func objects(
    of inputs: [InputImages.Input], _ kind: ResultKind?, _ metainfo: DatasetMetainfo
  ) throws -> CocoPredictions? {
    guard output.out != nil, kind == nil || kind == .objects else { return nil }
    let hasFilms = inputs.contains { Film.isFilm($0.path) }
    let numbering: CocoPredictions.Numbering =
      if let file = output.annotations {
        .annotations(try CocoAnnotations(contentsOf: file))
      } else if hasFilms {
        .order
      } else { .init(of: inputs.map(\.path)) }
    if case .order = numbering {
      Output.message(
        "note: --out numbers the images from 1, in their order; --annotations GT.json takes the numbers of a file"
      )
    }
    return try CocoPredictions(numbering, classes: metainfo.classes)
  }

  func run() throws {
    let times = output.timing ? PartTimes() : nil
    try PartTimes.$current.withValue(times) { try predict() }
  }

  private func predict() throws {
    try Ranks.together(threads, json: output.json) { ranks in
      let time = Folder.join("predictions", Folder.timestamp(below: "predictions"))
      // The first one's clock.
      let shared =
        try ranks.size > 1
        ? ranks.gather(Array(time.utf8)).first.map { String(decoding: $0, as: UTF8.self) } : nil
      let prepared = try ranks.agreeing(on: { [.init("images", "\($0.inputs.count)")] }) {
        try prepare(time: shared ?? time, isAlone: ranks.size == 1)
      }
      if ranks.isFirst {
        for note in prepared.predictor.notes { Output.message("note: \(note)") }
        if !output.json { try Output.print("\(prepared.predictor.loading) from \(prepared.checkpoint)") }
      }
      let start = ContinuousClock.now
      var outcomes: [PredictionRun.Outcome] = []
      var running = prepared.run
      try running.run(stride(from: ranks.rank, to: prepared.inputs.count, by: ranks.size)) { outcome in
        if ranks.size == 1 { try say(outcome, of: prepared) }
        outcomes.append(outcome)
      }
      if ranks.size > 1 {
        let parts = try ranks.gather([UInt8](JSONEncoder().encode(outcomes)))
        outcomes = try parts.flatMap {
          try JSONDecoder().decode([PredictionRun.Outcome].self, from: Foundation.Data($0))
        }
        .enumerated().sorted { ($0.element.number, $0.offset) < ($1.element.number, $1.offset) }.map(
          \.element)
        if ranks.isFirst { for outcome in outcomes { try say(outcome, of: prepared) } }
      }
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      if ranks.isFirst { try conclude(outcomes, prepared, seconds: seconds) }
      if outcomes.contains(where: { $0.message != nil }) { throw ranks.shared(ExitCode.failure) }
    }
  }

  /// Tells people what an input came to.
  private func say(_ outcome: PredictionRun.Outcome, of prepared: Prepared) throws {
    if let message = outcome.message { Output.message("error: \(message)") }
    guard !output.json else { return }
    if let image = outcome.image { try Output.print(image.line) }
    if let note = outcome.note {
      try Output.print("\(prepared.inputs[outcome.number].path.printedWhole): \(note)")
    }
  }

  /// Writes what is of all images, and says what they came to.
  private func conclude(
    _ outcomes: [PredictionRun.Outcome], _ prepared: Prepared, seconds: Double
  ) throws {
    let failed = outcomes.compactMap { outcome in
      outcome.message.map { Report.Failure(file: prepared.inputs[outcome.number].path, message: $0) }
    }
    let images = outcomes.compactMap(\.image)
    let times = PartTimes.current
    let report = Report(
      images: images, failed: failed.isEmpty ? nil : failed, precision: prepared.predictor.precision.told,
      parts: times)
    let table = PredictionTable(images, classes: prepared.predictor.metainfo.classes)
    var written = [prepared.folder].compactMap { $0 }
    if let out = output.out {
      if var objects = prepared.objects {
        objects.add(images)
        try AtomicFile.write(try objects.encoded(), to: out)
        if let first = objects.unknown.first {
          Output.message(
            "note: \(objects.unknown.count) images are not in \(output.annotations ?? ""), \(first.printedWhole) "
              + "for one: their objects are not in \(out)")
        }
      } else {
        try AtomicFile.write(Output.encoded(report), to: out)
      }
      written.append(out)
    }
    if let csv = output.csv {
      try AtomicFile.write(Array(table.csv.utf8), to: csv)
      written.append(csv)
    }
    if let sheet = output.sheet {
      let pictures = try thumbnails(outcomes, prepared)
      if !pictures.isEmpty {
        try ContactSheet(pictures, side: 320).write(to: sheet)
        written.append(sheet)
      }
      if images.count > pictures.count {
        Output.message("note: the sheet shows \(pictures.count) of \(images.count) images")
      }
    }
    if output.json {
      try Output.json(report)
    } else {
      try Output.print(table.lines.joined(separator: "\n"))
      for file in written { try Output.print("written: \(file.printedWhole)") }
      let rate = Double(images.count) / max(1e-9, seconds)
      let count = images.count == 1 ? "1 image" : "\(images.count) images"
      try Output.print(
        count
          + String(
            format: rate < 10 ? " in %.1f s, %.2f a second" : " in %.1f s, %.1f a second", seconds, rate))
      if let times { try Output.print(times.lines.joined(separator: "\n")) }
    }
    if !failed.isEmpty {
      Output.message("\(failed.count) of \(prepared.inputs.count) inputs could not be predicted")
    }
  }

  private func thumbnails(
    _ outcomes: [PredictionRun.Outcome], _ prepared: Prepared
  ) throws -> [(name: String?, image: Image)] {
    try outcomes.compactMap { outcome in
      guard let bytes = outcome.thumbnail else { return nil }
      let path = prepared.inputs[outcome.number].path
      let name = Folder.split(path).name + (outcome.image?.frame.map { " \($0)" } ?? "")
      return (name, try Image.decode([UInt8](bytes), file: path))
    }.prefix(ContactSheet.most).map { $0 }
  }
}
