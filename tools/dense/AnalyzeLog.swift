import Analysis
import ArgumentParser
import Files
import Foundation
import Imaging
import Reporting

/// `dense analyze log RUN...`
struct AnalyzeLog: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Draw the curves of runs beside each other, and print a table of them.",
    discussion: """
      A run is a work directory (its resumed runs follow each other), a run's folder, or a log: scalars.json and text \
      logs of mmdetection, mmsegmentation and their kin, metrics.json of detectron2, log_rank0.txt of Swin and VMamba.
      """)

  @Argument(help: "Work directories, runs' folders or logs.", completion: .file())
  var runs: [String]

  @Option(
    help: ArgumentHelp(
      "Which figures, such as loss,coco/bbox_mAP: a panel each. (default: all, grouped)", valueName: "names"))
  var keys: String?

  @Option(help: "The picture of the curves: a name that ends in .svg or .png.", completion: .file())
  var out: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  private struct Row: Encodable {
    var run: String
    var key: String
    var points: Int
    var last: Double
    var lastStep: Double
    var least: Double
    var largest: Double

    enum CodingKeys: String, CodingKey {
      case run, key, points, last
      case lastStep = "last_step"
      case least = "min"
      case largest = "max"
    }
  }

  private struct Report: Encodable { var curves: [Row] }

  private var chosen: [String] {
    (keys ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
  }

  func validate() throws {
    try requireNames(["--out": out, "--keys": keys])
    if let out, !out.hasSuffix(".svg"), !out.hasSuffix(".png") {
      throw ValidationError("--out \(out): a name that ends in .svg or .png is wanted.")
    }
  }

  func run() throws {
    try Output.reporting(json: json) {
      let curves = try runs.map { try RunCurves(contentsOf: $0) }
      let names = Set(curves.flatMap { $0.curves.map(\.name) })
      if let unknown = chosen.first(where: { !names.contains($0) }) {
        throw ValidationError(
          "--keys: no run has '\(unknown)'; there are \(names.sorted().joined(separator: ", ")).")
      }
      let rows = curves.flatMap { run in
        run.curves.filter { chosen.isEmpty || chosen.contains($0.name) }.compactMap { curve in
          Self.row(of: curve, run: run.name)
        }
      }
      if let out {
        var plan = OutputPlan()
        for run in runs { plan.keep(run, as: "an input") }
        try plan.claim(out, for: "--out \(out)", of: "the curves", remedy: "name another file")
        let figure = CurvesFigure(curves, keys: chosen)
        if out.hasSuffix(".svg") {
          try AtomicFile.write(figure.svg.utf8, to: out)
        } else {
          try Folder.make(Folder.split(out).folder)
          try figure.picture.writePNG(to: out)
        }
      }
      if json { return try Output.json(Report(curves: rows)) }
      let lines = rows.map { row in
        [row.run.printedWhole, row.key.printedWhole, "\(row.points)"]
          + [row.last, row.lastStep, row.least, row.largest].map { String(format: "%.6g", $0) }
      }
      let table = TextTable(
        [.left(), .left(), .right(), .right(), .right(), .right(), .right()],
        rows: [["run", "figure", "points", "last", "at", "least", "largest"]] + lines)
      try Output.print(table.text)
      if let out { try Output.print("written: \(out)") }
    }
  }

  private static func row(of curve: RunCurves.Curve, run: String) -> Row? {
    guard let last = curve.points.last else { return nil }
    let values = curve.points.map(\.value)
    return Row(
      run: run, key: curve.name, points: values.count, last: last.value, lastStep: last.step,
      least: values.min() ?? last.value, largest: values.max() ?? last.value)
  }
}
