import Backbones
import Configuration

/// Vision transformers.
let viTCases: [String: CaseRunner] = [
  "vit_classifier": { golden in
    var node = golden.config.renamed([
      "in_chans": "in_channels", "embed_dim": "embed_dims", "depth": "num_layers",
    ]).without(["num_classes", "positions"])
    if let antialias = golden.config.node(at: "positions.antialias") {
      node = node.setting("interpolate_antialias", to: antialias)
    }
    let configuration = try node.decode(VisionTransformer.Configuration.self)
    return try runClassifier(golden, VisionTransformer(configuration))
  }
]
