import Data
import Files
import Imaging
import Masks

/// Label Studio's JSON export: a task a picture, in hundredths of the picture's sides.
enum LabelStudio {
  private struct Task: Decodable {
    var id: Int?
    var data: [String: Entry]
    var annotations: [Work]?
    var completions: [Work]?
  }

  /// A text; whatever else a task holds is passed over.
  private struct Entry: Decodable {
    var text: String?

    init(from decoder: any Decoder) throws { text = try? decoder.singleValueContainer().decode(String.self) }
  }

  private struct Work: Decodable {
    var was_cancelled: Bool?
    var result: [Result]
  }

  private struct Result: Decodable {
    struct Value: Decodable {
      var x, y, width, height, rotation, radiusX, radiusY: Double?
      var points: [[Double]]?
      var rle: [UInt8]?
      var rectanglelabels, polygonlabels, ellipselabels, brushlabels, keypointlabels, labels: [String]?

      var names: [String] {
        rectanglelabels ?? polygonlabels ?? ellipselabels ?? brushlabels ?? keypointlabels ?? labels ?? []
      }
    }
    var type: String
    var value: Value?
    var original_width, original_height: Int?
    var image_rotation: Double?
  }

  static func read(_ inputs: [String], _ collector: inout AnnotationCollector) throws {
    for input in inputs {
      for file in try files(input, ending: "json", wanted: "Label Studio's export") {
        let tasks = try json([Task].self, file: file)
        let index = try PictureIndex(collector.options.images ?? Folder.split(file).folder)
        collector.source(file)
        for (number, task) in tasks.enumerated() { read(task, number, file, index, &collector) }
      }
    }
  }

  private static func read(
    _ task: Task, _ number: Int, _ file: String, _ index: PictureIndex, _ collector: inout AnnotationCollector
  ) {
    let id = task.id ?? number + 1
    let names = (task.data["image"] ?? task.data["img"]).map { [$0] } ?? Array(task.data.values)
    let named = names.compactMap(\.text).first {
      PictureIndex.isPicture(String($0.prefix { $0 != "?" })) || $0.contains("?d=")
    }
    guard let named, let path = picture(named, index) else {
      collector.lose(
        file, "missing_image", "task \(id): there is no picture \(named ?? "in its data") in \(index.folder)",
        id: id)
      return
    }
    let works = (task.annotations ?? task.completions ?? []).filter { $0.was_cancelled != true }
    if works.count > 1 {
      collector.lose(
        file, "several_annotations", "task \(id): \(works.count) people annotated it: the first is taken",
        id: id)
    }
    let results = (works.first?.result ?? []).filter { $0.value != nil && $0.type.hasSuffix("labels") }
    let stated = results.lazy.compactMap { result in
      result.original_height.flatMap { height in
        result.original_width.map { ImageSize(height: height, width: $0) }
      }
    }.first
    collector.add(path, stated: stated, id: nil, from: file) { size, collector in
      results.flatMap { result -> [AnnotatedSet.Object] in
        do throws(DataError) { return try objects(result, size) } catch {
          collector.lose(file, "unknown_shape", "task \(id): \(error.message)", id: id)
          return []
        }
      }
    }
  }

  /// A picture by the address that it has on the server: `/data/upload/1/0a1b2c3d-name.jpg`.
  private static func picture(_ address: String, _ index: PictureIndex) -> String? {
    let name = Folder.split(address.split(separator: "?d=").last.map(String.init) ?? address).name
    if let found = index.path(named: name) { return found }
    // The server puts eight digits before the name.
    let digits = name.prefix(9)
    guard digits.count == 9, digits.last == "-", digits.dropLast().allSatisfy(\.isHexDigit) else {
      return nil
    }
    return index.path(named: String(name.dropFirst(9)))
  }

  private static func objects(_ result: Result, _ size: ImageSize) throws(DataError) -> [AnnotatedSet.Object]
  {
    guard let value = result.value else { return [] }
    let names = value.names
    guard !names.isEmpty else { throw DataError(file: nil, "a region has no class") }
    guard (result.image_rotation ?? 0) == 0 else {
      throw DataError(file: nil, "\(names[0]): the picture was turned on the screen, its pixels were not")
    }
    let (width, height) = (Double(size.width) / 100, Double(size.height) / 100)
    let degrees = value.rotation ?? 0
    func number(_ value: Double?) throws(DataError) -> Double {
      guard let value else { throw DataError(file: nil, "\(names[0]): a region lacks its numbers") }
      return value
    }
    var object: AnnotatedSet.Object
    switch result.type {
    case "rectanglelabels", "labels":
      let box = (
        x: try number(value.x) * width, y: try number(value.y) * height,
        width: try number(value.width) * width,
        height: try number(value.height) * height
      )
      object =
        degrees == 0
        ? AnnotatedSet.Object(className: "", box: box)
        : AnnotatedSet.Object(
          className: "", outlines: [turned(corners(of: box), around: (box.x, box.y), degrees: degrees)])
    case "polygonlabels":
      let points = value.points ?? []
      guard points.allSatisfy({ $0.count == 2 }) else {
        throw DataError(file: nil, "\(names[0]): points are x and y")
      }
      object = AnnotatedSet.Object(
        className: "", outlines: [points.flatMap { [$0[0] * width, $0[1] * height] }])
    case "ellipselabels":
      object = AnnotatedSet.Object(
        className: "",
        outlines: [
          ellipse(
            x: try number(value.x) * width, y: try number(value.y) * height,
            radii: (try number(value.radiusX) * width, try number(value.radiusY) * height), degrees: degrees)
        ])
    case "brushlabels":
      guard let rle = value.rle, let bitmap = brushed(rle, size) else {
        throw DataError(
          file: nil, "\(names[0]): a brush mask that does not fit its picture of \(size) pixels")
      }
      object = AnnotatedSet.Object(className: "", mask: RunLengthMask(bitmap))
    default: throw DataError(file: nil, "\(names[0]): '\(result.type)' is none that encloses an object")
    }
    return names.map { name in
      object.className = name
      return object
    }
  }

  /// A brush's mask: numbers of a red, green, blue and alpha each, packed in bits (thi.ng's rle-pack); alpha is the mask.
  private static func brushed(_ bytes: [UInt8], _ size: ImageSize) -> Bitmap? {
    var position = 0
    func bits(_ count: Int) -> Int? {
      guard position + count <= bytes.count * 8 else { return nil }
      var value = 0
      for bit in position..<position + count {
        value = value << 1 | Int(bytes[bit >> 3] >> (7 - bit & 7) & 1)
      }
      position += count
      return value
    }
    guard let count = bits(32), count == size.height * size.width * 4, let word = bits(5) else { return nil }
    var lengths: [Int] = []
    for _ in 0..<4 { lengths.append((bits(4) ?? 0) + 1) }
    var bitmap = Bitmap(height: size.height, width: size.width)
    var place = 0
    while place < count {
      guard let isRun = bits(1), let choice = bits(2), let length = bits(lengths[choice]) else { return nil }
      let end = min(count, place + length + 1)
      var value = 0
      if isRun == 1 {
        guard let read = bits(word + 1) else { return nil }
        value = read
      }
      while place < end {
        if isRun == 0 {
          guard let read = bits(word + 1) else { return nil }
          value = read
        }
        if place & 3 == 3, value > 0 { bitmap.pixels[place >> 2] = 1 }
        place += 1
      }
    }
    return bitmap
  }
}
