import Modeling

extension SegmentationSummary {
  /// The figures of the classes whose means are shown, in percent of two digits as those.
  func classFigures(_ shown: Set<String>) -> ClassFigures {
    ClassFigures(
      classes: perClass.map(\.name),
      figures: figures.filter { shown.contains("m\($0.name)") }.map { name, figure in
        (name, perClass.map { (figure($0) * 10_000).rounded() / 100 })
      })
  }

  /// The counts of pixels, without those that were predicted to be of no class.
  var classConfusion: ClassConfusion {
    var counts = ClassConfusion(names: perClass.map(\.name), unit: "pixels")
    for (row, values) in confusion.rows.enumerated() {
      for (column, value) in values.prefix(perClass.count).enumerated() where value != 0 {
        counts[row, column] = Int(value)
      }
    }
    return counts
  }
}
