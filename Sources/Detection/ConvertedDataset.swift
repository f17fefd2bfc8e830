import Coco
import Configuration
import Conversion
import Data
import Files
import Imaging

/// The settings of a data set whose files have another format than COCO's: read by the same rules as `dense data convert`
/// has, they become a `CocoDataset`.
protocol ConvertedDataset: OutlinedDataset {
  /// What all data sets have.
  var settings: DatasetSettings { get }
  /// Which images take part in training.
  var filter: CocoDataset.Configuration.Filter { get }
  /// Reads the files.
  func reading(_ options: ReadingOptions) throws -> (reading: AnnotationReading, sources: [AnnotationSource])
}

extension ConvertedDataset {
  /// Classes may be those of the files.
  func outline(in context: DataContext) -> DatasetOutline { settings.outline(in: context) }

  private func annotations(
    ofFile path: String
  ) throws -> (
    annotations: CocoAnnotations, reading: AnnotationReading, sources: [AnnotationSource], folder: String
  ) {
    var options = ReadingOptions()
    options.classes = settings.classes
    (options.checksImages, options.readsMasks) = (false, false)
    var (reading, sources) = try reading(options)
    guard var set = reading.sets.first else { throw DataError(file: path, "names no picture") }
    for image in set.images.indices {
      for object in set.images[image].objects.indices
      where min(set.images[image].objects[object].box.width, set.images[image].objects[object].box.height)
        < filter.smallestBox
      {
        set.images[image].objects[object].isCrowd = true
      }
    }
    var faults: [DataFault] = []
    let annotations = try set.cocoAnnotations(
      below: set.imageFolder, file: path, countsAreas: false, faults: &faults)
    reading.add(faults)
    return (annotations, reading, sources, set.imageFolder)
  }

  /// Kinds of faults without which the images are not what the config says.
  private var stops: Set<String> { ["unreadable_file", "missing_image"] }

  /// The data set.
  ///
  /// - Parameter path: What messages call its annotations.
  /// - Throws: `DataError` about the first file that cannot be read, unless such images are passed over; what `CocoDataset`
  ///   throws.
  func dataset(called path: String, in context: DataContext) throws -> CocoDataset {
    let (annotations, reading, sources, folder) = try annotations(ofFile: path)
    if settings.onBrokenImage == .stop,
      let fault = reading.faults.first(where: { $0.severity == .error && stops.contains($0.kind) })
    {
      throw DataError(file: fault.file, fault.message)
    }
    let kinds = Dictionary(grouping: reading.faults, by: \.kind).sorted { $0.key < $1.key }
    return try CocoDataset(
      CocoDataset.Source(
        annotations: annotations, sources: sources,
        files: CocoDataset.FilePlace(
          folder: folder, isNamed: true, allowsMissing: settings.onBrokenImage == .skip), filter: filter,
        warnings: kinds.map { kind, faults in
          "\(path): \(kind): \(faults.count); the first: \(faults[0].file.printedWhole): \(faults[0].message.printedWhole)"
        }), settings, in: context)
  }

  /// What the files name, for `dense data check`.
  func inventory(called path: String) throws -> DatasetInventory {
    let (annotations, reading, _, folder) = try annotations(ofFile: path)
    let samples = annotations.images.enumerated().map { index, image in
      Sample(
        index: index, imageID: image.id, imagePath: DatasetSettings.path(image.fileName ?? "", below: folder),
        size: ImageSize(height: image.height, width: image.width))
    }
    // Classes that the config leaves out are left out on purpose; an empty box is what it is in COCO's files.
    let faults = reading.faults.map { fault in
      var fault = fault
      fault.effect = "training leaves it out"
      if ["unlisted_class", "zero_area_box"].contains(fault.kind) { fault.severity = .note }
      if stops.contains(fault.kind) { fault.effect = "training stops before its first step" }
      return fault
    }
    let used = Set(annotations.annotations.map(\.categoryID))
    let bare = annotations.categories.filter { !used.contains($0.id) }.map(\.name)
    let more =
      CocoFileCheck.repeated(annotations.annotations).map { DataFault($0, file: path) }
      + [DataFault(classesWithoutObjects: bare, of: annotations.categories.count, file: path)].compactMap {
        $0
      }
    return DatasetInventory(
      samples: samples, annotationCount: annotations.annotations.count, faults: faults + more,
      identifiesImages: false)
  }
}
