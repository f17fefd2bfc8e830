import Coco
import Conversion
import Data
import Imaging
import TestSupport

/// Small folders of annotations, and pictures of one colour beside them.
extension TemporaryFolder {
  /// Writes a PNG of one colour.
  func picture(_ name: String, height: Int = 40, width: Int = 50) throws {
    try write(try Image(height: height, width: width, colour: [9, 9, 9]).encodedPNG(), as: name)
  }

  /// Writes a map of numbers.
  func map(_ name: String, height: Int = 40, width: Int = 50, _ label: (_ row: Int, _ column: Int) -> Int32)
    throws
  {
    let pixels = (0..<height * width).map { label($0 / width, $0 % width) }
    try write(try LabelMap(height: height, width: width, pixels: pixels).encodedPNG(), as: name)
  }

  /// A path in the folder.
  func at(_ name: String) -> String { "\(path)/\(name)" }
}

extension AnnotationFormat {
  func read(
    _ folder: TemporaryFolder, _ inputs: String..., options: (inout ReadingOptions) -> Void = { _ in }
  ) throws
    -> AnnotationReading
  {
    var settings = ReadingOptions()
    options(&settings)
    return try read(inputs.map(folder.at), options: settings)
  }
}

extension AnnotationReading {
  /// The objects of all pictures: class and box, to a thousandth of a pixel.
  var boxes: [String] {
    sets.flatMap { set in
      set.images.flatMap { image in
        image.objects.map { object in
          let numbers = [object.box.x, object.box.y, object.box.width, object.box.height].map {
            ($0 * 1000).rounded() / 1000
          }
          return "\(object.className) \(numbers)"
        }
      }
    }
  }

  /// The kinds of faults with their ids.
  var faultKinds: [String] { faults.map { $0.kind + ($0.id.map { " \($0)" } ?? "") } }
}

extension ConversionPlan {
  /// Writes all files.
  func write() throws { for file in files { try file.write() } }
}
