import CKernels
import Files

extension StoredTensor {
  /// The same numbers as `F16`, rounded to nearest; integers and bools as they are.
  ///
  /// - Parameters:
  ///   - name: The tensor's, for errors.
  ///   - file: The file it is from, for errors.
  /// - Throws: `CheckpointError` when a finite number lies beyond half precision's 65504.
  public func halved(name: String, file: String) throws -> StoredTensor {
    guard [.float64, .float32, .bfloat16].contains(type) else { return self }
    let numbers = tensor.values
    var overflows = 0
    let halves = [UInt16](unsafeUninitializedCapacity: numbers.count) { target, filled in
      numbers.withUnsafeBufferPointer {
        overflows = dp_stored_halve(target.baseAddress, $0.baseAddress, $0.count)
      }
      filled = numbers.count
    }
    guard overflows == 0 else {
      throw CheckpointError(
        file: file,
        "tensor '\(name.printed)' holds \(overflows) numbers beyond half precision's 65504: convert without --half"
      )
    }
    return StoredTensor(type: .float16, shape: shape, bytes: halves.withUnsafeBytes { Array($0) })
  }
}
