import Coco
import Data
import Files
import Imaging
import Masks

extension ConversionPlan {
  /// Label maps, a PNG a picture, in `label_maps/SPLIT`: classes count from 0 in their order, 255 is none; small objects lie
  /// over large ones.
  ///
  /// - Parameters:
  ///   - reading: The pictures and their objects; one with a box alone is left out, and a fault says so.
  ///   - out: The folder that gets `label_maps`.
  ///   - background: The name of the pixels without an object, which are then class 0; nil: they have none.
  /// - Throws: `DataError` where two pictures would have one name.
  public init(labelMaps reading: AnnotationReading, out: String, background: String? = nil) throws {
    for set in reading.sets {
      let classes = (background.map { [$0] } ?? []) + set.classes.filter { $0 != background }
      let numbers = Dictionary(classes.enumerated().map { ($1, Int32($0)) }) { first, _ in first }
      let nothing = background == nil ? LabelMeaning.ignored(among: classes.count) : 0
      let folder = set.split.map { Folder.join(out, "label_maps/\($0)") } ?? Folder.join(out, "label_maps")
      var names: [String: String] = [:]
      var endings = Set<String>()
      for image in set.images {
        let (stem, ending) = Folder.splitExtension(relative(image.path, to: set.imageFolder))
        endings.insert(ending)
        if let other = names.updateValue(image.path, forKey: stem) {
          throw DataError(
            file: image.path, "would have the label map of \(other): they differ in their ending alone")
        }
        for object in image.objects where object.segmentation == nil {
          faults.append(
            DataFault(
              file: image.source, id: object.id, kind: "no_segmentation",
              message: "\(object.className): has a box alone, which is no region",
              effect: "it is not in what is written"))
        }
        files.append(
          PlannedFile(
            Folder.join(folder, stem + ".png"),
            .bytes { try Self.map(of: image, numbers: numbers, nothing: nothing).encodedPNG() }))
      }
      if endings.count > 1 {
        faults.append(
          DataFault(
            file: set.imageFolder, kind: "several_endings",
            message:
              "pictures end in \(endings.sorted().map { "." + $0 }.joined(separator: ", ")), and img_suffix is one: make "
              + "them one, or list each kind as a data set of its own", severity: .note))
      }
      let loader =
        set.split == "val" || set.split == "test" ? "\(set.split ?? "val")_dataloader" : "train_dataloader"
      config += """
        \(loader):
          dataset:
            type: BaseSegDataset
            data_prefix: {img_path: \((set.imageFolder.isEmpty ? "." : set.imageFolder).quotedJSON), seg_map_path: \(folder.quotedJSON)}
            img_suffix: \(("." + (endings.sorted().first ?? "jpg")).quotedJSON)
            metainfo: {classes: [\(classes.map(\.quotedJSON).joined(separator: ", "))]}

        """
    }
  }

  private static func map(
    of image: AnnotatedSet.Image, numbers: [String: Int32], nothing: Int32
  ) throws -> LabelMap {
    let (height, width) = (image.size.height, image.size.width)
    var pixels = [Int32](repeating: nothing, count: height * width)
    let drawn = try image.objects.compactMap {
      object -> (mask: RunLengthMask, object: AnnotatedSet.Object)? in
      guard let segmentation = object.segmentation else { return nil }
      do { return (try segmentation.mask(height: height, width: width), object) } catch {
        throw DataError(file: image.source, "\(object.className): \(error)")
      }
    }
    // Crowds lie below all.
    let ordered = drawn.enumerated().sorted { one, other in
      (one.element.object.isCrowd ? 0 : 1, -one.element.mask.area, one.offset)
        < (other.element.object.isCrowd ? 0 : 1, -other.element.mask.area, other.offset)
    }
    for (_, (mask, object)) in ordered {
      guard let number = numbers[object.className] else { continue }
      let window = MaskWindow(mask)
      for row in 0..<window.window.height {
        for column in 0..<window.window.width
        where window.window.pixels[row * window.window.width + column] != 0 {
          pixels[(window.y + row) * width + window.x + column] = number
        }
      }
    }
    return LabelMap(height: height, width: width, pixels: pixels)
  }
}
