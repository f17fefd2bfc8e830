import ArgumentParser
import Files
import Foundation
import Reporting

/// `dense report RUN...`
struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make the report of a run anew, or lay runs beside each other.",
    discussion: """
      A run is a work directory (its newest run), a run's folder, or a log as analyze log takes it. The report is one \
      HTML file that needs nothing else; it is told of the first run, and the others stand beside it. Without --out it \
      goes into that run's folder as report.html.
      """)

  @Argument(help: "Work directories, runs' folders or logs.", completion: .file())
  var runs: [String]

  @Option(help: "The report: a name that ends in .html.", completion: .file(extensions: ["html"]))
  var out: String?

  func validate() throws {
    try requireNames(["--out": out])
    if let out, !out.hasSuffix(".html") {
      throw ValidationError("--out \(out): a name that ends in .html is wanted.")
    }
  }

  func run() throws {
    try Output.reporting {
      var read: [ReportedRun] = []
      for run in runs { read.append(try ReportedRun(contentsOf: run)) }
      let file = out ?? Folder.join(read.first?.folder ?? "", "report.html")
      var plan = OutputPlan()
      for run in runs { plan.keep(run, as: "an input") }
      try plan.claim(
        file, for: out == nil ? file : "--out \(file)", of: "the report", remedy: "name another file")
      try Folder.make(Folder.split(file).folder)
      let places = [Folder.split(file).folder, read.first?.folder ?? ""].map {
        FileIdentity($0.isEmpty ? "." : $0)
      }
      let html = RunReport(read, linksFiles: places[0] == places[1]).html
      try AtomicFile.write(html.utf8, to: file)
      try Output.print("written: \(file)")
    }
  }
}
