import Classification
import Data
import Imaging
import Masks
import Modeling

/// An image file with a prediction drawn into it.
public struct Picture {
  private var image: Image

  /// Draws instances from a score on, the best on top, the classes of all pixels, or the best five classes of the image.
  ///
  /// - Throws: `ImagingError` that names the file.
  public init(
    of prediction: Prediction, on path: String, metainfo: DatasetMetainfo, scoreThreshold: Float = 0.3
  ) throws {
    image = try Image.decode(file: path)
    let colours = ClassColours(metainfo)
    if let map = prediction.labelMap { image.blend(map, palette: colours.palette) }
    if let instances = prediction.instances { draw(instances, metainfo.classes, colours, scoreThreshold) }
    if let scores = prediction.classScores {
      let best = ClassRanking.best(PredictedImage.bestCount, in: scores)
      image = image.enlargedForText()
      image.draw(
        lines:
          best.map { label in
            // The number first: a long name may end beyond the picture.
            let name = metainfo.classes.indices.contains(label) ? metainfo.classes[label] : "\(label)"
            return ("\(PredictedImage.percent(scores[label])) \(name)", colours.palette[label])
          })
    }
  }

  /// A picture that is drawn already.
  public init(_ image: Image) { self.image = image }

  private mutating func draw(
    _ instances: InstancePrediction, _ classes: [String], _ colours: ClassColours, _ scoreThreshold: Float
  ) {
    let shown = instances.scores.indices.filter { instances.scores[$0] >= scoreThreshold }
      .sorted { instances.scores[$0] < instances.scores[$1] }
    func colour(_ index: Int) -> SIMD3<UInt8> { colours.object(index, label: instances.labels[index]) }
    for index in shown {
      if let mask = instances.masks?[index] { image.blend(mask.bitmap, colour: colour(index)) }
    }
    for index in shown {
      let box = instances.boxes[index]
      image.draw(box: box, colour: colour(index), thickness: 1)
      guard !colours.isSingle else { continue }
      let score = Int((instances.scores[index] * 100).rounded())
      image.draw(
        label: "\(classes[instances.labels[index]]) \(score)", x: box[0], y: box[1], colour: colour(index))
    }
  }

  /// Writes the picture.
  ///
  /// - Throws: `ImagingError` that names the file.
  public func writePNG(to path: String) throws { try image.writePNG(to: path) }
}

extension Image {
  /// A small picture with each pixel repeated, so that lines of text leave most of it to be seen.
  func enlargedForText() -> Image {
    let side = 256
    let factor = (side + max(1, min(height, width)) - 1) / max(1, min(height, width))
    guard factor > 1, max(height, width) * factor <= 16 * side else { return self }
    return resized(height: height * factor, width: width * factor, interpolation: .nearest)
  }

  /// Writes lines of text from the upper left corner down, each on its colour; larger in large pictures.
  mutating func draw(lines: [(text: String, colour: SIMD3<UInt8>)]) {
    let scale = max(0.4, 0.4 * Double(min(height, width)) / 480)
    for (number, line) in lines.enumerated() {
      draw(
        label: line.text, x: 0, y: Float(scale * 38 * Double(number + 1)), colour: line.colour, scale: scale)
    }
  }
}
