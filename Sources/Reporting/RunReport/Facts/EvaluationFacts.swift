import Foundation

/// What one evaluation found out, for the report.
package struct EvaluationFacts: Codable, Sendable, Equatable {
  /// A figure under mm's name; nil where nothing is defined.
  package struct Figure: Codable, Sendable, Equatable {
    package var name: String
    package var value: Double?

    package init(name: String, value: Double?) { (self.name, self.value) = (name, value) }
  }

  /// Iterations done.
  package var step: Int
  /// All figures of the metrics.
  package var figures: [Figure] = []
  /// pycocotools' twelve numbers by what is compared: `bbox`, `segm`.
  package var twelve: [String: [Double]] = [:]
  /// Figures of each class: the classes' names, and a value a class by the figure's name; nil where a class has none.
  package var classes: [String] = []
  package var classFigures: [String: [Double?]] = [:]
  /// The colours of the classes, as in all pictures: red, green, blue of 8 bits each.
  package var colours: [UInt32] = []
  /// Which classes were taken for which.
  package var confusion: ConfusionFacts?
  /// How good each image's prediction is, 0 ... 1, in the order of the data set; and what tells these images from others.
  package var scores: [Float] = []
  package var images: UInt64 = 0
  /// What the evaluation before came to, and the interval in which the mean change of the scores lies.
  package var previous: Change?
  /// Of detectors, classifiers.
  package var detection: DetectionFacts?
  package var calibration: CalibrationFacts?
  /// What to look at: likely label errors.
  package var suspects: [String] = []
  package var pictures: [PictureFacts] = []

  /// An evaluation after so many iterations.
  package init(step: Int) { self.step = step }

  /// A change between two evaluations of the same images.
  package struct Change: Codable, Sendable, Equatable {
    /// Of the one before.
    package var step: Int
    /// The mean of the scores before.
    package var mean: Double
    /// By how much the mean has changed, with the 95 % interval.
    package var change: Interval
  }

  /// A figure's value.
  package func value(_ name: String) -> Double? { figures.first { $0.name == name }?.value }
}

/// Counts that are not zero.
package struct ConfusionFacts: Codable, Sendable, Equatable {
  /// The classes; of objects the last one is the background.
  package var names: [String]
  /// What is counted.
  package var unit: String
  /// True class, predicted class and count, three numbers each, by rows.
  package var cells: [Int]

  package init(names: [String], unit: String, cells: [Int]) {
    (self.names, self.unit, self.cells) = (names, unit, cells)
  }
}

/// Scores beside the share that is right.
package struct CalibrationFacts: Codable, Sendable, Equatable {
  /// A bin of scores.
  package struct Bin: Codable, Sendable, Equatable {
    package var from, to: Double
    package var count: Int
    /// The mean score, and the share that is right; nil in an empty bin.
    package var score, right: Double?

    package init(from: Double, to: Double, count: Int, score: Double?, right: Double?) {
      (self.from, self.to, self.count, self.score, self.right) = (from, to, count, score, right)
    }
  }
  /// The mean distance of the two, weighed by the counts; nil without any.
  package var expectedError: Double?
  package var bins: [Bin]

  package init(expectedError: Double?, bins: [Bin]) {
    (self.expectedError, self.bins) = (expectedError, bins)
  }
}

/// What of a detector's evaluation is not in its figures, by boxes.
package struct DetectionFacts: Codable, Sendable, Equatable {
  /// Precision over the recalls 0, 0.01, ..., 1 at one overlap, the mean of the classes.
  package struct Curve: Codable, Sendable, Equatable {
    package var overlap: Double
    package var precision: [Double]

    package init(overlap: Double, precision: [Double]) {
      (self.overlap, self.precision) = (overlap, precision)
    }
  }

  /// Precision of a class at the recalls 0, 0.01, ..., 1, and the least score there, at the overlap 0.5.
  package struct ClassCurve: Codable, Sendable, Equatable {
    /// Objects of the class.
    package var objects: Int
    /// Empty for a class without objects.
    package var precision, score: [Float]

    package init(objects: Int, precision: [Float], score: [Float]) {
      (self.objects, self.precision, self.score) = (objects, precision, score)
    }
  }

  /// A group of objects, or images, and a figure of it.
  package struct Group: Codable, Sendable, Equatable {
    package var name: String
    package var count: Int
    /// 0 ... 1.
    package var value: Double

    package init(name: String, count: Int, value: Double) {
      (self.name, self.count, self.value) = (name, count, value)
    }
  }

  /// An error's kind: what mending it alone would add to the AP50, in points, and how often it came up.
  package struct Fault: Codable, Sendable, Equatable {
    package var name: String
    package var points: Double
    package var count: Int?

    package init(name: String, points: Double, count: Int?) {
      (self.name, self.points, self.count) = (name, points, count)
    }
  }

  package var curves: [Curve] = []
  package var classes: [ClassCurve] = []
  package var faults: [Fault] = []
  /// AP50 by how many objects an image has.
  package var crowding: [Group] = []
  /// The share of objects that is found with a score of 0.3 or more, by their distance from the border, and by size.
  package var border: [Group] = []
  package var sizes: [Group] = []

  /// Nothing is counted yet.
  package init() {}
}

/// A mean and its 95 % interval.
package struct Interval: Codable, Sendable, Equatable {
  package var mean, low, high: Double

  /// Whether the interval leaves out zero.
  package var isClear: Bool { low > 0 || high < 0 }

  /// The bootstrap's interval (Efron, 1979; percentiles of 1,000 samples) of a mean; nil for fewer than two values. The same
  /// values give the same interval.
  package init?(bootstrapping values: [Float]) {
    guard values.count > 1 else { return nil }
    // Xorshift (Marsaglia, 2003).
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    let count = UInt64(values.count)
    var means: [Double] = []
    for _ in 0..<1000 {
      var sum = 0.0
      for _ in values.indices {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        sum += Double(values[Int(state.multipliedFullWidth(by: count).high)])
      }
      means.append(sum / Double(values.count))
    }
    means.sort()
    mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
    (low, high) = (means[25], means[974])
  }
}
