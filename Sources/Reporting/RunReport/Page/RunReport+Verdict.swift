import Foundation

extension RunReport {
  /// The first screen: how good the model is, in words.
  func verdict(_ run: ReportedRun) -> String {
    let verdict = Verdict(run.curves, ending: run.facts?.ending)
    var sentences: [String] = []
    if let last = verdict.points.last, let best = verdict.best {
      sentences.append(
        "<b>\(HTML.text(verdict.title)) \(verdict.text(last.value))</b> after \(HTML.step(last.step)) iterations: "
          + "\(verdict.trendText).")
      if verdict.points.count > 1 {
        let change = last.value - verdict.points[verdict.points.count - 2].value
        sentences.append(
          "Since the evaluation before it has changed by \(change < 0 ? "−" : "+")\(verdict.text(abs(change))); "
            + "the best was \(verdict.text(best.value)) at iteration \(HTML.step(best.step)).")
      }
    } else if case .diverged = verdict.trend {
      sentences.append("<b>The run \(verdict.trendText).</b>")
    } else {
      sentences.append("<b>There is no evaluation yet.</b>")
    }
    var html = HTML.paragraph(sentences.joined(separator: " "), class: "lead")
    html += HTML.list(findings(run))
    html += tiles(run, verdict)
    return html + beside(run, verdict)
  }

  /// What else there is to be known at once.
  private func findings(_ run: ReportedRun) -> [String] {
    var items: [String] = []
    if let ending = run.facts?.ending {
      items.append("The run ended early: \(HTML.text(ending, limit: 400)).")
    }
    guard let evaluation = run.facts?.evaluation else { return items }
    if let scores = Interval(bootstrapping: evaluation.scores) {
      let what =
        evaluation.detection != nil
        ? "F score of an image's objects (at the score 0.3)"
        : evaluation.confusion?.unit == "pixels"
          ? "mean IoU within an image" : "probability of an image's class"
      items.append(
        "The \(what) is \(HTML.number(scores.mean, 3)) in the mean of \(evaluation.scores.count) images "
          + "(95 % interval \(HTML.number(scores.low, 3)) to \(HTML.number(scores.high, 3)), bootstrap).")
    }
    if let previous = evaluation.previous {
      let change = previous.change
      items.append(
        "Image by image that has changed by \(signed(change.mean)) since iteration \(previous.step) "
          + "(\(signed(change.low)) to \(signed(change.high))): \(change.isClear ? "more than chance" : "not more than chance")."
      )
    }
    let (figure, scale) = mainClassFigure(evaluation)
    if let values = evaluation.classFigures[figure], evaluation.classes.count > 1 {
      let known = zip(evaluation.classes, values).compactMap { name, value in value.map { (name, $0) } }
      if let worst = known.min(by: { $0.1 < $1.1 }), let best = known.max(by: { $0.1 < $1.1 }),
        worst.0 != best.0
      {
        items.append(
          "Best at \(HTML.name(best.0)) (\(HTML.text(figure)) \(HTML.number(scale * best.1, 1))), worst at "
            + "\(HTML.name(worst.0)) (\(HTML.number(scale * worst.1, 1))).")
      }
    }
    if let pair = confusedPairs(evaluation, most: 1).first {
      items.append(
        "Most confused: \(HTML.name(pair.truth)) taken for \(HTML.name(pair.taken)) (\(HTML.percent(pair.share)) % of its "
          + "\(evaluation.confusion?.unit ?? "")).")
    }
    return items
  }

  /// The figure of classes that counts most, and what makes it percent.
  func mainClassFigure(_ evaluation: EvaluationFacts) -> (name: String, scale: Double) {
    for (name, scale) in [("segm AP", 100.0), ("bbox AP", 100), ("IoU", 100), ("top1", 1)]
    where evaluation.classFigures[name] != nil { return (name, scale) }
    return (evaluation.classFigures.keys.sorted().first ?? "", 1)
  }

  func signed(_ value: Double) -> String { (value < 0 ? "−" : "+") + HTML.number(abs(value), 3) }

  private func tiles(_ run: ReportedRun, _ verdict: Verdict) -> String {
    guard let facts = run.facts else { return "" }
    var tiles: [(String, String)] = []
    if let best = verdict.best { tiles.append((HTML.step(best.step), "best iteration")) }
    tiles.append(("\(facts.iteration) of \(facts.iterations)", "iterations done"))
    tiles.append((HTML.duration(facts.seconds), "duration"))
    tiles.append(("\(facts.peakMemory >> 20) MB", "memory of tensors at most"))
    if facts.speed.steps > 0, facts.speed.seconds > 0 {
      let rate = Double(facts.speed.steps * facts.batchSize) / facts.speed.seconds
      tiles.append((HTML.number(rate, 1), "images a second in training"))
    }
    return "<div class=\"tiles\">"
      + tiles.map { "<div class=\"tile\"><b>\($0.0)</b><span>\($0.1)</span></div>" }.joined() + "</div>\n"
  }

  /// This run beside the others.
  private func beside(_ run: ReportedRun, _ verdict: Verdict) -> String {
    let others = runs.dropFirst()
    guard !others.isEmpty else { return "" }
    var html = HTML.heading("Beside other runs")
    var items: [String] = []
    for other in others {
      let theirs = other.curves[verdict.name].last { $0.isOfValidation }?.points.last
      guard let own = verdict.points.last, let theirs else {
        items.append("\(HTML.name(other.name)) has no \(HTML.text(verdict.title)).")
        continue
      }
      let difference = own.value - theirs.value
      var text =
        "Against \(HTML.name(other.name)): \(HTML.text(verdict.title)) "
        + "\(difference < 0 ? "−" : "+")\(verdict.text(abs(difference)))"
      if let (ours, old) = paired(run, other),
        let interval = Interval(bootstrapping: zip(ours, old).map { $0 - $1 })
      {
        text +=
          "; image by image \(signed(interval.mean)) (95 % interval \(signed(interval.low)) to \(signed(interval.high))): "
          + (interval.isClear ? "more than chance" : "not more than chance")
      } else {
        text += "; the images differ, so that chance cannot be told apart"
      }
      items.append(text + ".")
    }
    html += HTML.list(items)
    let names = runs.flatMap { $0.curves.curves.filter(\.isOfValidation).map(\.name) }
    var seen = Set<String>()
    let rows = names.filter { seen.insert($0).inserted }.prefix(40).map { name in
      [HTML.name(name)]
        + runs.map { run in
          run.curves[name].last { $0.isOfValidation }?.points.last.map { Axis.short($0.value) } ?? "–"
        }
    }
    html += HTML.table(
      "Newest figures",
      [.init(title: "figure", isNumber: false)] + runs.map { .init(title: HTML.name($0.name)) }, rows,
      sorts: true)
    return html + differences()
  }

  private func paired(_ run: ReportedRun, _ other: ReportedRun) -> ([Float], [Float])? {
    guard let own = run.facts?.evaluation, let theirs = other.facts?.evaluation, own.images == theirs.images,
      own.scores.count == theirs.scores.count, !own.scores.isEmpty
    else { return nil }
    return (own.scores, theirs.scores)
  }

  /// What the configs of runs say otherwise.
  private func differences() -> String {
    let settings = runs.map { run in
      Dictionary((run.facts?.settings ?? []).map { ($0.path, $0.value) }) { first, _ in first }
    }
    let paths = Set(settings.flatMap(\.keys)).sorted().filter { path in
      Set(settings.map { $0[path] }).count > 1
    }
    return HTML.table(
      "What the configs say otherwise, beyond their bases",
      [.init(title: "key", isNumber: false)] + runs.map { .init(title: HTML.name($0.name), isNumber: false) },
      paths.prefix(200).map { path in
        [HTML.name(path, limit: 120)] + settings.map { $0[path].map { HTML.name($0, limit: 120) } ?? "–" }
      })
  }
}
