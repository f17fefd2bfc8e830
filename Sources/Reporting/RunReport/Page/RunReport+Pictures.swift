import Foundation
import Imaging

extension RunReport {
  /// The worst, some, and the best images of the evaluation.
  func pictures(_ run: ReportedRun, _ extent: Extent) -> String {
    guard let evaluation = run.facts?.evaluation, !evaluation.pictures.isEmpty, extent.pictures > 0 else {
      return ""
    }
    let shown = evaluation.pictures.prefix(extent.pictures)
    let hasScores = shown.contains { $0.predictions.contains { $0.score != nil } }
    let isOfClasses = shown.contains { !$0.best.isEmpty }
    var html = HTML.paragraph(
      "The \(PictureChoice.worst) worst images of the evaluation after \(evaluation.step) iterations, \(PictureChoice.random) drawn "
        + "at random, and the \(PictureChoice.best) best."
        + (hasScores
          ? " A solid line is right, a dashed one is found in vain, a dashed and dotted one is taken for another class; a dotted white "
            + "line is an object that was missed." : "")
        + (isOfClasses ? "" : " Arrow keys go from picture to picture."), class: "note")
    html += legend(shown, evaluation)
    html += "<div class=\"gallery\" data-least=\"0.15\" data-from=\"0.3\">\n"
    for (number, picture) in shown.enumerated() { html += figure(picture, number, evaluation) }
    return html + "</div>\n"
  }

  /// The colours of a segmentor's classes.
  private func legend(_ shown: ArraySlice<PictureFacts>, _ evaluation: EvaluationFacts) -> String {
    guard shown.contains(where: { $0.wrong != nil }) else { return "" }
    let labels = Set(shown.flatMap { ($0.predictions + $0.truths).map(\.label) }).sorted().prefix(60)
    return "<ul class=\"legend\">"
      + labels.map { label in
        "<li><span class=\"swatch\" style=\"background:\(Self.colour(label, evaluation))\"></span> \(HTML.name(Self.named(label, evaluation)))</li>"
      }.joined() + "</ul>\n"
  }

  private static let palette = Palette.distinct(64)

  private static func colour(_ label: Int, _ evaluation: EvaluationFacts) -> String {
    if evaluation.colours.indices.contains(label) {
      return String(format: "#%06x", evaluation.colours[label] & 0xFF_FFFF)
    }
    let colour = palette[max(0, label) % 64]
    return String(format: "#%02x%02x%02x", Int(colour.x), Int(colour.y), Int(colour.z))
  }

  private static func named(_ label: Int, _ evaluation: EvaluationFacts) -> String {
    evaluation.classes.indices.contains(label) ? evaluation.classes[label] : "\(label)"
  }

  private func figure(_ picture: PictureFacts, _ number: Int, _ evaluation: EvaluationFacts) -> String {
    let summary = Self.summary(picture, evaluation)
    let pairs = pairNames(picture, evaluation).joined(separator: " ")
    let (width, height) = (max(1, picture.width), max(1, picture.height))
    let alternative = "\(HTML.text(picture.name, limit: 80)): \(summary)"
    var html =
      "<figure class=\"picture\" id=\"p\(number)\" tabindex=\"0\" data-kinds=\"\(HTML.text(picture.kinds.joined(separator: " ")))\" "
      + "data-pairs=\"\(pairs)\"><div class=\"view\"><img loading=\"lazy\" width=\"\(width)\" height=\"\(height)\" "
      + "alt=\"\(alternative)\" src=\"data:image/jpeg;base64,\(picture.jpeg.base64EncodedString())\">"
    let overlay =
      picture.wrong != nil
      ? Self.maps(picture, evaluation)
      : Self.objects(picture, evaluation, isSingle: evaluation.classes.count <= 1)
    if !overlay.isEmpty {
      html +=
        "<svg viewBox=\"0 0 \(width) \(height)\" font-size=\"\(max(8, width / 32))\" role=\"img\"><title>\(HTML.text(picture.name, limit: 80))</title>"
        + "<desc>\(summary)</desc>\(overlay)</svg>"
    }
    return html
      + "</div><figcaption>\(HTML.name(picture.name, limit: 80)) · \(picture.kinds.map { HTML.text($0) }.joined(separator: ", ")) · "
      + "\(HTML.number(picture.score, 2))<br>\(summary)</figcaption></figure>\n"
  }

  /// What the picture shows, in words.
  private static func summary(_ picture: PictureFacts, _ evaluation: EvaluationFacts) -> String {
    if !picture.best.isEmpty {
      let truth = picture.trueClass.map { "is \(HTML.text(named($0, evaluation), limit: 60)); " } ?? ""
      return truth
        + picture.best.map {
          "\(HTML.text(named($0.label, evaluation), limit: 60)) \(HTML.percent($0.score.map(Double.init))) %"
        }
        .joined(separator: ", ")
    }
    if picture.wrong != nil { return "mean IoU of its classes \(HTML.percent(picture.score)) %" }
    func count(_ outcome: PictureFacts.Shape.Outcome) -> Int {
      picture.predictions.count { $0.outcome == outcome }
    }
    return
      "\(count(.right)) right, \(count(.vain)) in vain, \(count(.swapped)) of another class, "
      + "\(picture.truths.count { $0.outcome == .missed }) missed"
  }

  private static func scaled(_ path: String, _ classes: String, _ factor: Int) -> String {
    "<path class=\"\(classes)\" transform=\"scale(\(max(1, factor)))\" d=\"\(HTML.text(path, limit: .max))\"/>"
  }

  private static func maps(_ picture: PictureFacts, _ evaluation: EvaluationFacts) -> String {
    func layer(_ shapes: [PictureFacts.Shape], _ name: String) -> String {
      "<g class=\"\(name)\">"
        + shapes.compactMap { shape in
          shape.path.map {
            "<g fill=\"\(colour(shape.label, evaluation))\">\(scaled($0, "c", picture.outlineScale))</g>"
          }
        }.joined() + "</g>"
    }
    return layer(picture.predictions, "lp") + layer(picture.truths, "lt")
      + "<g class=\"lw\">\(scaled(picture.wrong ?? "", "w", picture.outlineScale))</g>"
  }

  private static func objects(_ picture: PictureFacts, _ evaluation: EvaluationFacts, isSingle: Bool)
    -> String
  {
    let width = picture.width
    func outline(_ shape: PictureFacts.Shape, _ kind: String, _ text: String) -> String {
      var svg = shape.path.map { scaled($0, "m \(kind)", picture.outlineScale) } ?? ""
      guard let box = shape.box, box.count == 4 else { return svg }
      let rect =
        "x=\"\(box[0])\" y=\"\(box[1])\" width=\"\(max(0, box[2] - box[0]))\" height=\"\(max(0, box[3] - box[1]))\""
      svg += "<rect class=\"h\" \(rect)/><rect class=\"o \(kind)\" \(rect)/>"
      if !text.isEmpty {
        svg += "<text x=\"\(box[0] + 2)\" y=\"\(max(width / 32 + 2, box[1] - 3))\">\(text)</text>"
      }
      return svg
    }
    var svg = "<g class=\"lp\">"
    for shape in picture.predictions.reversed() {
      let score = HTML.number(shape.score.map(Double.init), 2)
      let name = isSingle ? "" : "\(HTML.text(named(shape.label, evaluation), limit: 24)) "
      let swapped = shape.trueLabel.map { " for \(HTML.text(named($0, evaluation), limit: 24))" } ?? ""
      let body = outline(shape, (shape.outcome ?? .vain).rawValue, "\(name)\(score)\(swapped)")
      svg +=
        "<g data-s=\"\(score)\"\(shape.outcome == nil ? " class=\"low\"" : "")>"
        + (shape.outcome == .right ? "<g class=\"okay\">\(body)</g>" : body) + "</g>"
    }
    svg += "</g><g class=\"lm\">"
    for shape in picture.truths where shape.outcome == .missed {
      svg += outline(
        shape, "missed",
        isSingle ? "missed" : "\(HTML.text(named(shape.label, evaluation), limit: 24)) missed")
    }
    svg += "</g><g class=\"lt\">"
    for shape in picture.truths where shape.outcome != .missed {
      svg += outline(shape, "truth", isSingle ? "" : HTML.text(named(shape.label, evaluation), limit: 24))
    }
    return svg + "</g>"
  }
}
