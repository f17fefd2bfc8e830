import Analysis
import Files
import Foundation
import Imaging
import Masks
import Reporting
import TestSupport
import Testing

/// A run's folder as a run leaves it, of made-up figures.
struct MadeRun {
  static let evil = "</script><img src=x onerror=alert(1)>"
  let folder: TemporaryFolder
  var path: String { "\(folder.path)/20260101_120000" }

  init(_ facts: ReportFacts, value: Double = 0.5, in folder: TemporaryFolder? = nil) throws {
    self.folder = try folder ?? TemporaryFolder()
    var scalars = ""
    for step in 1...200 {
      scalars +=
        "{\"lr\": 0.001, \"loss\": \(3.0 / Double(step)), \"grad_norm\": 1.5, \"iter\": \(step), \"step\": \(step)}\n"
      if step % 50 == 0 {
        scalars += "{\"coco/bbox_mAP\": \(value * Double(step) / 200), \"step\": \(step)}\n"
      }
    }
    let log = """
      2026/01/01 12:00:00 - dense - INFO - dense 0.1.0: dense train '\(Self.evil)'
      2026/01/01 12:00:00 - dense - INFO - classes: 2 (\(Self.evil))
      2026/01/01 12:00:00 - dense - INFO - work directory: here
      2026/01/01 12:00:01 - dense - WARNING - \(Self.evil)

      """
    let name = "20260101_120000"
    try self.folder.write(Array(scalars.utf8), as: "\(name)/vis_data/scalars.json")
    try self.folder.write(Array(log.utf8), as: "\(name)/\(name).log")
    try self.folder.write(try facts.encoded(), as: "\(name)/vis_data/\(ReportFacts.fileName)")
  }

  func html() throws -> String { RunReport([try ReportedRun(contentsOf: path)]).html }

  /// A detector of so many classes, judged on so many images.
  static func facts(classes: Int = 3, images: Int = 40, pictures: Int = 6) throws -> ReportFacts {
    var facts = ReportFacts()
    (facts.iteration, facts.iterations, facts.seconds, facts.batchSize) = (200, 200, 65, 2)
    facts.settings = [.init(path: "model.\(evil)", value: evil)]
    var evaluation = EvaluationFacts(step: 200)
    evaluation.classes = (0..<classes).map { $0 == 0 ? evil : "class \($0) with a name" }
    evaluation.figures = [.init(name: "coco/bbox_mAP", value: 0.5), .init(name: evil, value: nil)]
    evaluation.twelve = ["bbox": (0..<12).map { $0 == 3 ? -1 : Double($0) / 12 }]
    for name in ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR"] {
      evaluation.classFigures["bbox \(name)"] = (0..<classes).map { $0 == 1 ? nil : Double($0 % 10) / 10 }
    }
    evaluation.scores = (0..<images).map { Float($0 % 11) / 10 }
    var cells: [Int] = []
    for row in 0...classes { cells += [row, row, 5 + row % 7, row, (row + 1) % (classes + 1), 2] }
    evaluation.confusion = ConfusionFacts(
      names: evaluation.classes + ["background"], unit: "objects", cells: cells)
    var detection = DetectionFacts()
    let falling = (0...100).map { 1 - Double($0) / 200 }
    detection.curves = [
      .init(overlap: 0.5, precision: falling), .init(overlap: 0.75, precision: falling.map { $0 / 2 }),
    ]
    detection.classes = (0..<classes).map { index in
      index == 1
        ? .init(objects: 0, precision: [], score: [])
        : .init(
          objects: index, precision: falling.map(Float.init),
          score: falling.map { Float(1 - $0) + 0.3 }.reversed())
    }
    detection.faults = [.init(name: "missed", points: 12, count: 4)]
    detection.border = [.init(name: "at the border", count: 3, value: 0.3)]
    evaluation.detection = detection
    evaluation.calibration = CalibrationFacts(
      expectedError: 0.1,
      bins: (0..<10).map {
        .init(
          from: Double($0) / 10, to: Double($0 + 1) / 10, count: 1, score: Double($0) / 10 + 0.05,
          right: Double($0) / 12)
      })
    evaluation.suspects = [evil]
    let jpeg = try Image(height: 48, width: 64, pixels: (0..<48 * 64 * 3).map { UInt8($0 % 251) })
      .encodedJPEG(quality: 80)
    evaluation.pictures = (0..<pictures).map { number in
      PictureFacts(
        kinds: [["worst", "random", "best"][number % 3]], name: evil, score: 0.5, width: 64, height: 48,
        jpeg: Data(jpeg),
        truths: [.init(label: 2, outcome: .missed, box: [1, 1, 20, 20], path: "M0 0h4v4h-4z")],
        predictions: [
          .init(label: 0, score: 0.9, outcome: .right, box: [5, 5, 30, 30]),
          .init(label: 99, trueLabel: 0, score: 0.4, outcome: .swapped, box: [9, 9, 40, 40]),
          .init(label: 0, score: 0.2, box: [-9, 9]),
        ])
    }
    facts.evaluation = evaluation
    return facts
  }
}

@Suite("report.html")
struct RunReportTests {
  @Test("has its eight sections, their headings in order, a language and a title")
  func sections() throws {
    var facts = try MadeRun.facts()
    facts.speed.steps = 1
    facts.speed.seconds = 1
    let html = try MadeRun(facts).html()
    var place = html.startIndex
    for id in ["verdict", "setup", "curves", "quality", "pictures", "speed", "files"] {
      let range = try #require(
        html.range(
          of: "<details open class=\"section\" id=\"\(id)\"><summary><h2>", range: place..<html.endIndex),
        "\(id)")
      place = range.upperBound
    }
    #expect(html.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">") && html.hasSuffix("</html>\n"))
    #expect(html.components(separatedBy: "<h1>").count == 2)
    #expect(html.contains("<b>Box AP 50.0</b> after 200 iterations: still improving."))
  }

  @Test("writes names from data so that they are names, wherever they stand")
  func names() throws {
    let html = try MadeRun(try MadeRun.facts()).html()
    #expect(!html.contains("<img src=x") && !html.contains("<img onerror"))
    #expect(html.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"))
    // The two scripts, and the end of each.
    #expect(html.components(separatedBy: "<script").count == 3)
    #expect(html.components(separatedBy: "</script>").count == 3)
    #expect(html.contains("\\u003c/script>\\u003cimg") || html.contains("\\u003c\\/script>"))
    let json = try #require(
      html.firstRange(of: /<script type="application\/json" id="figures">[^<]*<\/script>/))
    #expect(!html[json].dropFirst(10).dropLast(9).contains("<"))
  }

  @Test("needs nothing from elsewhere, and its policy allows one script only: its own")
  func policy() throws {
    let html = try MadeRun(try MadeRun.facts()).html()
    let policy = try #require(html.firstMatch(of: /Content-Security-Policy" content="([^"]*)"/)?.1)
    #expect(
      policy.hasPrefix("default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-")
        && policy.hasSuffix("'"))
    let script = try #require(html.firstMatch(of: /<script>([\s\S]*?)<\/script>/)?.1)
    var hash = SHA256()
    hash.update(script.utf8)
    let digits = Array(hash.finished())
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
    #expect(policy.contains("'sha256-\(Data(bytes).base64EncodedString())'"))
    #expect(script.utf8.count <= 15_000)
    for word in ["http://", "https://", "fetch(", "import ", "@font-face", "url("] {
      #expect(!html.replacing("http://www.w3.org", with: "").contains(word), "\(word)")
    }
    #expect(!html.contains(/\son[a-z]+="/))
  }

  @Test("gives each chart a title, a description and a table")
  func charts() throws {
    let html = try MadeRun(try MadeRun.facts()).html()
    let charts = html.components(separatedBy: "<svg class=\"chart\"").dropFirst()
    #expect(charts.count >= 6)
    for chart in charts {
      #expect(chart.contains(/^[^>]* role="img"[^>]*><title>[^<]+<\/title><desc>[^<]+<\/desc>/))
      #expect(chart.contains("<summary>As a table</summary>"))
    }
    #expect(!html.contains("nan") && !html.contains("inf,"))
    #expect(html.contains("class=\"best\""))
  }

  @Test("has the same bytes for the same run")
  func sameBytes() throws {
    let run = try MadeRun(try MadeRun.facts())
    #expect(try run.html() == run.html())
  }

  @Test("stays below its size with 1,203 classes and 50,000 images")
  func size() throws {
    let facts = try MadeRun.facts(classes: 1203, images: 50_000, pictures: 48)
    let html = try MadeRun(facts).html()
    #expect(html.utf8.count < RunReport.wantedBytes, "\(html.utf8.count)")
    // The background and 39 classes, and the rest as one.
    #expect(html.contains("1164 others"))
  }

  @Test("lays runs beside each other, and tells chance from change where the images are the same")
  func beside() throws {
    let one = try MadeRun(try MadeRun.facts())
    let other = try MadeRun(try MadeRun.facts(), value: 0.4)
    let html = RunReport([try ReportedRun(contentsOf: one.path), try ReportedRun(contentsOf: other.path)])
      .html
    #expect(
      html.contains(
        "Box AP +10.0; image by image +0.000 (95 % interval +0.000 to +0.000): not more than chance"))
    #expect(html.contains("Newest figures"))
  }

  @Test("is made of a log alone, of a run without evaluation, and of facts that make no sense")
  func odd() throws {
    let folder = try TemporaryFolder(["log.json": "{\"loss\": 1.5, \"lr\": 0.1, \"step\": 10}\n"])
    let html = RunReport([try ReportedRun(contentsOf: "\(folder.path)/log.json")]).html
    #expect(html.contains("There is no evaluation yet") && html.contains("id=\"curves\""))
    var facts = try MadeRun.facts()
    facts.evaluation?.confusion = ConfusionFacts(
      names: ["a"], unit: "objects", cells: [0, 9, 1, -1, 0, 2, 0, 0, .max, 0])
    facts.evaluation?.classFigures = ["bbox AP": []]
    facts.evaluation?.twelve = ["bbox": [1]]
    facts.evaluation?.detection?.classes = []
    facts.earlierRuns = ["../../etc", ".."]
    #expect(try MadeRun(facts).html().contains("id=\"quality\""))
    #expect(throws: (any Error).self) { try ReportedRun(contentsOf: "\(folder.path)/none") }
  }

  @Test(
    "has colours that can be told from their ground: 4.5 to 1 for words, 3 to 1 for lines",
    arguments: [true, false])
  func contrast(isDark: Bool) {
    let theme = isDark ? ReportStyle.dark : ReportStyle.light
    func luminance(_ name: String) -> Double {
      let colour = theme.first { $0.name == name }?.colour ?? 0
      func part(_ shift: UInt32) -> Double {
        let value = Double(colour >> shift & 255) / 255
        return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
      }
      return 0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
    }
    func ratio(_ a: String, _ b: String) -> Double {
      let pair = [luminance(a), luminance(b)].sorted()
      return (pair[1] + 0.05) / (pair[0] + 0.05)
    }
    for ground in ["bg", "card"] {
      for word in ["fg", "soft", "link"] { #expect(ratio(word, ground) >= 4.5, "\(word) on \(ground)") }
      for line in ["c0", "c1", "c2", "c3", "line", "cell"] {
        #expect(ratio(line, ground) >= 3, "\(line) on \(ground)")
      }
    }
  }

  @Test(
    "says which way it goes",
    arguments: [
      ([], Verdict.Trend.unknown), ([0.5], .single), ([0.1, 0.2, 0.4], .improving),
      ([0.1, 0.4, 0.401], .flat(since: 20)),
      ([0.1, 0.4, 0.3], .flat(since: 20)), ([0.1, 0.4, 0.1, 0.0], .diverged(at: 30)),
    ])
  func trend(values: [Double], trend: Verdict.Trend) {
    var curves = RunCurves(name: "run")
    for (index, value) in values.enumerated() {
      curves.add(step: Double(10 + 10 * index), isOfValidation: true, [("mIoU", value)])
    }
    #expect(Verdict(curves).trend == trend)
    #expect(
      Verdict(curves, ending: "the loss is not finite").trend
        == .diverged(at: values.isEmpty ? 0 : Double(10 * values.count)))
  }

  @Test("knows the interval of a mean, the same each time")
  func interval() throws {
    let values = (0..<200).map { Float($0 % 2) }
    let interval = try #require(Interval(bootstrapping: values))
    #expect(interval.mean == 0.5 && interval.low < 0.48 && interval.low > 0.4 && interval.high < 0.6)
    #expect(interval == Interval(bootstrapping: values))
    #expect(interval.isClear && Interval(bootstrapping: [1]) == nil)
  }
}

@Suite("an outline of pixels")
struct PixelOutlineTests {
  @Test(
    "goes around what is inside, holes too",
    arguments: [
      ("#", "M0 0h1v1h-1z"), (".", ""), ("##", "M0 0h2v1h-2z"), ("#.#", "M0 0h1v1h-1zM2 0h1v1h-1z"),
      ("#./.#", "M0 0h1v1h-1zM1 1h1v1h-1z"),
      ("###/#.#/###", "M0 0h3v3h-3zM1 1v1h1v-1z"),
    ])
  func path(picture: String, path: String) {
    let rows = picture.split(separator: "/").map { Array($0) }
    let outline = PixelOutlines(height: rows.count, width: rows[0].count) { rows[$0][$1] == "#" }
    #expect(outline.path == path)
  }
}
