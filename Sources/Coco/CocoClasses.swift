import Imaging

/// Names and colours of COCO's 80 classes, in the order of their numbers (mmdetection's METAINFO).
public enum CocoClasses {
  /// The names.
  public static let names = table.map(\.name)
  /// Red, green and blue.
  public static let palette = table.map { Palette.colour(hex: $0.colour) }

  /// The categories' numbers in COCO's files, in the same order: ten numbers up to 90 have no category.
  public static let categories: [Int] = {
    let absent: Set = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83]
    return (1...90).filter { !absent.contains($0) }
  }()

  /// The numbers that classes have where no annotation file says others: COCO's for its 80, else from 1.
  public static func usualCategories(for classes: [String]) -> [Int] {
    classes == names ? categories : Array(1..<classes.count + 1)
  }

  private static let colours = Dictionary(zip(names, palette)) { first, _ in first }

  /// COCO's colours for the classes that have its names, distinct ones for the others; none at all where no name is
  /// COCO's.
  public static func palette(for classes: [String]) -> [SIMD3<UInt8>] {
    guard classes.contains(where: { colours[$0] != nil }) else { return [] }
    let others = Palette.distinct(classes.count)
    return classes.enumerated().map { colours[$1] ?? others[$0] }
  }

  private static let table: [(name: String, colour: UInt32)] = [
    ("person", 0xdc143c), ("bicycle", 0x770b20), ("car", 0x00008e), ("motorcycle", 0x0000e6),
    ("airplane", 0x6a00e4), ("bus", 0x003c64), ("train", 0x005064), ("truck", 0x000046), ("boat", 0x0000c0),
    ("traffic light", 0xfaaa1e), ("fire hydrant", 0x64aa1e), ("stop sign", 0xdcdc00),
    ("parking meter", 0xaf74af), ("bench", 0xfa001e), ("bird", 0xa52a2a), ("cat", 0xff4dff),
    ("dog", 0x00e2fc), ("horse", 0xb6b6ff), ("sheep", 0x005200), ("cow", 0x78a69d), ("elephant", 0x6e4c00),
    ("bear", 0xae39ff), ("zebra", 0xc76400), ("giraffe", 0x480076), ("backpack", 0xffb3f0),
    ("umbrella", 0x007d5c), ("handbag", 0xd10097), ("tie", 0xbcd0b6), ("suitcase", 0x00dcb0),
    ("frisbee", 0xff63a4), ("skis", 0x5c0049), ("snowboard", 0x8581ff), ("sports ball", 0x4eb4ff),
    ("kite", 0x00e400), ("baseball bat", 0xaefff3), ("baseball glove", 0x2d59ff), ("skateboard", 0x868667),
    ("surfboard", 0x9194ae), ("tennis racket", 0xffd0ba), ("bottle", 0xc5e2ff), ("wine glass", 0xab8601),
    ("cup", 0x6d3f36), ("fork", 0xcf8aff), ("knife", 0x97005f), ("spoon", 0x09503d), ("bowl", 0x546933),
    ("banana", 0x4a4169), ("apple", 0xa6c466), ("sandwich", 0xd0c3d2), ("orange", 0xff6d41),
    ("broccoli", 0x008f95), ("carrot", 0xb300c2), ("hot dog", 0xd1636a), ("pizza", 0x057900),
    ("donut", 0xe3ffcd), ("cake", 0x93bad0), ("chair", 0x994501), ("couch", 0x035fa1),
    ("potted plant", 0xa3ff00), ("bed", 0x7700aa), ("dining table", 0x00b6c7), ("toilet", 0x00a578),
    ("tv", 0xb78258), ("laptop", 0x5f2000), ("mouse", 0x827287), ("remote", 0x6e8185),
    ("keyboard", 0xa64a76), ("cell phone", 0xdb8eb9), ("microwave", 0x4fd272), ("oven", 0xb25a3e),
    ("toaster", 0x41460f), ("sink", 0x7fa773), ("refrigerator", 0x3b696a), ("book", 0x8e6c2d),
    ("clock", 0xc4ac00), ("vase", 0x5f3650), ("scissors", 0x804cff), ("teddy bear", 0xc93901),
    ("hair drier", 0xf6007a), ("toothbrush", 0xbfa2d0),
  ]
}
