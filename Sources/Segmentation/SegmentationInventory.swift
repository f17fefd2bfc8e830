import Data
import Foundation

extension DatasetInventory {
  /// What a pair of folders names, for `dense data check`: all images, whatever `indices` says.
  init(_ configuration: BaseSegDataset.Configuration) throws {
    let files = SegmentationFiles(configuration)
    guard let classes = configuration.settings.classes else {
      throw DataError(
        file: files.imageFolder, "label maps hold numbers only: name the classes in metainfo.classes")
    }
    let labels = configuration.labels(classes: classes)
    let names = try files.names()
    var faults: [DataFault] = []
    var seen: Set<String> = []
    let once = names.filter { name in
      if seen.insert(name).inserted { return true }
      faults.append(
        DataFault(
          file: files.list ?? files.imageFolder, kind: "duplicate_name",
          message: "lists \(name) more than once"))
      return false
    }
    let samples = once.enumerated().map { files.sample($1, at: $0, labels: labels) }
    // A list may leave images out on purpose.
    if files.list == nil, let labelMaps = try files.labelMapNames() {
      for name in labelMaps.subtracting(seen).sorted() {
        let sample = files.sample(name, at: 0, labels: labels)
        faults.append(
          DataFault(
            file: sample.labelMapPath ?? name, kind: "label_map_without_image",
            message: "there is no image \(sample.imagePath) for this label map"))
      }
    }
    self.init(
      samples: samples, annotationCount: samples.count { $0.labelMapPath != nil }, faults: faults,
      classes: classes, identifiesImages: false)
  }
}
