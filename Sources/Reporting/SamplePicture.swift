import Data
import Imaging

extension Picture {
  /// What a pipeline gives: objects, the classes of all pixels, or the class of the image. Ignored objects are white.
  ///
  /// - Throws: `DataError` when the pipeline has not loaded the image.
  public init(of sample: Sample, metainfo: DatasetMetainfo) throws {
    guard var image = sample.image else {
      throw DataError(file: sample.imagePath, "the pipeline has not loaded the image")
    }
    let colours = ClassColours(metainfo)
    if let map = sample.labelMap { image.blend(map, palette: colours.palette) }
    if let instances = sample.instances { image.draw(instances, metainfo.classes, colours) }
    if let label = sample.classLabel {
      image = image.enlargedForText()
      image.draw(classLabel: label, metainfo.classes, colours)
    }
    self.init(image)
  }
}
