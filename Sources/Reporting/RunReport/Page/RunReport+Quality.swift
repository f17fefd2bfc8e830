import Foundation

extension RunReport {
  private static let meanings = [
    "AP, mean of the overlaps 0.50 to 0.95", "AP at the overlap 0.50: found at all",
    "AP at 0.75: found exactly",
    "AP of small objects (below 32² pixels)", "AP of medium objects (to 96²)", "AP of large objects",
    "AR with 1 detection an image", "AR with 10", "AR with 100", "AR of small objects",
    "AR of medium objects",
    "AR of large objects",
  ]

  /// What a detector can and cannot do.
  func detector(_ run: ReportedRun, _ extent: Extent) -> String {
    guard let evaluation = run.facts?.evaluation, let detection = evaluation.detection else { return "" }
    var html = ""
    let kinds = ["bbox", "segm"].filter { evaluation.twelve[$0]?.count == 12 }
    html += HTML.table(
      "COCO's twelve numbers, in percent",
      [.init(title: "what it means", isNumber: false)]
        + kinds.map { .init(title: $0 == "bbox" ? "boxes" : "masks") },
      kinds.isEmpty
        ? []
        : Self.meanings.enumerated().map { index, meaning in
          [meaning]
            + kinds.map { kind in
              let value = evaluation.twelve[kind]?[index] ?? -1
              return value < 0 ? "–" : HTML.number(100 * value, 1)
            }
        })
    html += classTable(evaluation, detection, kinds, extent)
    html += "<div class=\"panels\">\n" + detectorCharts(detection) + calibration(evaluation) + "</div>\n"
    func groups(_ caption: String, _ groups: [DetectionFacts.Group]) -> String {
      HTML.bars(caption, groups.map { ("\($0.name) (\($0.count))", $0.value, HTML.percent($0.value)) })
    }
    html += HTML.panels([
      faults(detection), groups("Share of objects found, in percent, by size", detection.sizes),
      groups("AP50 in percent by how many objects an image has", detection.crowding),
      groups("Share of objects found, in percent, by the distance from the border", detection.border),
    ])
    return html + confusion(run, extent) + suspects(evaluation)
  }

  private func classTable(
    _ evaluation: EvaluationFacts, _ detection: DetectionFacts, _ kinds: [String], _ extent: Extent
  ) -> String {
    let kind = kinds.contains("segm") ? "segm" : "bbox"
    let names: [(key: String, title: String, isExtra: Bool)] = [
      ("AP", "AP", false), ("AP50", "AP50", false), ("AP75", "AP75", true), ("APs", "S", true),
      ("APm", "M", true),
      ("APl", "L", true), ("AR", "AR", true),
    ]
    let columns =
      [HTML.Column(title: "class", isNumber: false)]
      + names.map { HTML.Column(title: $0.title, isExtra: $0.isExtra) }
      + [
        .init(title: "n"), .init(title: "best score"), .init(title: "F1 there", isExtra: true),
        .init(title: "PR", isNumber: false, isExtra: true),
      ]
    let order = shownClasses(evaluation, extent)
    let rows = order.map { index -> [String] in
      let curve = detection.classes.indices.contains(index) ? detection.classes[index] : nil
      let best = curve.flatMap(Self.bestThreshold)
      return [HTML.name(evaluation.classes[index])]
        + names.map { name in
          let values = evaluation.classFigures["\(kind) \(name.key)"] ?? []
          return HTML.percent(values.indices.contains(index) ? values[index] : nil)
        }
        + [
          "\(curve?.objects ?? 0)", HTML.number(best?.score, 2), HTML.percent(best?.f1),
          curve.map { Self.smallCurve($0, evaluation.classes[index]) } ?? "",
        ]
    }
    let left = evaluation.classes.count - order.count
    return HTML.table(
      "Classes by \(kind == "segm" ? "masks" : "boxes"), in percent; the curve is precision over recall at the overlap 0.50, best "
        + "score the threshold with the largest F1", columns, rows, sorts: true)
      + HTML.paragraph(left > 0 ? "\(left) more classes are in the figures below." : "", class: "note")
  }

  func shownClasses(_ evaluation: EvaluationFacts, _ extent: Extent) -> [Int] {
    Array(evaluation.classes.indices.prefix(extent.classes))
  }

  /// The score from which on F1 is largest.
  private static func bestThreshold(_ curve: DetectionFacts.ClassCurve) -> (score: Double, f1: Double)? {
    guard curve.precision.count == 101, curve.score.count == 101 else { return nil }
    let all = (1...100).map { index -> (score: Double, f1: Double) in
      (Double(curve.score[index]), f1(Double(curve.precision[index]), Double(index) / 100))
    }
    return all.max { $0.f1 < $1.f1 }.flatMap { $0.f1 > 0 ? $0 : nil }
  }

  private static func f1(_ precision: Double, _ recall: Double) -> Double {
    precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
  }

  private static func smallCurve(_ curve: DetectionFacts.ClassCurve, _ name: String) -> String {
    guard curve.precision.count == 101 else { return "" }
    let path = stride(from: 0, through: 100, by: 5).map { index in
      "\(index == 0 ? "M" : "L")\(2 + index * 60 / 100) \(Int((26 - 24 * min(1, max(0, curve.precision[index]))).rounded()))"
    }.joined()
    let half = HTML.number(100 * Double(curve.precision[50]), 0)
    return
      "<svg class=\"pr\" viewBox=\"0 0 64 28\" role=\"img\"><title>Precision over recall of \(HTML.text(name, limit: 60))</title>"
      + "<desc>\(half) % precision at half of the objects</desc><rect x=\"2\" y=\"2\" width=\"60\" height=\"24\"/>"
      + "<path d=\"\(path)\"/></svg>"
  }

  private func detectorCharts(_ detection: DetectionFacts) -> String {
    let recalls = (0...100).map { Double($0) / 100 }
    let curves = detection.curves.filter { $0.precision.count == 101 }
    let overlaps = ReportChart(
      title: "Precision over recall by overlap, mean of the classes",
      finding: curves.map { curve in
        "at the overlap \(HTML.number(curve.overlap, 2)) the precision is \(HTML.number(curve.precision[50], 2)) at half of the objects"
      }.joined(separator: "; "),
      lines: curves.map { curve in
        ReportChart.Line(
          name: "overlap \(HTML.number(curve.overlap, 2))",
          points: zip(recalls, curve.precision).map { SIMD2($0, $1) })
      }, horizontal: "recall", isOfShares: true)
    return overlaps.html() + thresholds(detection)
  }

  /// Precision, recall and F1 over the threshold of the score, means of the classes.
  private func thresholds(_ detection: DetectionFacts) -> String {
    let classes = detection.classes.filter { $0.precision.count == 101 && $0.score.count == 101 }
    guard !classes.isEmpty else { return "" }
    var (precision, recall, f1): ([SIMD2<Double>], [SIMD2<Double>], [SIMD2<Double>]) = ([], [], [])
    for step in 0...50 {
      let threshold = Float(step) / 50
      var sums = (0.0, 0.0, 0.0)
      var counted = 0.0
      for curve in classes {
        guard let place = (1...100).last(where: { curve.score[$0] >= threshold && curve.score[$0] > 0 })
        else { continue }
        let (p, r) = (Double(curve.precision[place]), Double(place) / 100)
        sums = (sums.0 + p, sums.1 + r, sums.2 + Self.f1(p, r))
        counted += 1
      }
      let x = Double(threshold)
      if counted > 0 { precision.append(SIMD2(x, sums.0 / counted)) }
      recall.append(SIMD2(x, sums.1 / Double(classes.count)))
      f1.append(SIMD2(x, sums.2 / Double(classes.count)))
    }
    let best = f1.max { $0.y < $1.y }
    return ReportChart(
      title: "Precision, recall and F1 over the score's threshold",
      finding: best.map { "F1 is largest, \(HTML.number($0.y, 2)), at the score \(HTML.number($0.x, 2))" }
        ?? "",
      lines: [
        .init(name: "precision", points: precision), .init(name: "recall", points: recall),
        .init(name: "F1", points: f1, mark: best),
      ], horizontal: "score", isOfShares: true
    ).html()
  }

  private func faults(_ detection: DetectionFacts) -> String {
    HTML.bars(
      "What mending one kind of error alone would add to AP50, in points (TIDE, arXiv:2008.08115)",
      detection.faults.map { fault in
        ("\(fault.name)\(fault.count.map { " (\($0))" } ?? "")", fault.points, HTML.number(fault.points, 1))
      })
  }

  /// How far scores can be trusted.
  func calibration(_ evaluation: EvaluationFacts) -> String {
    guard let calibration = evaluation.calibration else { return "" }
    let points = calibration.bins.compactMap { bin -> SIMD2<Double>? in
      guard let score = bin.score, let right = bin.right else { return nil }
      return SIMD2(score, right)
    }
    return ReportChart(
      title: "Calibration: share that is right over the score",
      finding:
        "scores differ from the share that is right by \(HTML.number(calibration.expectedError, 3)) in the mean",
      lines: [
        .init(name: "this model", points: points),
        .init(name: "scores that are right", points: [SIMD2(0, 0), SIMD2(1, 1)]),
      ], horizontal: "score", isOfShares: true
    ).html()
  }

  func suspects(_ evaluation: EvaluationFacts) -> String {
    evaluation.suspects.isEmpty
      ? ""
      : HTML.heading("Likely label errors: the model is sure, and the labels say otherwise")
        + HTML.list(evaluation.suspects.prefix(40).map { HTML.name($0, limit: 300) })
  }

  /// What a segmentor can and cannot do.
  func segmentor(_ run: ReportedRun, _ extent: Extent) -> String {
    guard let evaluation = run.facts?.evaluation, evaluation.detection == nil,
      evaluation.confusion?.unit == "pixels"
    else { return "" }
    let meanings = [
      ("mIoU", "mean IoU of the classes"), ("aAcc", "pixels that are right"),
      ("mAcc", "mean accuracy of the classes"),
      ("mDice", "mean Dice of the classes"), ("mBIoU", "mean IoU near outlines"), ("mFscore", "mean F score"),
    ]
    var rows = meanings.compactMap { name, meaning in
      evaluation.value(name).map { ["\(name): \(meaning)", HTML.number($0, 2)] }
    }
    if evaluation.value("mDice") == nil, let dice = evaluation.classFigures["Dice"]?.compactMap({ $0 }),
      !dice.isEmpty
    {
      rows.append([
        "mDice: mean Dice of the classes", HTML.percent(dice.reduce(0, +) / Double(dice.count), 2),
      ])
    }
    var html = HTML.table(
      "Figures, in percent", [.init(title: "what it means", isNumber: false), .init(title: "value")], rows)
    let totals = confusionTotals(evaluation)
    let all = Double(max(1, totals.reduce(0, +)))
    let keys = ["IoU", "Acc", "Dice", "Precision", "BIoU"].filter { evaluation.classFigures[$0] != nil }
    html += HTML.table(
      "Classes, in percent, beside their share of the pixels",
      [.init(title: "class", isNumber: false)] + keys.enumerated().map { .init(title: $1, isExtra: $0 > 1) }
        + [
          .init(title: "share of pixels"),
          .init(title: "<span class=\"sr\">IoU as a bar</span>", isNumber: false, isExtra: true),
        ],
      shownClasses(evaluation, extent).map { index in
        let iou = evaluation.classFigures["IoU"].flatMap { $0.indices.contains(index) ? $0[index] : nil }
        return [HTML.name(evaluation.classes[index])]
          + keys.map { key in
            let values = evaluation.classFigures[key] ?? []
            return HTML.percent(values.indices.contains(index) ? values[index] : nil)
          }
          + [
            HTML.percent(totals.indices.contains(index) ? Double(totals[index]) / all : nil, 2),
            HTML.bar(iou ?? 0),
          ]
      }, sorts: true)
    return html + histogram(evaluation, "Images by the mean IoU within them") + confusion(run, extent)
      + suspects(evaluation)
  }

  /// What a classifier can and cannot do.
  func classifier(_ run: ReportedRun, _ extent: Extent) -> String {
    guard let evaluation = run.facts?.evaluation, evaluation.detection == nil,
      evaluation.confusion?.unit == "images"
    else { return "" }
    var html = HTML.table(
      "Figures, in percent", [.init(title: "figure", isNumber: false), .init(title: "value")],
      evaluation.figures.map { [HTML.name($0.name), HTML.number($0.value, 2)] })
    html += HTML.table(
      "Classes",
      [.init(title: "class", isNumber: false), .init(title: "images"), .init(title: "top 1 in percent")],
      shownClasses(evaluation, extent).map { index in
        func value(_ name: String) -> Double? {
          evaluation.classFigures[name].flatMap { $0.indices.contains(index) ? $0[index] : nil }
        }
        return [
          HTML.name(evaluation.classes[index]), HTML.number(value("images"), 0),
          HTML.number(value("top1"), 1),
        ]
      }, sorts: true)
    html += "<div class=\"panels\">\n\(calibration(evaluation))</div>\n"
    return html + histogram(evaluation, "Images by the probability of their class") + confusion(run, extent)
      + suspects(evaluation)
  }

  /// Classes of a metric that is a program's own.
  func otherClasses(_ run: ReportedRun, _ extent: Extent) -> String {
    guard let evaluation = run.facts?.evaluation, evaluation.detection == nil, evaluation.confusion == nil
    else {
      return ""
    }
    return HTML.table(
      "Figures", [.init(title: "figure", isNumber: false), .init(title: "value")],
      evaluation.figures.map { [HTML.name($0.name), $0.value.map(Axis.short) ?? "–"] })
  }

  private func histogram(_ evaluation: EvaluationFacts, _ caption: String) -> String {
    guard !evaluation.scores.isEmpty else { return "" }
    var counts = [Int](repeating: 0, count: 10)
    for score in evaluation.scores where score.isFinite { counts[min(9, max(0, Int(score * 10)))] += 1 }
    return HTML.bars(
      caption,
      counts.enumerated().map { ("\($0 * 10) to \($0 * 10 + 10) %", Double($1), "\($1)") })
  }
}
