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
    if let instances = sample.instances {
      func colour(_ index: Int) -> SIMD3<UInt8> {
        instances.isIgnored[index]
          ? SIMD3(255, 255, 255) : colours.object(index, label: instances.labels[index])
      }
      for (index, mask) in (instances.masks ?? []).enumerated() {
        image.blend(mask.bitmap, colour: colour(index))
      }
      for index in 0..<instances.count {
        let box = instances.boxes[index]
        image.draw(box: box, colour: colour(index), thickness: 1)
        let name = colours.isSingle ? "" : metainfo.classes[instances.labels[index]]
        let text = instances.isIgnored[index] ? "\(name) (ignored)" : name
        image.draw(label: text, x: box[0], y: box[1], colour: colour(index))
      }
    }
    if let label = sample.classLabel {
      let name = metainfo.classes.indices.contains(label) ? metainfo.classes[label] : "\(label)"
      image = image.enlargedForText()
      image.draw(lines: [(name, colours.palette[label])])
    }
    self.init(image)
  }
}
