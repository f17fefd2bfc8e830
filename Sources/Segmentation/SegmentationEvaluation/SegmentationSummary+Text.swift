import Files
import Foundation

extension SegmentationSummary {
  /// A table of the classes and a line of the means, in percent as mm prints them.
  public func text(classwise: Bool = true) -> String {
    func percent(_ value: Double) -> String { value.isNaN ? "-" : String(format: "%.2f", 100 * value) }
    let head = ["class"] + figures.map(\.name)
    let body = perClass.map { item in [item.name] + figures.map { percent($0.figure(item)) } }
    let columns = [.left()] + figures.map { _ in TextTable.Column.right() }
    let table = TextTable(columns, rows: [head] + body).lines
    let gaps =
      body.joined().contains("-")
      ? ["- : no such pixel, or none predicted right (Fscore) or at all (Precision); left out of the means"]
      : []
    let outside = confusion.unclassified.reduce(0, +)
    let unclassified = outside > 0 ? ["\(outside) pixels were predicted to be of no class"] : []
    let line =
      means.map { "\($0.name) \(percent($0.value))" }.joined(separator: "  ") + "  (percent, all images)"
    return ((classwise ? table + gaps : []) + unclassified + [line]).joined(separator: "\n")
  }
}
