import Imaging

/// The 80 classes of COCO and their colours (mmdetection's `METAINFO`).
enum CocoClasses {
  /// Red, green and blue of each class by its name.
  static let colours: [String: SIMD3<UInt8>] = [
    "person": SIMD3(220, 20, 60), "bicycle": SIMD3(119, 11, 32), "car": SIMD3(0, 0, 142),
    "motorcycle": SIMD3(0, 0, 230), "airplane": SIMD3(106, 0, 228), "bus": SIMD3(0, 60, 100),
    "train": SIMD3(0, 80, 100), "truck": SIMD3(0, 0, 70), "boat": SIMD3(0, 0, 192),
    "traffic light": SIMD3(250, 170, 30), "fire hydrant": SIMD3(100, 170, 30),
    "stop sign": SIMD3(220, 220, 0), "parking meter": SIMD3(175, 116, 175), "bench": SIMD3(250, 0, 30),
    "bird": SIMD3(165, 42, 42), "cat": SIMD3(255, 77, 255), "dog": SIMD3(0, 226, 252),
    "horse": SIMD3(182, 182, 255), "sheep": SIMD3(0, 82, 0), "cow": SIMD3(120, 166, 157),
    "elephant": SIMD3(110, 76, 0), "bear": SIMD3(174, 57, 255), "zebra": SIMD3(199, 100, 0),
    "giraffe": SIMD3(72, 0, 118), "backpack": SIMD3(255, 179, 240), "umbrella": SIMD3(0, 125, 92),
    "handbag": SIMD3(209, 0, 151), "tie": SIMD3(188, 208, 182), "suitcase": SIMD3(0, 220, 176),
    "frisbee": SIMD3(255, 99, 164), "skis": SIMD3(92, 0, 73), "snowboard": SIMD3(133, 129, 255),
    "sports ball": SIMD3(78, 180, 255), "kite": SIMD3(0, 228, 0), "baseball bat": SIMD3(174, 255, 243),
    "baseball glove": SIMD3(45, 89, 255), "skateboard": SIMD3(134, 134, 103),
    "surfboard": SIMD3(145, 148, 174), "tennis racket": SIMD3(255, 208, 186), "bottle": SIMD3(197, 226, 255),
    "wine glass": SIMD3(171, 134, 1), "cup": SIMD3(109, 63, 54), "fork": SIMD3(207, 138, 255),
    "knife": SIMD3(151, 0, 95), "spoon": SIMD3(9, 80, 61), "bowl": SIMD3(84, 105, 51),
    "banana": SIMD3(74, 65, 105), "apple": SIMD3(166, 196, 102), "sandwich": SIMD3(208, 195, 210),
    "orange": SIMD3(255, 109, 65), "broccoli": SIMD3(0, 143, 149), "carrot": SIMD3(179, 0, 194),
    "hot dog": SIMD3(209, 99, 106), "pizza": SIMD3(5, 121, 0), "donut": SIMD3(227, 255, 205),
    "cake": SIMD3(147, 186, 208), "chair": SIMD3(153, 69, 1), "couch": SIMD3(3, 95, 161),
    "potted plant": SIMD3(163, 255, 0), "bed": SIMD3(119, 0, 170), "dining table": SIMD3(0, 182, 199),
    "toilet": SIMD3(0, 165, 120), "tv": SIMD3(183, 130, 88), "laptop": SIMD3(95, 32, 0),
    "mouse": SIMD3(130, 114, 135), "remote": SIMD3(110, 129, 133), "keyboard": SIMD3(166, 74, 118),
    "cell phone": SIMD3(219, 142, 185), "microwave": SIMD3(79, 210, 114), "oven": SIMD3(178, 90, 62),
    "toaster": SIMD3(65, 70, 15), "sink": SIMD3(127, 167, 115), "refrigerator": SIMD3(59, 105, 106),
    "book": SIMD3(142, 108, 45), "clock": SIMD3(196, 172, 0), "vase": SIMD3(95, 54, 80),
    "scissors": SIMD3(128, 76, 255), "teddy bear": SIMD3(201, 57, 1), "hair drier": SIMD3(246, 0, 122),
    "toothbrush": SIMD3(191, 162, 208),
  ]

  /// COCO's colours for the classes that have its names, distinct ones for the others; none at all where no name is
  /// COCO's.
  static func palette(for classes: [String]) -> [SIMD3<UInt8>] {
    guard classes.contains(where: { colours[$0] != nil }) else { return [] }
    let others = Palette.distinct(classes.count)
    return classes.enumerated().map { colours[$1] ?? others[$0] }
  }
}
