/// A value of a pickle. Containers are numbers of places in a `PickleGraph`: nothing nests in memory, so that no
/// depth or cycle of a hostile file can hurt.
enum PickleValue {
  case none
  case bool(Bool)
  case integer(Int)
  /// An integer beyond 64 bits: its bytes, little-endian.
  case large([UInt8])
  case real(Double)
  case string(String)
  case bytes([UInt8])
  case tuple(start: Int, count: Int)
  case list(Int)
  case dictionary(Int)
  /// A class or function, named and nothing more.
  case name(Int)
  case storage(Int)
  case tensor(Int)
  /// The type of an array's numbers.
  case numberType(Int)
  /// What a class that is not known here would have made; inert.
  case placeholder(Int)

  /// For messages.
  var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a bool"
    case .integer, .large: "an integer"
    case .real: "a number"
    case .string: "a string"
    case .bytes: "bytes"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary: "a dictionary"
    case .name: "a class"
    case .storage: "a storage"
    case .tensor: "a tensor"
    case .numberType: "a type of numbers"
    case .placeholder: "an object"
    }
  }
}

/// A storage that a pickle points to: bytes `range` of what the file holds under `key`.
struct PickledStorage {
  var key: String
  /// Bytes under the key, in all.
  var byteCount: Int
  var range: Range<Int>
  /// Bytes of one number; 1 for untyped ones.
  var elementSize: Int
  /// Nil for untyped storages and types that are not read.
  var type: ElementType?
  /// The type's name in PyTorch.
  var typeName: String
}

/// A tensor that a pickle describes.
struct PickledTensor {
  var type: ElementType
  var storage: Int
  /// Of the first number, in numbers.
  var offset: Int
  var shape: [Int]
  var strides: [Int]
  /// Why it cannot be read, such as «quantised»; then the rest says nothing.
  var fault: String?

  /// Bytes when dense.
  var byteCount: Int { shape.reduce(type.size) { $0 * $1 } }

  /// Whether it is dense and in row-major order.
  var isContiguous: Bool {
    guard !shape.contains(0) else { return true }
    var expected = 1
    for (extent, stride) in zip(shape, strides).reversed() where extent != 1 {
      guard stride == expected else { return false }
      expected *= extent
    }
    return true
  }
}

/// All values of a pickle.
struct PickleGraph {
  /// The elements of all tuples.
  var elements: [PickleValue] = []
  var lists: [[PickleValue]] = []
  var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
  var names: [PickleName] = []
  var storages: [PickledStorage] = []
  var tensors: [PickledTensor] = []
  /// The types of NumPy arrays.
  var numberTypes: [NumberType] = []
  /// The bytes of NumPy arrays, which stand in the pickle itself, low byte first, by their storages' keys.
  var arrays: [String: [UInt8]] = [:]
  /// Unknown classes and functions.
  var skipped: Set<String> = []
  /// Names that can only mean harm, and where they stand.
  var harmful: [(name: String, byte: Int)] = []

  /// The elements of a tuple or list.
  func sequence(_ value: PickleValue) -> [PickleValue]? {
    switch value {
    case .tuple(let start, let count): Array(elements[start..<start + count])
    case .list(let index): lists[index]
    default: nil
    }
  }

  /// The last value under a string as key.
  func value(_ dictionary: Int, _ key: String) -> PickleValue? {
    dictionaries[dictionary].last { if case .string(key) = $0.key { true } else { false } }?.value
  }

  /// At most 64 integers of a tuple or list, as many as PyTorch has axes.
  func integers(_ value: PickleValue) -> [Int]? {
    if case .tuple(_, 65...) = value { return nil }
    guard let values = sequence(value), values.count <= 64 else { return nil }
    let integers = values.compactMap { if case .integer(let number) = $0 { number } else { nil } }
    return integers.count == values.count ? integers : nil
  }

  /// Whether a list, dictionary or tuple that can be reached from a value holds itself.
  func hasCycle(from root: PickleValue) -> Bool {
    enum Place {
      case tuple(Int, Int)
      case list(Int)
      case dictionary(Int)
    }
    func place(_ value: PickleValue) -> Place? {
      switch value {
      case .tuple(let start, let count): count > 0 ? .tuple(start, count) : nil
      case .list(let index): .list(index)
      case .dictionary(let index): .dictionary(index)
      default: nil
      }
    }
    // Of each container: 0 not met, 1 its members are being walked, 2 done. Tuples are known by their start.
    let (afterLists, all) = (elements.count + lists.count, elements.count + lists.count + dictionaries.count)
    var states = [UInt8](repeating: 0, count: all)
    func number(_ place: Place) -> Int {
      switch place {
      case .tuple(let start, _): start
      case .list(let index): elements.count + index
      case .dictionary(let index): afterLists + index
      }
    }
    func child(_ place: Place, _ number: Int) -> PickleValue? {
      switch place {
      case .tuple(let start, let count): number < count ? elements[start + number] : nil
      case .list(let index): number < lists[index].count ? lists[index][number] : nil
      case .dictionary(let index):
        number < dictionaries[index].count ? dictionaries[index][number].value : nil
      }
    }
    guard let first = place(root) else { return false }
    states[number(first)] = 1
    var path: [(place: Place, next: Int)] = [(first, 0)]
    while let (current, next) = path.last {
      guard let value = child(current, next) else {
        states[number(current)] = 2
        path.removeLast()
        continue
      }
      path[path.count - 1].next += 1
      guard let place = place(value) else { continue }
      switch states[number(place)] {
      case 1: return true
      case 2: continue
      default:
        states[number(place)] = 1
        path.append((place, 0))
      }
    }
    return false
  }
}
