import Coco
import Data
import Files
import Masks

extension AnnotatedSet {
  /// The set as COCO's annotations. Regions of classes without instances are left out.
  ///
  /// - Parameters:
  ///   - folder: What file names begin below.
  ///   - file: What errors call it.
  ///   - countsAreas: Whether areas are those of masks, as COCO has them, or those of boxes, which cost nothing.
  /// - Throws: `CocoError` where two images have one id.
  package func cocoAnnotations(
    below folder: String, file: String, countsAreas: Bool = true, faults: inout [DataFault]
  ) throws -> CocoAnnotations {
    let numbers = categoryIDs ?? Array(1...max(1, classes.count))
    let ids = Dictionary(zip(classes, numbers)) { first, _ in first }
    let hasImageIDs = images.allSatisfy { $0.id != nil } && Set(images.map(\.id)).count == images.count
    let given = images.flatMap { $0.objects.map(\.id) }
    // Numbers that count within a picture are none of the whole file.
    let hasObjectIDs = hasImageIDs && given.allSatisfy { $0 != nil } && Set(given).count == given.count
    var annotations: [CocoAnnotations.Annotation] = []
    var stuff: [String: Int] = [:]
    var number = 0
    for (place, image) in images.enumerated() {
      for object in image.objects {
        number += 1
        guard let category = ids[object.className] else { continue }
        guard !object.isStuff else {
          stuff[object.className, default: 0] += 1
          continue
        }
        var area = object.box.width * object.box.height
        if countsAreas, let segmentation = object.segmentation {
          do {
            area = Double(try segmentation.mask(height: image.size.height, width: image.size.width).area)
          } catch {
            faults.append(
              DataFault(
                file: image.source, id: object.id, kind: "illegal_mask",
                message: "\(object.className): \(error)",
                effect: "it is not in what is written"))
            continue
          }
        }
        annotations.append(
          CocoAnnotations.Annotation(
            id: hasObjectIDs ? object.id ?? number : number,
            imageID: hasImageIDs ? image.id ?? place + 1 : place + 1,
            categoryID: category, boundingBox: object.box, area: area, isCrowd: object.isCrowd,
            ignore: object.isIgnored, segmentation: object.segmentation))
      }
    }
    for (name, count) in stuff.sorted(by: { $0.key < $1.key }) {
      faults.append(
        DataFault(
          file: sources.first ?? file, kind: "no_instances",
          message:
            "\(count) regions of \(name), which has no instances, are in label maps only (--to label-maps)",
          severity: .note))
    }
    return try CocoAnnotations(
      file: file,
      images: images.enumerated().map { place, image in
        CocoAnnotations.Image(
          id: hasImageIDs ? image.id ?? place + 1 : place + 1, fileName: relative(image.path, to: folder),
          height: image.size.height, width: image.size.width)
      }, annotations: annotations,
      categories: zip(classes, numbers).map { CocoAnnotations.Category(id: $1, name: $0) })
  }
}

extension ConversionPlan {
  /// COCO's annotation files: `instances_train.json`, ... in a folder, or one file where there is one set.
  ///
  /// - Throws: `DataError` where several sets would go into one file; `CocoError`.
  public init(coco reading: AnnotationReading, out: String) throws {
    let isFile = Folder.splitExtension(Folder.split(out).name).extension.lowercased() == "json"
    guard !isFile || reading.sets.count == 1 else {
      throw DataError(
        file: out,
        "there are \(reading.sets.count) sets (\(reading.sets.compactMap(\.split).joined(separator: ", "))): "
          + "name a folder, or one of them by --split")
    }
    for set in reading.sets {
      let file =
        isFile ? out : Folder.join(out, set.split.map { "instances_\($0).json" } ?? "instances.json")
      let annotations = try set.cocoAnnotations(below: set.imageFolder, file: file, faults: &faults)
      files.append(PlannedFile(file, .bytes { annotations.encoded() }))
      let loader =
        set.split == "val" || set.split == "test" ? "\(set.split ?? "val")_dataloader" : "train_dataloader"
      config += """
        \(loader):
          dataset:
            type: CocoDataset
            ann_file: \(file.quotedJSON)
            data_prefix: {img: \((set.imageFolder.isEmpty ? "." : set.imageFolder).quotedJSON)}
            metainfo: {classes: [\(set.classes.map(\.quotedJSON).joined(separator: ", "))]}

        """
    }
  }
}
