import Imaging
import Masks

extension Reef {
  /// Draws the first scenes of the set on one sheet of four columns and three rows, every second one with the masks and
  /// boxes of its animals, and writes it as JPEG. Pictures of one animal are shown as they are.
  ///
  /// - Throws: `ImagingError` when the file cannot be written.
  public func writeContactSheet(to file: String) throws {
    let (columns, rows) = (4, 3)
    var sheet = [UInt8]()
    let tiles = (0..<columns * rows).map { tile in
      task == .classification
        ? portrait(tile).image
        : Self.picture(of: scene(tile), isMarked: (tile + tile / columns) % 2 == 1)
    }
    for row in 0..<rows {
      for line in 0..<size.height {
        for tile in tiles[row * columns..<(row + 1) * columns] {
          let length = 3 * size.width
          sheet += tile.pixels[line * length..<(line + 1) * length]
        }
      }
    }
    try Image(height: rows * size.height, width: columns * size.width, pixels: sheet)
      .writeJPEG(to: file, quality: 82)
  }

  private static func picture(of scene: ReefScene, isMarked: Bool) -> Image {
    var image = scene.image
    guard isMarked else { return image }
    func colour(_ animal: ReefAnimal) -> SIMD3<UInt8> {
      ReefLabels.colours[Int(ReefLabels.label(of: animal)) - 1]
    }
    for one in scene.animals { image.blend(one.mask, colour: colour(one.animal), opacity: 0.5) }
    for one in scene.animals {
      let box = RunLengthMask(one.mask).boundingBox
      let (x, y) = (Float(box.x), Float(box.y))
      image.draw(
        box: SIMD4(x, y, x + Float(box.width) - 1, y + Float(box.height) - 1), colour: colour(one.animal),
        thickness: 1)
      image.draw(label: one.animal.name, x: x, y: y, colour: colour(one.animal), scale: 0.33)
    }
    return image
  }
}
