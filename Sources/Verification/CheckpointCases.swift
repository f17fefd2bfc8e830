import Backbones
import Checkpoints
import Tensors

/// Checkpoint files of PyTorch.
let checkpointCases: [String: CaseRunner] = [
  "checkpoint": { golden in
    guard let name = golden.config["file"]?.string else {
      throw CheckpointError(file: golden.path, "names no file")
    }
    let checkpoint = try Checkpoint(
      file: golden.folder.appendingPathComponent(name).path, namings: [VSSMNaming()])
    let types = try golden.config["dtypes"]?.decode([String: String].self) ?? [:]
    let expected = golden.group("output")
    for name in checkpoint.tensors.keys.sorted() where expected[name] == nil {
      throw CheckpointError(file: checkpoint.file, "'\(name)' is read, which the case does not have")
    }
    var results = CaseResults()
    for (name, tensor) in checkpoint.tensors {
      if let type = types[name], type != tensor.type.pyTorchName {
        throw CheckpointError(
          file: checkpoint.file, "'\(name)' has type \(tensor.type.pyTorchName), not \(type)")
      }
      switch tensor.type {
      case .float64, .float32, .float16, .bfloat16: results.add("output.\(name)", tensor.tensor)
      default: results.add("output.\(name)", integers: tensor.integers, shape: tensor.shape)
      }
    }
    return results
  }
]

extension ElementType {
  /// As a case's `dtypes` name it.
  fileprivate var pyTorchName: String {
    switch self {
    case .float64: "float64"
    case .float32: "float32"
    case .float16: "float16"
    case .bfloat16: "bfloat16"
    case .int64: "int64"
    case .int32: "int32"
    case .int16: "int16"
    case .int8: "int8"
    case .uint8: "uint8"
    case .bool: "bool"
    }
  }
}
