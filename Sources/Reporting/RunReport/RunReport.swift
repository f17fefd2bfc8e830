import Files
import Foundation

/// `report.html`: one page, in one file and without anything from elsewhere, that says what a run came to.
///
/// The same runs give the same bytes.
public struct RunReport: Sendable {
  /// The run that is told of, and those that are laid beside it.
  let runs: [ReportedRun]
  let linksFiles: Bool

  /// How much of a run is shown, so that a page has a size that opens.
  struct Extent {
    var pictures = 48
    var curvePoints = 2_000
    var classes = 2_000
  }

  /// Bytes that are never passed, and those aimed at.
  package static let (mostBytes, wantedBytes) = (20_000_000, 5_000_000)

  /// A report of the first of the runs beside the others. Where `linksFiles` is true, the page lies in the folder of
  /// the first run, whose files it links.
  public init(_ runs: [ReportedRun], linksFiles: Bool = true) {
    (self.runs, self.linksFiles) = (runs, linksFiles)
  }

  /// The page.
  public var html: String {
    var extent = Extent()
    var page = page(extent)
    for (pictures, points, classes, limit) in [
      (24, 1_000, 2_000, Self.mostBytes), (12, 500, 500, Self.mostBytes), (0, 200, 100, Self.mostBytes),
    ] where page.utf8.count > limit {
      extent = Extent(pictures: pictures, curvePoints: points, classes: classes)
      page = self.page(extent)
    }
    return page
  }

  private func page(_ extent: Extent) -> String {
    guard let run = runs.first else { return "" }
    let sections = [
      ("verdict", "Verdict", verdict(run)),
      ("setup", "What ran", setup(run)),
      ("data", "Data", data(run)),
      ("curves", "Curves", curves(extent)),
      (
        "quality", quality(run),
        detector(run, extent) + segmentor(run, extent) + classifier(run, extent) + otherClasses(run, extent)
      ),
      ("pictures", "Pictures", pictures(run, extent)),
      ("speed", "Speed", speed(run)),
      ("files", "Files", files(run)),
    ].filter { !$0.2.isEmpty }
    let title = "Report of \(runs.map(\.name).joined(separator: " beside "))"
    let links = sections.map { "<li><a href=\"#\($0.0)\">\($0.1)</a></li>" }.joined()
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '\(ReportScript.digest)'">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(HTML.text(title))</title>
      <style>\(ReportStyle.css)</style>
      </head>
      <body>
      <a class="skip" href="#main">To the report</a>
      <header><h1>\(HTML.name(title, limit: 200))</h1>
      <nav aria-label="Sections"><ul>\(links)</ul></nav></header>
      <main id="main">
      \(sections.map { HTML.section($0.0, $0.1, $0.2) }.joined())</main>
      <script type="application/json" id="figures">\(figuresJSON.replacing("<", with: "\\u003c"))</script>
      <script>\(ReportScript.source)</script>
      </body>
      </html>

      """
  }

  private func quality(_ run: ReportedRun) -> String {
    run.facts?.evaluation?.detection != nil
      ? "Detector" : run.facts?.evaluation?.confusion?.unit == "pixels" ? "Segmentor" : "Classes"
  }

  // MARK: Figures for machines

  private struct Figures: Encodable {
    struct Run: Encodable {
      var name: String
      var step: Int?
      var figures: [String: Double?]
      var classes: [[String: String]]
    }
    var runs: [Run]
  }

  /// The figures of the newest evaluations.
  var figuresJSON: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let runs = runs.map { run in
      let evaluation = run.facts?.evaluation
      return Figures.Run(
        name: run.name, step: evaluation?.step,
        figures: Dictionary(evaluation?.figures.map { ($0.name, $0.value) } ?? []) { first, _ in first },
        classes: (evaluation?.classes ?? []).enumerated().map { index, name in
          var row = ["name": name]
          for (figure, values) in evaluation?.classFigures ?? [:] where values.indices.contains(index) {
            row[figure] = values[index].map { "\($0)" } ?? ""
          }
          return row
        })
    }
    guard let bytes = try? encoder.encode(Figures(runs: runs)) else { return "{}" }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The same as a spreadsheet reads them: a row a class.
  func figuresCSV(_ run: ReportedRun) -> String {
    guard let evaluation = run.facts?.evaluation else { return "" }
    func cell(_ text: String) -> String { "\"" + text.replacing("\"", with: "\"\"") + "\"" }
    let names = evaluation.classFigures.keys.sorted()
    let rows = evaluation.classes.enumerated().map { index, name in
      [cell(name)]
        + names.map { figure in
          let values = evaluation.classFigures[figure] ?? []
          return values.indices.contains(index) ? values[index].map { "\($0)" } ?? "" : ""
        }
    }
    let all = evaluation.figures.map { [cell($0.name), $0.value.map { "\($0)" } ?? ""] }
    return ([["class"] + names.map(cell)] + rows + [[""], ["figure", "value"]] + all)
      .map { $0.joined(separator: ",") + "\n" }.joined()
  }
}
