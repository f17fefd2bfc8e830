import Coco
import Data
import Imaging

extension DatasetInventory {
  /// Reads an annotation file and collects what is wrong with its entries; images are not opened.
  ///
  /// - Throws: `CocoError` when the file is no JSON, or not of COCO's form.
  init(_ configuration: CocoDataset.Configuration) throws {
    let path = configuration.settings.path(configuration.annotationFile)
    let folder = configuration.settings.path(configuration.images)
    let check = try CocoFileCheck(contentsOf: path, problem: CocoDataset.problem)
    let samples = check.images.enumerated().map { index, image in
      Sample(
        index: index, imageID: image.id, imagePath: DatasetSettings.path(image.fileName ?? "", below: folder),
        size: ImageSize(height: image.height, width: image.width))
    }
    self.init(
      samples: samples, annotationCount: check.annotationCount,
      faults: check.faults.map { DataFault(file: path, id: $0.id, kind: $0.kind, message: $0.message) })
  }
}
