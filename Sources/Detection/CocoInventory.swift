import Coco
import Data
import Imaging

extension DatasetInventory {
  /// Reads an annotation file and collects what is wrong with its entries; images are not opened.
  ///
  /// - Throws: `CocoError` when the file is no JSON, or not of COCO's form.
  init(_ configuration: CocoDataset.Configuration) throws {
    let path = configuration.settings.path(configuration.annotationFile)
    let place = configuration.files
    let check = try CocoFileCheck(contentsOf: path, problem: place.problem)
    let samples = check.images.enumerated().map { index, image in
      Sample(
        index: index, imageID: image.id, imagePath: place.path(of: image),
        size: ImageSize(height: image.height, width: image.width))
    }
    var faults = check.faults.filter { $0.weight != .errorWithMasks }.map { DataFault($0, file: path) }
    do throws(DataError) {
      let categories = try CocoDataset.categories(
        check.categories, used: check.usedCategories, wanted: configuration.settings.classes,
        hasImages: !check.images.isEmpty, file: path)
      // Files of a test without its answers have no objects at all.
      let bare =
        check.usedCategories.isEmpty
        ? [] : categories.filter { !check.usedCategories.contains($0.id) }.map(\.name)
      faults += [DataFault(classesWithoutObjects: bare, of: categories.count, file: path)].compactMap { $0 }
    } catch {
      let lines = error.message.split(separator: "\n").map { $0.drop { $0 == " " } }
      faults.append(
        DataFault(
          file: path, kind: "wrong_classes", message: lines.joined(separator: "; "),
          effect: "training stops before its first step"))
    }
    var maskFaults = check.faults.filter { $0.weight == .errorWithMasks }.map { DataFault($0, file: path) }
    // Training stops where no object has a mask; else it leaves out those that have none, and says how many.
    if maskFaults.count < check.annotationCount {
      for index in maskFaults.indices { maskFaults[index].severity = .note }
    }
    self.init(
      samples: samples, annotationCount: check.annotationCount, faults: faults, maskFaults: maskFaults)
  }
}

extension DataFault {
  /// Classes that no object is of; nil where there is none.
  init?(classesWithoutObjects names: [String], of count: Int, file: String) {
    guard !names.isEmpty else { return nil }
    self.init(
      file: file, kind: "class_without_objects",
      message: "no object is of \(names.count) of \(count) classes: \(list(names))", severity: .note,
      effect: "training never sees the class, and its AP is not defined")
  }

  init(_ fault: CocoFileCheck.Fault, file: String) {
    self.init(
      file: file, id: fault.id, kind: fault.kind, message: fault.message,
      severity: fault.weight == .note ? .note : .error, effect: fault.effect)
  }
}
