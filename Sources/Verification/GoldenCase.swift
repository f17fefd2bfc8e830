import Checkpoints
import Configuration
import Foundation
import Layers
import Tensors

/// One golden case: inputs, weights and the results that the reference gives (format in the golden folder's README).
public struct GoldenCase {
  /// The file.
  public let path: String
  /// What is computed, such as `ss2d`.
  public let kind: String
  /// Arguments of the computation, or a model's config.
  public let config: ConfigurationNode
  /// How close results must be, by full tensor name or by group.
  let tolerances: [String: ToleranceRule]
  /// All tensors by full name: `state.K`, `input.N`, `output.N`, `loss.N`, `grad.K`, `inputgrad.N`.
  public let tensors: [String: StoredTensor]

  /// Reads a case file.
  ///
  /// - Throws: `CheckpointError` or `ConfigurationError` that names the file.
  public init(file path: String) throws {
    let file = try Safetensors(file: path)
    guard let kind = file.metadata["kind"] else {
      throw CheckpointError(file: path, "is no golden case: its metadata has no 'kind'")
    }
    self.path = path
    self.kind = kind
    config = try ConfigurationNode.parse(file.metadata["config"] ?? "{}", file: path)
    tolerances = try ConfigurationNode.parse(file.metadata["tolerance"] ?? "{}", file: path)
      .decode([String: ToleranceRule].self)
    tensors = file.tensors
  }

  /// The folder of the case, where files lie that it names.
  var folder: URL { URL(fileURLWithPath: path).deletingLastPathComponent() }

  /// The tensors of a group, by their names in it.
  func group(_ name: String) -> [String: StoredTensor] {
    var members: [String: StoredTensor] = [:]
    for (key, value) in tensors where key.hasPrefix(name + ".") {
      members[String(key.dropFirst(name.count + 1))] = value
    }
    return members
  }

  /// An input as stored.
  func input(_ name: String) throws -> StoredTensor {
    guard let tensor = tensors["input.\(name)"] else {
      throw CheckpointError(file: path, "has no tensor 'input.\(name)'")
    }
    return tensor
  }

  /// Whether results have to be differentiated.
  var hasGradients: Bool { tensors.keys.contains { $0.hasPrefix("grad.") || $0.hasPrefix("inputgrad.") } }

  /// Weights for an output in the scalar that is differentiated.
  func cotangent(_ name: String) -> Tensor? { tensors["input.cotangent.\(name)"]?.tensor }
}

/// What a runner computes, under the names of the case file and in PyTorch's layouts.
struct CaseResults {
  /// By full name, such as `output.y`.
  var tensors: [String: StoredTensor] = [:]

  /// Adds a result.
  mutating func add(_ name: String, _ tensor: Tensor) { tensors[name] = StoredTensor(tensor) }

  /// Adds whole numbers.
  mutating func add(_ name: String, integers: [Int], shape: [Int]) {
    tensors[name] = StoredTensor(integers: integers, shape: shape)
  }

  /// Runs the backward pass of the case's scalar: the sum of all losses and of outputs times their cotangents.
  ///
  /// - Parameters:
  ///   - outputs: By name, in PyTorch's layouts (the cotangents are).
  ///   - losses: By name.
  ///   - model: Whose weights' gradients become `grad.K`.
  ///   - inputs: Leaves by name, with the way back to PyTorch's layout; their gradients become `inputgrad.N`.
  mutating func differentiate(
    _ golden: GoldenCase, outputs: [String: Tensor] = [:], losses: [String: Tensor] = [:],
    model: (any Layer)? = nil, inputs: [String: (leaf: Tensor, toPyTorch: (Tensor) -> Tensor)] = [:]
  ) {
    guard golden.hasGradients else { return }
    var terms = losses.sorted { $0.key < $1.key }.map(\.value)
    for (name, output) in outputs.sorted(by: { $0.key < $1.key }) {
      if let cotangent = golden.cotangent(name) { terms.append((output * cotangent).sum()) }
    }
    guard let first = terms.first else { return }
    terms.dropFirst().reduce(first) { $0 + $1 }.backward()
    for (name, parameter) in model?.parameters ?? [] {
      if let gradient = parameter.gradient { add("grad.\(name)", parameter.layout.toPyTorch(gradient)) }
    }
    for (name, input) in inputs {
      if let gradient = input.leaf.gradient { add("inputgrad.\(name)", input.toPyTorch(gradient)) }
    }
  }
}

/// Computes a case of one kind.
typealias CaseRunner = @Sendable (GoldenCase) throws -> CaseResults

/// Says that a part of a case is not there; it fails with this message.
struct NotBuiltYet: Error, CustomStringConvertible {
  var what = ""
  var description: String { what.isEmpty ? "not built yet" : "not built yet: \(what)" }
}

extension Tensor {
  /// `[B, C, H, W]` to `[B, H, W, C]`.
  var channelsLast: Tensor { permuted([0, 2, 3, 1]) }
  /// `[B, H, W, C]` to `[B, C, H, W]`.
  var channelsFirst: Tensor { permuted([0, 3, 1, 2]) }
}
