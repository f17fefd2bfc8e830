import Files
import Tensors

/// The number types of checkpoint files, in safetensors' spelling.
public enum ElementType: String, CaseIterable, Sendable {
  case float64 = "F64"
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int64 = "I64"
  case int32 = "I32"
  case int16 = "I16"
  case int8 = "I8"
  case uint8 = "U8"
  case bool = "BOOL"

  /// Bytes of one number.
  public var size: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .float16, .bfloat16, .int16: 2
    case .int8, .uint8, .bool: 1
    }
  }
}

/// A tensor as a file holds it: type, shape and little-endian bytes, dense and row-major.
public struct StoredTensor: Sendable, Equatable {
  /// The type of its numbers.
  public let type: ElementType
  /// Extent of each axis.
  public let shape: [Int]
  private let content: Content

  private enum Content: Sendable {
    case bytes([UInt8])
    case mapped(MappedFile, Range<Int>)
  }

  /// `shape.product * type.size` bytes.
  public var bytes: [UInt8] {
    switch content {
    case .bytes(let bytes): bytes
    case .mapped(let file, let range): Array(file[range])
    }
  }
  /// How many they are.
  public var byteCount: Int { shape.product * type.size }

  /// A tensor over bytes whose number fits the shape.
  public init(type: ElementType, shape: [Int], bytes: [UInt8]) {
    precondition(
      bytes.count == shape.product * type.size, "\(bytes.count) bytes for \(type.rawValue) of shape \(shape)")
    self.type = type
    self.shape = shape
    content = .bytes(bytes)
  }

  /// A tensor that is a part of a file in memory.
  init(type: ElementType, shape: [Int], in file: MappedFile, at range: Range<Int>) {
    precondition(
      range.count == shape.product * type.size && range.upperBound <= file.count,
      "bytes \(range) for \(type.rawValue) of shape \(shape)")
    (self.type, self.shape, content) = (type, shape, .mapped(file, range))
  }

  /// Whether both are the same in a file.
  public static func == (a: StoredTensor, b: StoredTensor) -> Bool {
    a.type == b.type && a.shape == b.shape && a.bytes == b.bytes
  }

  /// A Float32 tensor.
  public init(_ tensor: Tensor) {
    self.init(type: .float32, shape: tensor.shape, bytes: tensor.bytes)
  }

  /// 64-bit integers.
  public init(integers: [Int], shape: [Int]) {
    self.init(
      type: .int64, shape: shape, bytes: integers.map(Int64.init).withUnsafeBytes { Array($0) })
  }

  /// The numbers as Float32, rounded where the stored type is wider.
  ///
  /// Those of a file in memory are its own pages, where they lie as Float32 numbers do.
  public var tensor: Tensor {
    guard type == .float32 else { return Tensor(floats, shape: shape) }
    if case .mapped(let file, let range) = content,
      let tensor = Tensor(in: file, at: range.lowerBound, shape: shape)
    {
      return tensor
    }
    return Tensor(bytes: bytes, shape: shape)
  }

  /// The numbers as integers; fractions are cut off, numbers beyond 64 bits become 0.
  public var integers: [Int] {
    switch type {
    case .int64: numbers(of: Int64.self).map { Int($0) }
    case .int32: numbers(of: Int32.self).map { Int($0) }
    case .int16: numbers(of: Int16.self).map { Int($0) }
    case .int8: numbers(of: Int8.self).map { Int($0) }
    case .uint8, .bool: bytes.map { Int($0) }
    case .float64: numbers(of: Double.self).map { Int(exactly: $0.rounded(.towardZero)) ?? 0 }
    case .float32, .float16, .bfloat16: floats.map { Int(exactly: $0.rounded(.towardZero)) ?? 0 }
    }
  }

  private var floats: [Float] {
    switch type {
    case .float32: numbers(of: Float.self)
    case .float64: numbers(of: Double.self).map { Float($0) }
    case .float16: numbers(of: UInt16.self).map(Self.half)
    case .bfloat16: numbers(of: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    case .int64: numbers(of: Int64.self).map { Float($0) }
    case .int32: numbers(of: Int32.self).map { Float($0) }
    case .int16: numbers(of: Int16.self).map { Float($0) }
    case .int8: numbers(of: Int8.self).map { Float($0) }
    case .uint8, .bool: bytes.map { Float($0) }
    }
  }

  private func numbers<Number: BitwiseCopyable>(of: Number.Type) -> [Number] {
    bytes.withUnsafeBytes { raw in
      (0..<raw.count / MemoryLayout<Number>.size).map {
        raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Number>.size, as: Number.self)
      }
    }
  }

  /// IEEE half precision, without the type `Float16`, which some x86-64 toolchains lack.
  private static func half(_ bits: UInt16) -> Float {
    let sign: Float = bits >> 15 == 0 ? 1 : -1
    let (exponent, fraction) = (Int(bits >> 10 & 31), Float(bits & 1023))
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction * 0x1p-10)
    }
  }
}
