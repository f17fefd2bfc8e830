import Imaging

/// Numbers or colours that the classes of label maps have in their files (`metainfo.label_values`, `label_colours`).
public struct LabelCode: Hashable, Sendable {
  /// The label of each number; of a colour the number is 0xRRGGBB.
  public let labels: [Int32: Int32]
  /// What else stands in the files and is no class.
  public let ignored: Set<Int32>
  /// Whether the files are pictures in colours.
  public let isColour: Bool

  /// Numbers of the classes, in the order of their labels; nil where one occurs twice.
  public init?(values: [Int32], ignored: [Int32] = []) {
    self.init(values, ignored: ignored, isColour: false)
  }

  /// Colours (red, green, blue) of the classes, in the order of their labels; nil where one occurs twice.
  public init?(colours: [SIMD3<UInt8>], ignored: [SIMD3<UInt8>] = []) {
    self.init(colours.map(Self.number), ignored: ignored.map(Self.number), isColour: true)
  }

  private init?(_ values: [Int32], ignored: [Int32], isColour: Bool) {
    guard Set(values + ignored).count == values.count + ignored.count else { return nil }
    labels = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1, Int32($0)) })
    (self.ignored, self.isColour) = (Set(ignored), isColour)
  }

  /// 0xRRGGBB of red, green and blue.
  fileprivate static func number(_ colour: SIMD3<UInt8>) -> Int32 {
    let (red, green, blue) = (Int32(colour[0]), Int32(colour[1]), Int32(colour[2]))
    return red << 16 | green << 8 | blue
  }
}

extension LabelMeaning {
  /// The numbers of a label map's file; of one in colours each pixel's 0xRRGGBB.
  ///
  /// - Throws: `ImagingError`: the file is no label map, or colours where numbers are meant.
  package func numbers(inFile path: String) throws(ImagingError) -> LabelMap {
    guard code?.isColour == true else { return try LabelMap.read(file: path) }
    let image = try Image.decode(file: path)
    let pixels = (0..<image.height * image.width).map { place -> Int32 in
      let (blue, green, red) = (
        image.pixels[3 * place], image.pixels[3 * place + 1], image.pixels[3 * place + 2]
      )
      return LabelCode.number(SIMD3(red, green, blue))
    }
    return LabelMap(height: image.height, width: image.width, pixels: pixels)
  }
}
