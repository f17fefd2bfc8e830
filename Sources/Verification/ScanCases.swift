import Checkpoints
import Tensors

/// Selective scan by itself.
let scanCases: [String: CaseRunner] = ["selective_scan": runSelectiveScan]

private let runSelectiveScan: CaseRunner = { golden in
  var leaves: [String: Tensor] = [:]
  for name in ["u", "delta", "A", "B", "C", "D", "delta_bias"] {
    if let stored = golden.tensors["input.\(name)"] { leaves[name] = stored.tensor.withGradient() }
  }
  func leaf(_ name: String) throws -> Tensor {
    guard let leaf = leaves[name] else { throw CheckpointError(file: golden.path, "has no 'input.\(name)'") }
    return leaf
  }
  let y = selectiveScan(
    u: try leaf("u").permuted([0, 2, 1]), delta: try leaf("delta").permuted([0, 2, 1]), A: try leaf("A"),
    B: try leaf("B").permuted([0, 3, 1, 2]), C: try leaf("C").permuted([0, 3, 1, 2]), D: leaves["D"],
    deltaBias: leaves["delta_bias"]
  ).permuted([0, 2, 1])
  var results = CaseResults()
  results.add("output.y", y)
  results.differentiate(golden, outputs: ["y": y], inputs: leaves.mapValues { ($0, { $0 }) })
  return results
}
