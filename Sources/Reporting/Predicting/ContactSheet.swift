import Files
import Imaging

/// Small pictures in rows and columns on one sheet, each above its name.
public struct ContactSheet {
  /// The sheet.
  public let image: Image

  /// Pictures of more would be a sheet that no viewer opens.
  public static let most = 400

  /// Puts pictures on a sheet.
  ///
  /// - Parameters:
  ///   - pictures: At least one, of three channels, with their names; nil: no line for a name.
  ///   - side: Pixels of the square that each has to fit.
  public init(_ pictures: [(name: String?, image: Image)], side: Int) {
    let images = pictures.map { $0.image.fitting(side) }
    var letters = Lettering(size: max(10, Double(side) / 22))
    let caption = pictures.contains { $0.name != nil } ? letters.height + 2 : 0
    let columns = max(1, Int(Double(images.count).squareRoot().rounded(.up)))
    let rows = max(1, (images.count + columns - 1) / columns)
    let gap = caption > 0 ? 8 : 4
    let (height, width) = ((images.map(\.height).max() ?? 1) + caption, images.map(\.width).max() ?? 1)
    var sheet = Image(
      height: rows * (height + gap) - gap, width: columns * (width + gap) - gap, colour: [255, 255, 255])
    for (index, picture) in images.enumerated() {
      let (row, column) = index.quotientAndRemainder(dividingBy: columns)
      let (top, left) = (row * (height + gap), column * (width + gap))
      sheet.place(picture, top: top, left: left)
      if let name = pictures[index].name {
        letters.draw(
          letters.shortened(name.printedWhole, toFit: width), on: &sheet, left: left,
          top: top + picture.height + 1, colour: SIMD3(32, 32, 32))
      }
    }
    image = sheet
  }

  /// Writes the sheet: as JPEG where the name ends in .jpg or .jpeg, else as PNG.
  ///
  /// - Throws: `ImagingError` that names the file.
  public func write(to path: String) throws(ImagingError) { try image.write(to: path) }
}
