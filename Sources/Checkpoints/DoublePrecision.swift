extension ElementType {
  /// Whether its numbers have fractions.
  var isFloatingPoint: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16: true
    case .int64, .int32, .int16, .int8, .uint8, .bool: false
    }
  }
}

extension StoredTensor {
  /// The numbers in double precision: exact but for integers beyond 53 bits.
  var doubles: [Double] {
    switch type {
    case .float64:
      bytes.withUnsafeBytes { raw in
        (0..<raw.count / 8).map { raw.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
      }
    case .float32, .float16, .bfloat16: tensor.values.map { Double($0) }
    case .int64, .int32, .int16, .int8, .uint8, .bool: integers.map { Double($0) }
    }
  }

  /// Numbers as float64 or, rounded, as float32.
  init(doubles: [Double], type: ElementType, shape: [Int]) {
    let bytes =
      type == .float64
      ? doubles.withUnsafeBytes { Array($0) } : doubles.map { Float($0) }.withUnsafeBytes { Array($0) }
    self.init(type: type == .float64 ? .float64 : .float32, shape: shape, bytes: bytes)
  }
}
