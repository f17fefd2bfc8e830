import Data
import Files
import Imaging
import Masks

/// CVAT's XML "for images" (version 1.1). Shapes of one class and group are parts of one object.
enum CVAT {
  static func read(_ inputs: [String], _ collector: inout AnnotationCollector) throws {
    var classes: [String] = []
    for input in inputs {
      for file in try files(input, ending: "xml", wanted: "CVAT's annotations.xml") {
        let root = try XMLElement.read(file: file)
        guard root.name == "annotations" else {
          throw DataError(file: file, "its element is <\(root.name)>, not CVAT's <annotations>")
        }
        guard root.all("track").isEmpty else {
          throw DataError(file: file, "holds tracks of a video: export it as 'CVAT for images'")
        }
        let meta = root["meta"]
        for owner in ["task", "job", "project"].compactMap({ meta?[$0] }) {
          for label in owner["labels"]?.all("label") ?? [] {
            if let name = label["name"]?.text, !classes.contains(name) { classes.append(name) }
          }
        }
        let inner = Folder.join(Folder.split(file).folder, "images")
        let index = try PictureIndex(
          collector.options.images ?? (Folder.isFolder(inner) ? inner : Folder.split(file).folder))
        if !classes.isEmpty { collector.listedClasses = classes }
        for image in root.all("image") {
          let split = image.attributes["subset"].flatMap(split)
          collector.source(file, split: split)
          read(image, file, split: split, index, &collector)
        }
      }
    }
  }

  private static func split(_ subset: String) -> String? {
    switch subset.lowercased() {
    case "train", "training": "train"
    case "val", "valid", "validation": "val"
    case "test", "testing": "test"
    default: nil
    }
  }

  private static func read(
    _ image: XMLElement, _ file: String, split: String?, _ index: PictureIndex,
    _ collector: inout AnnotationCollector
  ) {
    let name = image.attributes["name"] ?? ""
    let id = image.number("id").flatMap(Int.init(exactly:))
    guard let path = index.path(named: name) else {
      collector.lose(file, "missing_image", "there is no picture \(name) in \(index.folder)", id: id)
      return
    }
    let stated = image.number("height").flatMap(Int.init(exactly:)).flatMap { height in
      image.number("width").flatMap(Int.init(exactly:)).map { ImageSize(height: height, width: $0) }
    }
    collector.add(path, stated: stated, from: file, split: split) { size, collector in
      var objects: [AnnotatedSet.Object] = []
      var groups: [String: Int] = [:]
      for element in image.children {
        let label = element.attributes["label"] ?? ""
        guard let object = object(element, label, size) else {
          collector.lose(
            file, "unknown_shape",
            "line \(element.line): \(name): <\(element.name)> of \(label) is none that encloses an object, or lacks its "
              + "numbers", id: id)
          continue
        }
        // 0 is no group.
        if let group = element.attributes["group_id"], group != "0" {
          if let place = groups["\(group) \(label)"], let joined = objects[place].joined(with: object) {
            objects[place] = joined
            continue
          }
          groups["\(group) \(label)"] = objects.count
        }
        objects.append(object)
      }
      return objects
    }
  }

  private static func object(_ element: XMLElement, _ label: String, _ size: ImageSize) -> AnnotatedSet
    .Object?
  {
    let degrees = element.number("rotation") ?? 0
    switch element.name {
    case "box":
      guard let left = element.number("xtl"), let top = element.number("ytl"),
        let right = element.number("xbr"),
        let bottom = element.number("ybr")
      else { return nil }
      let box = (x: left, y: top, width: right - left, height: bottom - top)
      guard degrees != 0 else { return AnnotatedSet.Object(className: label, box: box) }
      return AnnotatedSet.Object(
        className: label,
        outlines: [
          turned(corners(of: box), around: ((left + right) / 2, (top + bottom) / 2), degrees: degrees)
        ])
    case "polygon":
      let points = (element.attributes["points"] ?? "").split { $0 == ";" || $0 == "," }
      let numbers = points.compactMap { finiteNumber(String($0)) }
      return numbers.count == points.count ? AnnotatedSet.Object(className: label, outlines: [numbers]) : nil
    case "ellipse":
      guard let x = element.number("cx"), let y = element.number("cy"), let rx = element.number("rx"),
        let ry = element.number("ry")
      else { return nil }
      return AnnotatedSet.Object(
        className: label, outlines: [ellipse(x: x, y: y, radii: (rx, ry), degrees: degrees)])
    case "mask": return mask(element, label, size)
    default: return nil
    }
  }

  /// Run lengths along the rows of a window, background first.
  private static func mask(_ element: XMLElement, _ label: String, _ size: ImageSize) -> AnnotatedSet.Object?
  {
    func whole(_ key: String) -> Int? { element.number(key).flatMap(Int.init(exactly:)) }
    let words = (element.attributes["rle"] ?? "").split { $0 == "," || $0 == " " }
    let runs = words.compactMap { Int($0) }
    guard runs.count == words.count, let left = whole("left"), let top = whole("top"),
      let width = whole("width"),
      let height = whole("height"), (1...65_535).contains(width), (1...65_535).contains(height),
      runs.allSatisfy({ (0...width * height).contains($0) }), runs.reduce(0, +) == width * height
    else { return nil }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height)
    for (number, run) in runs.enumerated() {
      pixels += [UInt8](repeating: number.isMultiple(of: 2) ? 0 : 1, count: run)
    }
    let window = RunLengthMask(Bitmap(height: height, width: width, pixels: pixels))
    let mask = try? window.placed(row: top, column: left, height: size.height, width: size.width)
    return mask.map { AnnotatedSet.Object(className: label, mask: $0) }
  }
}
