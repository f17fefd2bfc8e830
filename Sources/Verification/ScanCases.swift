import Backbones
import Checkpoints
import Configuration
import Data
import Layers
import Modeling
import Tensors

/// Selective scan, 2-D scan, block and backbone of VMamba.
let scanCases: [String: CaseRunner] = [
  "selective_scan": runSelectiveScan,
  "ss2d": { golden in
    let layer = SS2D(try golden.config.decode(SS2D.Configuration.self))
    return try runUnary(golden, layer)
  },
  "vss_block": { golden in
    let configuration = try golden.config.decode(BlockConfiguration.self)
    let block = VSSBlock(
      configuration.scan, hidden: Int(Double(configuration.channels) * configuration.mlpRatio),
      dropPath: DropPath(probability: 0, layer: 0))
    return try runUnary(golden, block)
  },
  "vssm_backbone": { golden in
    var components = Components()
    components.addBackbones()
    let backbone = try components.backbones.build(
      try golden.config.decode(ComponentConfiguration.self), scope: nil,
      in: ModelContext(components: components))
    try backbone.load(golden.group("state"), file: golden.path)
    let x = try golden.input("img").tensor.withGradient()
    var results = CaseResults()
    var outputs: [String: Tensor] = [:]
    for (index, feature) in backbone(x.channelsLast).enumerated() {
      outputs["\(index)"] = feature.channelsFirst
      results.add("output.\(index)", feature.channelsFirst)
    }
    results.differentiate(golden, outputs: outputs, model: backbone, inputs: ["img": (x, { $0 })])
    return results
  },
]

/// A layer from `input.x` to `output.y`, both channels last.
private func runUnary(_ golden: GoldenCase, _ layer: some UnaryLayer) throws -> CaseResults {
  try layer.load(golden.group("state"), file: golden.path)
  let x = try golden.input("x").tensor.withGradient()
  let y = layer(x)
  var results = CaseResults()
  results.add("output.y", y)
  results.differentiate(golden, outputs: ["y": y], model: layer, inputs: ["x": (x, { $0 })])
  return results
}

private struct BlockConfiguration: Decodable {
  let channels: Int
  let mlpRatio: Double
  let scan: SS2D.Configuration

  enum CodingKeys: String, CodingKey {
    case channels = "dim"
    case mlpRatio = "mlp_ratio"
    case states = "d_state"
    case deltaRank = "dt_rank"
    case expansion = "ssm_ratio"
    case isShared = "shared_ssm"
  }

  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    channels = try keys.decode(Int.self, forKey: .channels)
    mlpRatio = try keys.decodeIfPresent(Double.self, forKey: .mlpRatio) ?? 0
    scan = SS2D.Configuration(
      channels: channels,
      states: try keys.decodeIfPresent(AutomaticInt.self, forKey: .states) ?? .value(16),
      deltaRank: try keys.decodeIfPresent(AutomaticInt.self, forKey: .deltaRank) ?? .auto,
      expansion: try keys.decodeIfPresent(Double.self, forKey: .expansion) ?? 2,
      isShared: try keys.decodeIfPresent(Bool.self, forKey: .isShared) ?? false)
  }
}

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
