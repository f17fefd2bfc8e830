import Files
import Foundation

extension CocoSummary {
  /// The twelve lines that pycocotools prints, and a table of the classes when asked.
  public func text(classwise: Bool = false) -> String {
    let sizes = ["all", "small", "medium", "large"]
    let last = maxDets[2]
    let all = [iouThresholds.first, iouThresholds.last].map { String(format: "%.2f", $0 ?? 0) }
      .joined(separator: ":")
    // (average precision or recall, threshold, size, detections) of each number
    let rows: [(Bool, String, Int, Int)] =
      [(true, all, 0, maxDets[firstStep]), (true, "0.50", 0, last), (true, "0.75", 0, last)]
      + (1..<4).map { (true, all, $0, last) } + maxDets.map { (false, all, 0, $0) }
      + (1..<4).map { (false, all, $0, last) }
    var lines = zip(rows, stats).map { row, value in
      let (isPrecision, threshold, size, detections) = row
      let title = isPrecision ? "Average Precision  (AP)" : "Average Recall     (AR)"
      return " \(title) @[ IoU=\(threshold.padded(to: 9)) | area=\(sizes[size].leftPadded(to: 6)) "
        + "| maxDets=\(String(detections).leftPadded(to: 3)) ] = \(Self.figure(value))"
    }
    if classwise, !perClass.isEmpty { lines += ["", classTable()] }
    return lines.joined(separator: "\n")
  }

  private static func figure(_ value: Double) -> String {
    value < 0 ? "no such ground truth" : String(format: "%.3f", value)
  }

  private func classTable() -> String {
    let head = ["id", "class", "AP", "AP50", "AP75", "APs", "APm", "APl", "AR"]
    let body = perClass.map { item in
      [String(item.id), item.name]
        + [
          item.averagePrecision, item.averagePrecision50, item.averagePrecision75, item.averagePrecisionSmall,
          item.averagePrecisionMedium, item.averagePrecisionLarge, item.averageRecall,
        ].map { $0 < 0 ? "-" : String(format: "%.3f", $0) }
    }
    let columns = head.indices.map { $0 == 1 ? TextTable.Column.left() : .right() }
    let lines = TextTable(columns, indent: 1, rows: [head] + body).lines
    let hasGap = perClass.contains { item in
      [
        item.averagePrecision, item.averagePrecisionSmall, item.averagePrecisionMedium,
        item.averagePrecisionLarge,
      ]
      .contains { $0 < 0 }
    }
    return (lines + (hasGap ? [" - : no such ground truth"] : [])).joined(separator: "\n")
  }

  /// The twelve figures under mmdetection's names, rounded to three digits as it does.
  package var metrics: [String: Double] {
    Dictionary(
      uniqueKeysWithValues: zip(CocoIoUType.figureNames, stats).map { ($0, ($1 * 1000).rounded() / 1000) })
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, width - count))
  }

  fileprivate func leftPadded(to width: Int) -> String {
    String(repeating: " ", count: Swift.max(0, width - count)) + self
  }
}

extension CocoIoUType {
  /// mmdetection's names of the twelve figures, whatever `proposal_nums` says (`metric_items`).
  package static let figureNames = [
    "mAP", "mAP_50", "mAP_75", "mAP_s", "mAP_m", "mAP_l", "AR@100", "AR@300", "AR@1000", "AR_s@1000",
    "AR_m@1000", "AR_l@1000",
  ]

  /// Those that mmdetection gives unless `metric_items` says otherwise.
  package var usualFigures: [String] {
    Array(self == .proposal ? Self.figureNames[6...] : Self.figureNames[..<6])
  }
}
