import Configuration
import Imaging

/// What the numbers in a data set's label maps stand for. The data set owns it: whatever number its files use for "no
/// class", behind loading there is one, `ignored`, for transforms, losses and metrics alike.
public struct LabelMeaning: Hashable, Sendable {
  /// How many classes there are; nil: any number is one.
  public var classCount: Int?
  /// `ignore_index`: the number of a file that is no class, as `reduceZeroLabel` leaves it. A class of that number is
  /// ignored, too.
  public var ignoreIndex: Located<Int>
  /// Whether 0 in a file is no class, and all others are stored one higher than their class (mm's
  /// `reduce_zero_label`).
  public var reducesZeroLabel: Bool
  /// Numbers or colours of the files that are not the classes' own; nil: the classes count from 0, or from 1 where
  /// `reducesZeroLabel`.
  public var code: LabelCode?

  /// What numbers stand for.
  ///
  /// - Parameters:
  ///   - classCount: Nil: any number is a class.
  ///   - ignoreIndex: Nil: mm's default 255, where that is no class, else `ignored`.
  ///   - reducesZeroLabel: Whether 0 in a file is no class, and all others are stored one higher than their class.
  ///   - code: Numbers or colours of the files that are not the classes' own; nil: there are none.
  public init(
    classCount: Int? = nil, ignoreIndex: Located<Int>? = nil, reducesZeroLabel: Bool = false,
    code: LabelCode? = nil
  ) {
    self.classCount = classCount
    self.ignoreIndex = ignoreIndex ?? Located(Int(Self.ignored(among: classCount)))
    self.reducesZeroLabel = reducesZeroLabel
    self.code = code
  }

  /// mm's default of every key that says what is ignored.
  public static let defaultIgnoreIndex = 255

  /// The label of all pixels without a class, behind loading: 255 unless that may be a class.
  public static func ignored(among classes: Int?) -> Int32 {
    guard let classes, classes > defaultIgnoreIndex else { return Int32(defaultIgnoreIndex) }
    // No file of 16 bits holds a class of that number.
    return Int32(clamping: max(Int(UInt16.max), classes))
  }

  /// The label of this data set's pixels without a class, behind loading.
  public var ignored: Int32 { Self.ignored(among: classCount) }

  /// What a number of a file stands for.
  public enum Reading: Hashable, Sendable {
    case ignored
    case label(Int32)
    /// Neither a class nor ignored.
    case outside
  }

  /// What a number of a file stands for.
  public func reading(of stored: Int32) -> Reading {
    if let code {
      if let label = code.labels[stored] { return .label(label) }
      // A colour is no number that could be said to be ignored.
      return code.ignored.contains(stored) || (!code.isColour && Int(stored) == ignoreIndex.value)
        ? .ignored : .outside
    }
    var label = stored
    if reducesZeroLabel {
      // mmsegmentation's rule: 255 stays what it is; where it may be a class, it is one.
      if stored == 0 || stored == Self.defaultIgnoreIndex && ignored == stored { return .ignored }
      label -= 1
    }
    if Int(label) == ignoreIndex.value { return .ignored }
    if let classCount, !(0..<classCount).contains(Int(label)) { return .outside }
    return .label(label)
  }

  /// A number of a file that stands for nothing.
  struct Stray: Error, CustomStringConvertible {
    var description: String
  }

  /// The label map of a file's numbers, or the first that is no class.
  func read(_ stored: LabelMap) -> Result<LabelMap, Stray> {
    func label(of number: Int32) -> Int32 {
      switch reading(of: number) {
      case .ignored: ignored
      case .label(let label): label
      case .outside: -1
      }
    }
    let pixels: [Int32]
    if code?.isColour == true {
      // Neighbours have one colour mostly.
      var last = (number: Int32(-1), label: Int32(-1))
      pixels = stored.pixels.map { number in
        if number != last.number { last = (number, label(of: number)) }
        return last.label
      }
    } else {
      // One look-up a pixel: files hold 0 ... 65,535.
      let table = (0...max(0, stored.pixels.max() ?? 0)).map(label)
      pixels = stored.pixels.map { table.indices.contains(Int($0)) ? table[Int($0)] : -1 }
    }
    guard let place = pixels.firstIndex(of: -1) else {
      return .success(LabelMap(height: stored.height, width: stored.width, pixels: pixels))
    }
    let (row, column) = place.quotientAndRemainder(dividingBy: stored.width)
    return .failure(
      Stray(
        description:
          "\(name(of: stored.pixels[place])) at row \(row), column \(column) is no class: \(legend)"))
  }

  /// What a number of a file is called.
  public func name(of stored: Int32) -> String {
    code?.isColour == true
      ? "the colour [\(stored >> 16 & 255), \(stored >> 8 & 255), \(stored & 255)]" : "the number \(stored)"
  }

  /// What the files may hold, and which keys say so.
  var legend: String {
    if let code {
      return code.isColour
        ? "metainfo.label_colours lists \(code.labels.count) colours; add it there, with its class in metainfo.classes, "
          + "or to metainfo.ignored_colours"
        : "metainfo.label_values lists \(code.labels.keys.sorted().prefix(100).map(String.init).joined(separator: ", ")), "
          + "and \(ignoreIndex.value) is ignored; add it there, with its class in metainfo.classes, or to "
          + "metainfo.ignored_values"
    }
    let classes = classCount ?? 0
    return "there are \(classes) classes, stored as "
      + (reducesZeroLabel ? "1 ... \(classes) (reduce_zero_label)" : "0 ... \(classes - 1)")
      + ", and \(ignoreIndex.value) is ignored; ignore_index of the data set can name another number, and "
      + "metainfo.label_values the number of each class"
  }

  /// The number that the files have for a class; of colours there is none, and it is the class itself.
  package func stored(of label: Int32) -> Int32 {
    if let code, !code.isColour { return code.labels.first { $0.value == label }?.key ?? label }
    return label + (reducesZeroLabel ? 1 : 0)
  }

  /// Holds a key of mm's that says again what is ignored: it has to agree.
  ///
  /// - Parameter key: `ignore_index` of a head or metric, `seg_pad_val`, ...; nil where a config has none. mm's default
  ///   255 always agrees.
  /// - Throws: `ConfigurationError` with both places.
  public func require(_ key: Located<Int>?) throws {
    guard let key, ![ignoreIndex.value, Self.defaultIgnoreIndex, Int(ignored)].contains(key.value) else {
      return
    }
    throw ConfigurationError(
      location: key.location, keyPath: key.keyPath,
      message: "is \(key.value), but "
        + (ignoreIndex.location == nil
          ? "the data set's ignore_index, which it does not set, is \(ignoreIndex.value)"
          : "\(ignoreIndex.place) is \(ignoreIndex.value)"),
      hint:
        "What a label map's number means is said once: set ignore_index of the data sets, and leave it out here."
    )
  }
}
