import Foundation

/// A validation's image with what is true and what was predicted, as shapes over it.
package struct PictureFacts: Codable, Sendable, Equatable {
  /// Something that is drawn over the picture, in pixels of it.
  package struct Shape: Codable, Sendable, Equatable {
    /// What came of it.
    package enum Outcome: String, Codable, Sendable { case right, vain, missed, swapped }

    /// The class, and of what was taken for another the true one.
    package var label: Int
    package var trueLabel: Int?
    /// Of predictions.
    package var score: Float?
    package var outcome: Outcome?
    /// Left, top, right, bottom.
    package var box: [Int]?
    /// An outline, as SVG has it.
    package var path: String?

    package init(
      label: Int, trueLabel: Int? = nil, score: Float? = nil, outcome: Outcome? = nil, box: [Int]? = nil,
      path: String? = nil
    ) {
      (self.label, self.trueLabel, self.score, self.outcome) = (label, trueLabel, score, outcome)
      (self.box, self.path) = (box, path)
    }
  }

  /// Among which it was chosen: `worst`, `random`, `best`.
  package var kinds: [String]
  /// The image's file, without its folder.
  package var name: String
  /// How good the prediction is, 0 ... 1.
  package var score: Double
  /// Of the picture as it is shown.
  package var width, height: Int
  /// A JPEG file.
  package var jpeg: Data
  package var truths: [Shape] = []
  package var predictions: [Shape] = []
  /// Pixels of the picture that are one of the outlines.
  package var outlineScale = 2
  /// Pixels that are of another class than predicted, as an outline.
  package var wrong: String?
  /// Of a classifier: the true class, and the best five with their probabilities.
  package var trueClass: Int?
  package var best: [Shape] = []

  /// A picture, and what is over it.
  package init(
    kinds: [String], name: String, score: Double, width: Int, height: Int, jpeg: Data, truths: [Shape] = [],
    predictions: [Shape] = []
  ) {
    (self.kinds, self.name, self.score) = (kinds, name, score)
    (self.width, self.height, self.jpeg) = (width, height, jpeg)
    (self.truths, self.predictions) = (truths, predictions)
  }
}
