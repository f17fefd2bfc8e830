import Coco
import Modeling

extension CocoSummary {
  /// The average precisions and recall of each class; those of classes without objects are NaN.
  var classFigures: ClassFigures {
    let kinds: [(name: String, figure: (Category) -> Double)] = [
      ("AP", { $0.averagePrecision }), ("AP50", { $0.averagePrecision50 }),
      ("AP75", { $0.averagePrecision75 }), ("AR", { $0.averageRecall }),
    ]
    return ClassFigures(
      classes: perClass.map(\.name),
      figures: kinds.map { name, figure in
        let values = perClass.map { figure($0) < 0 ? .nan : (figure($0) * 1000).rounded() / 1000 }
        return ("coco/\(iouType.rawValue)_\(name)", values)
      })
  }
}
