import Analysis
import Backbones
import Checkpoints
import Configuration
import Layers
import Modeling
import Tensors

/// Effective receptive fields.
let receptiveFieldCases: [String: CaseRunner] = [
  "erf": { golden in
    let settings = try golden.config.decode(FieldSettings.self)
    var components = Components()
    components.addBackbones()
    let backbone = try components.backbones.build(
      settings.model, scope: nil, in: ModelContext(components: components))
    try backbone.load(golden.group("state"), file: golden.path)
    backbone.tree.freeze()
    let images = golden.group("input").sorted { $0.key < $1.key }.map { $0.value.tensor.channelsLast }
    guard let field = ReceptiveField(of: backbone, images: images, isNormalized: settings.isNormalized) else {
      throw CheckpointError(file: golden.path, "its images have several shapes, or there are none")
    }
    var results = CaseResults()
    results.add("output.map", Tensor(field.map.map { Float($0) }, shape: [field.height, field.width]))
    for scaling in ReceptiveField.Scaling.allCases {
      let extents = field.extents(scaling, shares: settings.thresholds)
      results.add("output.side.\(scaling)", integers: extents.map(\.side), shape: [extents.count])
      results.add(
        "output.area.\(scaling)", Tensor(extents.map { Float($0.area) }, shape: [extents.count]))
    }
    return results
  }
]

private struct FieldSettings: Decodable {
  let model: ComponentConfiguration
  let isNormalized: Bool
  let thresholds: [Double]

  enum CodingKeys: String, CodingKey {
    case model, thresholds
    case isNormalized = "norm"
  }
}
