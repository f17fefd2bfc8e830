import Imaging
import TestSupport

/// A folder of images and label maps.
extension TemporaryFolder {
  /// Writes a picture of 3 x 1 pixels as PNG, whatever its name says.
  func image(_ name: String, shade: UInt8 = 1) throws {
    try write(try Image(height: 1, width: 3, colour: [shade, 2, 3]).encodedPNG(), as: name)
  }

  /// Writes a label map of one row.
  func labels(_ name: String, _ pixels: [Int32] = [0, 1, 2]) throws {
    try write(try LabelMap(height: 1, width: pixels.count, pixels: pixels).encodedPNG(), as: name)
  }
}
