import Foundation

extension RunReport {
  /// What ran, on what, and how to run it again.
  func setup(_ run: ReportedRun) -> String {
    var html = ""
    if let command = run.setup.first(where: { $0.name.hasPrefix("dense ") }) {
      html += HTML.paragraph("The command that repeats it:")
      html += "<pre class=\"copy\">\(HTML.text(command.text, limit: 4000))</pre>\n"
    }
    var rows = run.setup.map { (name: $0.name, text: $0.text) }
      .map { $0.name.hasPrefix("dense ") ? (name: "release", text: $0.name) : $0 }
    if let facts = run.facts {
      rows.append(("seed", "\(facts.seed)"))
      rows.append(("memory of tensors", "\(facts.peakMemory >> 20) MB at most"))
      if !facts.earlierRuns.isEmpty {
        rows.append(("goes on from", facts.earlierRuns.joined(separator: ", ")))
      }
    }
    if !rows.isEmpty {
      html +=
        "<dl>\n"
        + rows.map { "<dt>\(HTML.name($0.name))</dt><dd>\(HTML.name($0.text, limit: 1000))</dd>\n" }.joined()
        + "</dl>\n"
    }
    if let settings = run.facts?.settings, !settings.isEmpty {
      html +=
        "<details class=\"t\"><summary>The config beyond its bases: \(settings.count) values</summary>\n"
      html += HTML.table(
        "What the config and the command say themselves",
        [.init(title: "key", isNumber: false), .init(title: "value", isNumber: false)],
        settings.prefix(500).map { [HTML.name($0.path, limit: 200), HTML.name($0.value, limit: 300)] })
      html += "</details>\n"
    }
    if !run.warnings.isEmpty {
      html += HTML.heading("Warnings of the log") + HTML.list(run.warnings.map { HTML.name($0, limit: 500) })
    }
    return html
  }

  /// What is in the data.
  func data(_ run: ReportedRun) -> String {
    let parts = [("training", run.facts?.training), ("validation", run.facts?.validation)]
    let known = parts.compactMap { name, counts in counts.map { (name: name, counts: $0) } }
    guard !known.isEmpty else { return "" }
    var html = HTML.list(
      known.map { part in
        let counts = part.counts
        let all = counts.counts.reduce(0, +)
        return "\(part.name): \(counts.images) images"
          + (counts.isEmpty
            ? "" : ", \(all) \(HTML.text(counts.unit)) of \(counts.classes.count) classes\(counts.part)")
      })
    html += HTML.list(doubts(known).map { "Look at this: " + $0 })
    var classes: [String] = []
    for part in known {
      for name in part.counts.classes where !classes.contains(name) { classes.append(name) }
    }
    func count(_ part: LabelCounts, _ name: String) -> Int? {
      part.classes.firstIndex(of: name).flatMap { part.counts.indices.contains($0) ? part.counts[$0] : nil }
    }
    let largest = known.map { part in Double(max(1, part.counts.counts.max() ?? 1)) }
    html += HTML.table(
      "\(HTML.text(known[0].counts.unit.isEmpty ? "labels" : known[0].counts.unit)) of each class",
      [.init(title: "class", isNumber: false)]
        + known.flatMap {
          [
            HTML.Column(title: $0.name),
            .init(title: "<span class=\"sr\">as a bar</span>", isNumber: false, isExtra: true),
          ]
        },
      classes.prefix(2000).map { name in
        [HTML.name(name)]
          + zip(known, largest).flatMap { part, most -> [String] in
            let value = count(part.counts, name)
            let share = 100 * Double(value ?? 0) / most
            return [
              value.map { "\($0)" } ?? "–",
              HTML.bar(share / 100),
            ]
          }
      }, sorts: true)
    html += HTML.panels(
      known.filter { $0.counts.unit == "objects" }.flatMap { part in
        [
          HTML.bars(
            "Sizes in \(part.name): root of the box's area, in pixels of the file",
            zip(LabelCounts.sizeNames, part.counts.sizes).map { ($0, Double($1), "\($1)") }),
          HTML.bars(
            "Shapes in \(part.name): width to height",
            zip(LabelCounts.ratioNames, part.counts.ratios).map { ($0, Double($1), "\($1)") }),
        ]
      })
    return html
      + HTML.paragraph(
        "<code>dense data check CONFIG</code> reads every file and says all that is wrong.", class: "note")
  }

  private func doubts(_ known: [(name: String, counts: LabelCounts)]) -> [String] {
    var items: [String] = []
    for part in known {
      let counts = part.counts
      if !counts.isEmpty {
        let none = zip(counts.classes, counts.counts).filter { $1 == 0 }.map(\.0)
        if !none.isEmpty, none.count < counts.classes.count {
          items.append(
            "\(none.count) classes have no \(HTML.text(counts.unit)) in \(part.name): "
              + none.prefix(12).map { HTML.name($0) }.joined(separator: ", ") + (none.count > 12 ? ", …" : "")
          )
        }
        let (most, least) = (counts.counts.max() ?? 0, counts.counts.filter { $0 > 0 }.min() ?? 0)
        if least > 0, most >= 100 * least {
          items.append(
            "the most frequent class of \(part.name) has \(most / least) times the \(HTML.text(counts.unit)) of the rarest"
          )
        }
      }
      if counts.flat > 0 { items.append("\(counts.flat) objects of \(part.name) have no area") }
      if counts.unit == "objects", counts.empty > 0 {
        items.append("\(counts.empty) images of \(part.name) have no object")
      }
      if counts.ignored > 0 { items.append("\(counts.ignored) objects of \(part.name) are ignored (crowds)") }
    }
    return items
  }

  /// What takes how long.
  func speed(_ run: ReportedRun) -> String {
    guard let speed = run.facts?.speed, speed.steps > 0 || speed.evaluationBatches > 0 else { return "" }
    func rows(_ stages: [SpeedFacts.Stage]) -> [(name: String, value: Double, text: String)] {
      stages.map { ($0.name, $0.milliseconds, HTML.number($0.milliseconds, 2)) }
    }
    var html = ""
    if speed.steps > 0 {
      let share = speed.seconds > 0 ? speed.waiting / speed.seconds : 0
      html += HTML.paragraph(
        "A step takes \(HTML.number(1000 * speed.seconds / Double(speed.steps), 1)) ms, \(HTML.percent(share)) % of it "
          + "waiting for data\(share > 0.2 ? ": more workers or faster reading would help" : "").")
      html += HTML.bars("Milliseconds of a training step, mean of \(speed.steps)", rows(speed.stages))
    }
    if !speed.loading.isEmpty {
      html += HTML.bars(
        "Milliseconds to read and augment one image, on one thread", rows(speed.loading))
    }
    if speed.evaluationBatches > 0 {
      html += HTML.paragraph(
        "Evaluation: \(HTML.number(speed.evaluation, 1)) ms a batch, \(speed.evaluationBatches) batches.")
    }
    return html
  }

  /// What there is to save, and what lies beside.
  func files(_ run: ReportedRun) -> String {
    func link(_ name: String, _ type: String, _ text: String) -> String {
      let bytes = Data(text.utf8).base64EncodedString()
      return "<a download=\"\(name)\" href=\"data:\(type);base64,\(bytes)\">\(name)</a>"
    }
    var items: [String] = []
    if run.facts?.evaluation != nil {
      items.append(
        "The figures: \(link("figures.csv", "text/csv", figuresCSV(run))), \(link("figures.json", "application/json", figuresJSON))"
      )
    }
    items += (linksFiles ? run.files : []).map { file in
      let address = file.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? file
      return "<a href=\"\(HTML.text(address))\">\(HTML.text(file))</a>"
    }
    return HTML.list(items)
  }

  /// How the run went.
  func curves(_ extent: Extent) -> String {
    let all = runs.map(\.curves)
    let last = all.flatMap { $0.curves.flatMap { $0.points.suffix(1) } }.map(\.step).max() ?? 0
    guard last > 0 else { return "" }
    let panels = CurvesFigure.groups(of: all).map { group in
      var lines: [ReportChart.Line] = []
      for run in all {
        for name in group.names {
          for curve in run[name] where !curve.points.isEmpty {
            let isMetric = curve.isOfValidation && !name.contains("loss")
            let best = isMetric ? curve.points.max { $0.value < $1.value } : nil
            lines.append(
              ReportChart.Line(
                name: all.count > 1
                  ? "\(name) of \(run.name)" : curve.isOfValidation ? "\(name) (validation)" : name,
                points: curve.thinned(to: extent.curvePoints).map { SIMD2($0.step, $0.value) },
                mark: best.map { SIMD2($0.step, $0.value) }))
          }
        }
      }
      let findings = lines.prefix(6).compactMap { line -> String? in
        guard let first = line.points.first, let last = line.points.last else { return nil }
        return
          "\(line.name): \(Axis.short(first.y)) at \(Axis.short(first.x)), \(Axis.short(last.y)) at \(Axis.short(last.x))"
      }
      return ReportChart(
        title: "\(group.title) over iterations", finding: findings.joined(separator: "; "), lines: lines,
        range: 0...last, hasLogarithm: true
      ).html()
    }
    return HTML.paragraph(
      "All panels have the same axis of iterations: point at one, or move with the arrow keys, and all tell their values. "
        + "A diamond marks the best.", class: "note") + "<div class=\"panels\">\n\(panels.joined())</div>\n"
  }
}
