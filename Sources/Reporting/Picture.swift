import Classification
import Data
import Imaging
import Masks
import Modeling

/// An image file with a prediction drawn into it.
public struct Picture {
  /// What is drawn.
  package private(set) var image: Image

  /// Draws instances from a score on; the classes of all pixels, with a legend beside the image; or the best five classes
  /// of the image. Lines and letters grow with the image.
  ///
  /// - Throws: `ImagingError` that names the file.
  public init(
    of prediction: Prediction, on path: String, metainfo: DatasetMetainfo, scoreThreshold: Float = 0.3
  ) throws {
    self.init(
      of: prediction, on: try Image.decode(file: path), metainfo: metainfo,
      showing: ShownPart(scoreThreshold: scoreThreshold))
  }

  /// The same on an image of three channels that is in memory. Frames of a film, `isFrame`, have pictures that are all
  /// of one size.
  public init(
    of prediction: Prediction, on image: Image, metainfo: DatasetMetainfo, showing shown: ShownPart,
    isFrame: Bool = false
  ) {
    self.image = image
    let colours = ClassColours(metainfo)
    if let map = prediction.labelMap {
      self.image.blend(shown.part(of: map), palette: colours.palette)
      self.image = Legend(map, classes: metainfo.classes, palette: colours.palette, shown: shown.classes)
        .added(to: self.image, amongAll: isFrame ? metainfo.classes : nil)
    }
    if let instances = prediction.instances { draw(shown.part(of: instances), metainfo.classes, colours) }
    if let scores = prediction.classScores {
      self.image = self.image.enlargedForText()
      self.image.draw(
        lines:
          shown.best(of: scores).map { label in
            // The number first: a long name may end beyond the picture.
            let name = metainfo.classes.indices.contains(label) ? metainfo.classes[label] : "\(label)"
            return ("\(PredictedImage.percent(scores[label])) \(name)", colours.palette[label])
          })
    }
  }

  /// A picture that is drawn already.
  public init(_ image: Image) { self.image = image }

  private mutating func draw(
    _ instances: InstancePrediction, _ classes: [String], _ colours: ClassColours
  ) {
    // Labels of the best have their place first.
    let order = instances.scores.indices.sorted {
      (-instances.scores[$0], $0) < (-instances.scores[$1], $1)
    }
    let own = colours.objects(order.map { instances.labels[$0] })
    image.draw(
      zip(order, own).map { index, colour in
        let label = instances.labels[index]
        let score = instances.scores[index]
        let percent = score.isFinite ? "\(Int((score * 100).rounded()))" : "\(score)"
        let name = classes.indices.contains(label) ? classes[label] : "\(label)"
        return DrawnObject(
          box: instances.boxes[index], mask: instances.masks.map { MaskWindow($0[index]) }, colour: colour,
          text: colours.isSingle ? percent : "\(name) \(percent)")
      })
  }

  /// Writes the picture.
  ///
  /// - Throws: `ImagingError` that names the file.
  public func writePNG(to path: String) throws { try image.writePNG(to: path) }

  /// Writes the picture: as JPEG where the name ends in .jpg or .jpeg, else as PNG.
  ///
  /// - Throws: `ImagingError` that names the file.
  public func write(to path: String) throws { try image.write(to: path) }
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
    var letters = Lettering(size: PictureScale(size).letter * 1.2)
    for (number, line) in lines.enumerated() {
      draw(
        label: letters.shortened(line.text, toFit: width - 2), left: 0, top: number * (letters.height + 1),
        colour: line.colour, &letters)
    }
  }
}
