import Data
import Files
import Imaging
import Masks

/// Masks in files: a file an object (in a folder a picture, or called as the picture and more), or a map of numbered
/// objects of the picture's name.
enum MaskFolders {
  static func read(_ inputs: [String], _ collector: inout AnnotationCollector) throws {
    let classes = collector.options.classes ?? ["object"]
    guard classes.count == 1 else {
      throw DataError(file: inputs.first, "masks say no class: name one by --classes")
    }
    collector.listedClasses = classes
    switch inputs.count {
    case 1: try readPictureFolders(inputs[0], classes[0], &collector)
    case 2: try read(images: inputs[0], masks: inputs[1], classes[0], &collector)
    default:
      throw DataError(file: inputs.first, "one folder, or the pictures' and the masks' folder are wanted")
    }
  }

  /// `PICTURE/images/*.png` beside `PICTURE/masks/*.png`, as the nuclei of the Data Science Bowl came.
  private static func readPictureFolders(
    _ root: String, _ name: String, _ collector: inout AnnotationCollector
  ) throws {
    let folders = try Folder.contents(of: root).filter(\.isFolder).map { Folder.join(root, $0.name) }
    guard folders.contains(where: { Folder.isFolder(Folder.join($0, "masks")) }) else {
      throw DataError(
        file: root, "holds no PICTURE/images and PICTURE/masks; else name the pictures' folder and the masks'"
      )
    }
    for folder in folders {
      collector.reading(folder) { collector in
        let index = try PictureIndex(Folder.join(folder, "images"))
        guard index.all.count == 1 else {
          throw DataError(file: folder, "holds \(index.all.count) pictures in images/: one is wanted")
        }
        let masks = try PictureIndex(Folder.join(folder, "masks")).all.map {
          Folder.join(Folder.join(folder, "masks"), $0)
        }
        add(Folder.join(index.folder, index.all[0]), masks, name, &collector)
      }
    }
  }

  private static func read(
    images: String, masks: String, _ name: String, _ collector: inout AnnotationCollector
  ) throws {
    let pictures = try PictureIndex(images).all
    let stems = Dictionary(pictures.map { (Folder.splitExtension($0).stem, $0) }) { first, _ in first }
    var found: [String: [String]] = [:]
    for mask in try PictureIndex(masks).all {
      let file = Folder.join(masks, mask)
      // The longest name that the mask's begins with.
      let stem = Folder.splitExtension(mask).stem
      var candidate = stem[...]
      while !candidate.isEmpty, stems[String(candidate)] == nil { candidate = candidate.dropLast() }
      guard let picture = stems[String(candidate)] else {
        collector.lose(
          file, "mask_without_image", "there is no picture in \(images) whose name it begins with")
        continue
      }
      found[picture, default: []].append(file)
    }
    for picture in pictures { add(Folder.join(images, picture), found[picture] ?? [], name, &collector) }
  }

  private static func add(
    _ picture: String, _ masks: [String], _ name: String, _ collector: inout AnnotationCollector
  ) {
    if masks.isEmpty {
      collector.note(picture, "no_mask", "has no mask: it counts as a picture without objects")
    }
    for mask in masks { collector.source(mask) }
    collector.add(picture, stated: nil, from: masks.first ?? picture) { size, collector in
      var objects: [AnnotatedSet.Object] = []
      for file in masks {
        collector.reading(file) { collector in
          let map = try numbers(of: file)
          guard map.size == size else {
            throw DataError(file: file, "has \(map.size) pixels, its picture \(size)")
          }
          let regions = map.regions(without: [0])
          if regions.isEmpty { collector.lose(file, "empty_mask", "no pixel of it is an object") }
          for (value, mask) in regions {
            var object = AnnotatedSet.Object(className: name, mask: mask)
            if regions.count > 1 { object.id = Int(value) }
            objects.append(object)
          }
        }
      }
      return objects
    }
  }

  /// A map of numbers as it is; of a picture in colours, or one that lost its sharpness in JPEG, what is bright.
  private static func numbers(of file: String) throws(ImagingError) -> LabelMap {
    do { return try LabelMap.read(file: file) } catch {
      guard case .coloursNotClasses = error else { throw error }
      let image = try Image.decode(file: file)
      let pixels = (0..<image.height * image.width).map { place -> Int32 in
        max(image.pixels[3 * place], image.pixels[3 * place + 1], image.pixels[3 * place + 2]) >= 128 ? 1 : 0
      }
      return LabelMap(height: image.height, width: image.width, pixels: pixels)
    }
  }
}
