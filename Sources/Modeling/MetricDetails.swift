/// Figures of each class: a row a class, as tables and spreadsheets show them.
public struct ClassFigures: Sendable {
  /// The classes' names.
  public var classes: [String]
  /// A figure's name, such as `IoU`, and its value of each class; NaN where a class has none.
  public var figures: [(name: String, values: [Double])]

  /// Figures with one value a class.
  public init(classes: [String], figures: [(name: String, values: [Double])]) {
    (self.classes, self.figures) = (classes, figures)
  }
}

/// How often each class was taken for each: of pixels, of images or of objects.
public struct ClassConfusion: Sendable {
  /// The names of rows (what is true) and of columns (what was predicted).
  public var names: [String]
  /// What is counted: `pixels`.
  public var unit: String
  /// Counts that are not zero, by row * `names.count` + column.
  public var counts: [Int: Int]

  /// Counts over classes.
  public init(names: [String], unit: String, counts: [Int: Int] = [:]) {
    (self.names, self.unit, self.counts) = (names, unit, counts)
  }

  /// How often what is of the class `row` was taken for `column`.
  public subscript(row: Int, column: Int) -> Int {
    get { counts[row * names.count + column] ?? 0 }
    set { counts[row * names.count + column] = newValue == 0 ? nil : newValue }
  }
}
