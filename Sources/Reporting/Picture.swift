import Modeling
import Data
import Imaging
import Masks

/// An image file with a prediction drawn into it.
public struct Picture {
  private var image: Image

  /// Draws instances from a score on, the best on top, or the classes of all pixels.
  ///
  /// - Throws: `ImagingError` that names the file.
  public init(
    of prediction: Prediction, on path: String, metainfo: DatasetMetainfo, scoreThreshold: Float = 0.3
  )
    throws
  {
    image = try Image.decode(file: path)
    let palette = Self.palette(of: metainfo)
    if let map = prediction.labelMap { image.blend(map, palette: palette) }
    if let instances = prediction.instances { draw(instances, metainfo.classes, palette, scoreThreshold) }
  }

  /// A picture that is drawn already.
  public init(_ image: Image) { self.image = image }

  /// The data set's colours, or colours that are easy to tell apart.
  public static func palette(of metainfo: DatasetMetainfo) -> Palette {
    metainfo.palette.count == metainfo.classes.count && !metainfo.palette.isEmpty
      ? Palette(metainfo.palette) : Palette.distinct(metainfo.classes.count)
  }

  private mutating func draw(
    _ instances: InstancePrediction, _ classes: [String], _ palette: Palette, _ scoreThreshold: Float
  ) {
    let shown = instances.scores.indices.filter { instances.scores[$0] >= scoreThreshold }
      .sorted { instances.scores[$0] < instances.scores[$1] }
    // Objects of one class are told apart by their colours; several classes by theirs.
    let colours = classes.count > 1 ? palette : Palette.distinct(24)
    func colour(_ index: Int) -> SIMD3<UInt8> { colours[classes.count > 1 ? instances.labels[index] : index] }
    for index in shown {
      if let mask = instances.masks?[index] { image.blend(mask.bitmap, colour: colour(index)) }
    }
    for index in shown {
      let box = instances.boxes[index]
      image.draw(box: box, colour: colour(index), thickness: 1)
      // The name of the only class says nothing, and would cover small objects.
      guard classes.count > 1 else { continue }
      let score = Int((instances.scores[index] * 100).rounded())
      image.draw(
        label: "\(classes[instances.labels[index]]) \(score)", x: box[0], y: box[1], colour: colour(index))
    }
  }

  /// Writes the picture.
  public func writePNG(to path: String) throws { try image.writePNG(to: path) }
}
