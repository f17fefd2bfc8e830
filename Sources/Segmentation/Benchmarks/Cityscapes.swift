/// Cityscapes: 19 classes of street scenes, and label maps of the numbers for training, `*_labelTrainIds.png`
/// (mmsegmentation's `CityscapesDataset`).
public enum Cityscapes: SegmentationBenchmark {
  /// In configs.
  public static let datasetName = "CityscapesDataset"
  /// Of a picture.
  public static let imageSuffix = "_leftImg8bit.png"
  /// Of its label map.
  public static let labelMapSuffix = "_gtFine_labelTrainIds.png"

  /// Names and colours.
  public static let table: [(name: String, colour: UInt32)] = [
    ("road", 0x804080), ("sidewalk", 0xf423e8), ("building", 0x464646), ("wall", 0x66669c),
    ("fence", 0xbe9999), ("pole", 0x999999), ("traffic light", 0xfaaa1e), ("traffic sign", 0xdcdc00),
    ("vegetation", 0x6b8e23), ("terrain", 0x98fb98), ("sky", 0x4682b4), ("person", 0xdc143c),
    ("rider", 0xff0000), ("car", 0x00008e), ("truck", 0x000046), ("bus", 0x003c64), ("train", 0x005064),
    ("motorcycle", 0x0000e6), ("bicycle", 0x770b20),
  ]
}
