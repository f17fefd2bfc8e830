/// A dense array of Float32 numbers: contiguous, row-major, a value.
///
/// Feature maps are channels last, `[B, H, W, C]`. A wrong shape is a programmer's error and stops the program
/// with both shapes; data from files is checked before it becomes a tensor.
public struct Tensor {
  /// Extent of each axis, the slowest first. Empty for a single number.
  public let shape: [Int]
  var storage: TensorStorage
  var node: GraphNode?

  /// A tensor over numbers that an operation has written.
  init(shape: [Int], storage: TensorStorage) {
    require(
      shape.product == storage.count, "shape \(shape) needs \(shape.product) numbers, not \(storage.count)")
    self.shape = shape
    self.storage = storage
  }

  /// A tensor whose numbers are not yet written.
  static func uninitialized(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, storage: TensorStorage(shape: shape))
  }

  /// The numbers in row-major order.
  public init(_ values: some Collection<Float>, shape: [Int]) {
    require(
      values.count == shape.product, "shape \(shape) needs \(shape.product) numbers, not \(values.count)")
    self = .uninitialized(shape)
    _ = storage.values.initialize(from: values)
  }

  /// One number, of shape `[]`.
  public init(_ value: Float) { self.init(CollectionOfOne(value), shape: []) }

  /// The same number everywhere.
  public init(repeating value: Float, shape: [Int]) {
    self = .uninitialized(shape)
    if Computation.isOn { storage.values.initialize(repeating: value) }
  }

  /// All zeros.
  public static func zeros(_ shape: [Int]) -> Tensor { Tensor(repeating: 0, shape: shape) }

  /// All zeros, which take no memory until they are looked at: for weights that get other numbers first.
  package static func zerosWhenAskedFor(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, storage: TensorStorage(zerosWhenAskedForOfShape: shape))
  }

  /// All ones.
  public static func ones(_ shape: [Int]) -> Tensor { Tensor(repeating: 1, shape: shape) }

  /// Zeros of another type than float32, which no operation takes yet.
  package static func zeros(_ shape: [Int], elementType: ElementType) -> Tensor {
    Tensor(shape: shape, storage: TensorStorage(zerosOfShape: shape, elementType: elementType))
  }

  /// The type of the numbers: float32 but for weights of inference.
  public var elementType: ElementType { storage.elementType }

  /// Whether both have their numbers at one place: copies that nobody has written since.
  package func sharesNumbers(with other: Tensor) -> Bool { storage === other.storage }

  /// How many numbers there are.
  public var count: Int { storage.count }

  /// How many axes there are.
  public var rank: Int { shape.count }

  /// A copy of the numbers in row-major order.
  public var values: [Float] { Array(storage.values) }

  /// The number of a tensor that holds just one.
  public var scalar: Float {
    require(count == 1, "a tensor of shape \(shape) is not one number")
    return storage.base[0]
  }

  /// Copies the numbers where somebody else holds them too, so that they can be written in place.
  mutating func makeUnique() {
    guard !isKnownUniquelyReferenced(&storage) else { return storage.forgetDerived() }
    let copy = TensorStorage(shape: shape)
    _ = copy.values.initialize(from: storage.values)
    storage = copy
  }

  /// An axis counted from the front; negative ones count from the end.
  package func axis(_ axis: Int) -> Int {
    let result = axis < 0 ? axis + rank : axis
    require(result >= 0 && result < rank, "axis \(axis) of a tensor of shape \(shape)")
    return result
  }
}

extension Tensor: CustomStringConvertible {
  /// Shape and the first numbers.
  public var description: String {
    let head = storage.values.prefix(8).map { "\($0)" }.joined(separator: ", ")
    return "Tensor\(shape)(\(head)\(count > 8 ? ", …" : ""))"
  }
}

extension Collection<Int> {
  /// All elements multiplied: the count of a shape. A shape beyond all memory ends the program.
  package var product: Int {
    if contains(0) { return 0 }
    return reduce(1) { product, extent in
      let (result, isTooLarge) = product.multipliedReportingOverflow(by: extent)
      require(!isTooLarge, "out of memory: a tensor \(Array(self)) has more numbers than can be counted")
      return result
    }
  }
}
