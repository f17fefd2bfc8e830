import Analysis
import Foundation

/// What came of a run, in words: how good it is, and which way it goes.
package struct Verdict {
  /// Which way the figure goes.
  package enum Trend: Equatable {
    /// There is no evaluation.
    case unknown
    /// There is one only.
    case single
    /// The newest is the best, by more than a hundredth.
    case improving
    /// What follows is not better by a hundredth.
    case flat(since: Double)
    /// It is below half of its best, or the run ended in numbers that are not finite.
    case diverged(at: Double)
  }

  /// The figure that tells most, as mm calls it, and how people do.
  package let name: String
  package let title: String
  /// By rising steps.
  package let points: [RunCurves.Point]
  package let trend: Trend

  private static let known = [
    ("coco/segm_mAP", "Mask AP"), ("coco/bbox_mAP", "Box AP"), ("mIoU", "Mean IoU"),
    ("accuracy/top1", "Top-1 accuracy"), ("pascal_voc/mAP", "Mean AP"),
  ]

  /// Of a run's curves.
  ///
  /// - Parameter ending: Why the run ended early, if it did.
  package init(_ curves: RunCurves, ending: String? = nil) {
    let validations = curves.curves.filter { $0.isOfValidation && !$0.points.isEmpty }
    let chosen = Self.known.first { name, _ in validations.contains { $0.name == name } }
    let other = validations.first { !$0.name.contains("loss") }?.name
    name = chosen?.0 ?? other ?? ""
    title = chosen?.1 ?? other ?? "figure"
    let points = validations.first { [name] in $0.name == name }?.points ?? []
    self.points = points
    let lastStep = curves.curves.flatMap { $0.points.suffix(1) }.map(\.step).max() ?? 0
    trend = Self.trend(points, lastStep: lastStep, ending: ending)
  }

  private static func trend(_ points: [RunCurves.Point], lastStep: Double, ending: String?) -> Trend {
    if let ending, ending.contains("not finite") || ending.lowercased().contains("nan") {
      return .diverged(at: lastStep)
    }
    guard let last = points.last, let best = points.map(\.value).max() else { return .unknown }
    guard points.count > 1 else { return .single }
    if best > 0, last.value < best / 2 {
      let peak = points.lastIndex { $0.value == best } ?? 0
      return .diverged(at: points[peak...].first { $0.value < best / 2 }?.step ?? last.step)
    }
    let margin = abs(best) / 100
    if last.value == best, best - (points.dropLast().map(\.value).max() ?? best) > margin {
      return .improving
    }
    return .flat(since: points.first { $0.value >= best - margin }?.step ?? last.step)
  }

  /// The best evaluation, of several the first.
  package var best: RunCurves.Point? { points.max { $0.value < $1.value } }

  /// The value as people say it: COCO's fractions are points of 100.
  package func text(_ value: Double) -> String {
    name.hasPrefix("coco/") || name.hasPrefix("pascal_voc/")
      ? HTML.number(100 * value, 1)
      : name == "mIoU" || name.hasPrefix("accuracy/") ? HTML.number(value, 1) : Axis.short(value)
  }

  /// What the trend means.
  package var trendText: String {
    switch trend {
    case .unknown: "there is no evaluation yet"
    case .single: "one evaluation says nothing of the way it goes"
    case .improving: "still improving"
    case .flat(let step): "flat since iteration \(HTML.step(step))"
    case .diverged(let step): "diverged at iteration \(HTML.step(step))"
    }
  }
}
