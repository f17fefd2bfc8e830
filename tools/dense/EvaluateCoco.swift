import ArgumentParser
import Coco
import Files
import Reporting

extension CocoIoUType: ExpressibleByArgument {}

/// `dense evaluate coco`
struct EvaluateCoco: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coco", abstract: "COCO's average precision and recall, with pycocotools' numbers.",
    discussion: """
      Several result files are evaluated beside each other, and each is compared with the first: by how much it is \
      better, and within which bounds that lies for 95 of a hundred draws of images.
      """)

  @Option(help: "The annotation file.", completion: .file(extensions: ["json"]))
  var annotations: String

  @Option(
    parsing: .upToNextOption, help: "The result file, or several.", completion: .file(extensions: ["json"]))
  var results: [String]

  @Option(parsing: .upToNextOption, help: "What is compared: bbox, segm, proposal.")
  var iouType: [CocoIoUType] = [.bbox]

  @Option(parsing: .upToNextOption, help: "Three limits of results an image, such as 1 10 100.")
  var maxDets: [Int] = []

  @Option(
    parsing: .upToNextOption, help: "Thresholds on the overlap, such as 0.5 0.75; 0.50 to 0.95 unless given.")
  var iouThrs: [Double] = []

  @Option(parsing: .upToNextOption, help: "The classes that count, by name or id; all unless given.")
  var classes: [String] = []

  @Option(parsing: .upToNextOption, help: "The images that count, by id or file name; all unless given.")
  var images: [String] = []

  @Flag(help: "Also print a row a class.")
  var classwise = false

  @Flag(
    help: "Also say why points are lost: errors by kind, confusions, the worst images, likely label errors.")
  var analyze = false

  @Option(
    help: "With --analyze: a folder for pictures of what it finds, each as PNG and SVG.",
    completion: .directory)
  var plots: String?

  @Option(parsing: .unconditional, help: "How often images are drawn to compare several results.")
  var resamples = 1000

  @Option(parsing: .unconditional, help: "The seed of these draws.")
  var seed: UInt64 = 0

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    try requireNames(["--plots": plots])
    guard plots == nil || analyze else {
      throw ValidationError("--plots draws what --analyze finds: give both.")
    }
    guard !results.isEmpty else { throw ValidationError("--results needs a result file, or several.") }
    guard maxDets.isEmpty || (maxDets.count == 3 && maxDets.allSatisfy { $0 > 0 }) else {
      throw ValidationError("--max-dets needs three positive numbers, such as 1 10 100.")
    }
    guard iouThrs.allSatisfy({ (0...1).contains($0) }) else {
      throw ValidationError("--iou-thrs needs numbers from 0 to 1, such as 0.5 0.75.")
    }
    guard Set(iouType).count == iouType.count, !iouType.isEmpty else {
      throw ValidationError("--iou-type needs one or more of bbox, segm, proposal, each once.")
    }
    guard (1...1_000_000).contains(resamples) else {
      throw ValidationError("--resamples must be in 1...1000000.")
    }
    guard !analyze || iouType != [.proposal] else {
      throw ValidationError("--analyze looks at bbox and segm; proposals have no classes.")
    }
  }

  /// What is said of one result file and type.
  private struct Report: Encodable {
    var summary: CocoSummary
    var analysis: CocoAnalysis?

    func encode(to encoder: any Encoder) throws {
      try summary.encode(to: encoder)
      try analysis?.encode(to: encoder)
    }
  }

  /// Several result files.
  private struct Table: Encodable {
    struct Row: Encodable {
      var file: String
      var reports: [String: Report]

      enum CodingKeys: CodingKey { case file }

      func encode(to encoder: any Encoder) throws {
        try reports.encode(to: encoder)
        var keys = encoder.container(keyedBy: CodingKeys.self)
        try keys.encode(file, forKey: .file)
      }
    }
    struct Comparison: Encodable {
      var file: String
      var against: String
      var types: [String: CocoComparison]

      enum CodingKeys: CodingKey { case file, against }

      func encode(to encoder: any Encoder) throws {
        try types.encode(to: encoder)
        var keys = encoder.container(keyedBy: CodingKeys.self)
        try keys.encode(file, forKey: .file)
        try keys.encode(against, forKey: .against)
      }
    }
    var results: [Row] = []
    var comparisons: [Comparison] = []
  }

  func run() throws {
    try Output.reporting(json: json) {
      threads.apply()
      if let plots { try Folder.makeWritable(plots) }
      let truth = try CocoAnnotations(contentsOf: annotations)
      if let faults = truth.faultSummary { Output.message("warning: \(faults)") }
      let chosen = (
        images: try images.isEmpty ? nil : truth.imageIDs(named: images),
        categories: try classes.isEmpty ? nil : truth.categoryIDs(named: classes)
      )
      var table = Table()
      var first: [CocoIoUType: CocoEvaluator] = [:]
      for (number, file) in results.enumerated() {
        let found = try CocoResults(contentsOf: file)
        warn(of: found, truth)
        if !json, results.count > 1 { try Output.print(file) }
        var reports: [String: Report] = [:]
        var comparisons: [String: CocoComparison] = [:]
        for type in iouType {
          var evaluator = try CocoEvaluator(
            annotations: truth, iouType: type, maxDets: maxDets.isEmpty ? nil : maxDets,
            imageIDs: chosen.images, categoryIDs: chosen.categories,
            iouThresholds: iouThrs.isEmpty ? nil : iouThrs)
          try evaluator.add(found, of: truth)
          let analysis =
            try analyze && type != .proposal
            ? CocoAnalysis(of: found, against: truth, evaluator: evaluator) : nil
          let report = Report(summary: evaluator.summary(), analysis: analysis)
          reports[type.rawValue] = report
          if let plots, let analysis {
            // Of several results each has a folder, by its number among them.
            let folder = results.count > 1 ? Folder.join(plots, "\(number + 1)") : plots
            try Folder.makeWritable(folder)
            try CocoAnalysisPlots(analysis, report.summary).write(into: folder)
          }
          if !json { try show(report, type) }
          guard let base = first[type] else {
            first[type] = evaluator
            continue
          }
          let comparison = try CocoComparison(base, evaluator, resamples: resamples, seed: seed)
          comparisons[type.rawValue] = comparison
          if !json { try Output.print("\(file) against \(results[0])\n\(comparison.text)") }
        }
        table.results.append(.init(file: file, reports: reports))
        if !comparisons.isEmpty {
          table.comparisons.append(.init(file: file, against: results[0], types: comparisons))
        }
      }
      guard json else { return }
      if results.count > 1 { try Output.json(table) } else { try Output.json(table.results[0].reports) }
    }
  }

  private func show(_ report: Report, _ type: CocoIoUType) throws {
    try Output.print("\(type.rawValue)\n\(report.summary.text(classwise: classwise))")
    if let analysis = report.analysis { try Output.print("\n\(analysis.text)") }
  }

  private func warn(of found: CocoResults, _ truth: CocoAnnotations) {
    if let faults = found.faultSummary { Output.message("warning: \(faults)") }
    let unknown = found.unknownCategoryIDs(in: truth)
    guard !unknown.isEmpty else { return }
    Output.message(
      "warning: \(found.file) has results of categories that \(annotations) lacks; they do not count: "
        + unknown.prefix(10).map(String.init).joined(separator: ", "))
  }
}
