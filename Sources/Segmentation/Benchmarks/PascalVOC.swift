/// Pascal VOC's segmentation: background and 20 classes of objects, whose borders are 255 (mmsegmentation's
/// `PascalVOCDataset`); `ann_file` names the images that have label maps.
public enum PascalVOC: SegmentationBenchmark {
  /// In configs.
  public static let datasetName = "PascalVOCDataset"

  /// Names and colours.
  public static let table: [(name: String, colour: UInt32)] = [
    ("background", 0x000000), ("aeroplane", 0x800000), ("bicycle", 0x008000), ("bird", 0x808000),
    ("boat", 0x000080), ("bottle", 0x800080), ("bus", 0x008080), ("car", 0x808080), ("cat", 0x400000),
    ("chair", 0xc00000), ("cow", 0x408000), ("diningtable", 0xc08000), ("dog", 0x400080),
    ("horse", 0xc00080), ("motorbike", 0x408080), ("person", 0xc08080), ("pottedplant", 0x004000),
    ("sheep", 0x804000), ("sofa", 0x00c000), ("train", 0x80c000), ("tvmonitor", 0x004080),
  ]
}
