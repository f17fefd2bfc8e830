import Backbones
import Classification
import Configuration
import Data
import Detection
import Layers
import Modeling
import Segmentation
import Tensors
import Testing
import Training

extension Components {
  /// Everything that the package registers.
  static var all: Components {
    var components = Components()
    components.addBackbones()
    components.addDetection()
    components.addSegmentation()
    components.addClassification()
    return components
  }
}

@Suite("list of components")
struct ComponentListTests {
  private typealias Setting = ComponentDescription.Setting

  private func settings(_ components: [ComponentDescription], _ name: String) throws -> [String: Setting] {
    let component = try #require(components.first { $0.name == name })
    return Dictionary(uniqueKeysWithValues: component.settings.map { ($0.key, $0) })
  }

  @Test("every registered name appears, under its kind, with a description")
  func names() {
    let catalogues =
      Components.all.everyCatalogue
    #expect(Set(catalogues.map(\.kind)).count == catalogues.count)
    for kind in [
      "transform", "data set", "sampler", "metric", "model", "backbone", "neck", "rpn_head", "roi_head",
      "bbox_head", "box loss", "mask_head", "roi_extractor", "decode head", "loss", "optimizer",
      "optimizer wrapper", "parameter scheduler",
      "train loop", "evaluation loop", "hook",
    ] {
      #expect(catalogues.contains { $0.kind == kind }, "\(kind)")
    }
    for catalogue in catalogues {
      let components = catalogue.components
      #expect(Set(components.flatMap { [$0.name] + $0.aliases }) == Set(catalogue.names))
      for component in components {
        #expect(component.kind == catalogue.kind && !component.summary.isEmpty, "\(component.name)")
      }
    }
  }

  @Test("VSSM: the keys that it decodes, their types, and the defaults of VMamba-T")
  func backbone() throws {
    let components = Components.all.backbones.components
    let vssm = try settings(components, "VSSM")
    #expect(components.first { $0.name == "VSSM" }?.aliases == ["MM_VSSM"])
    let expected: [String: (types: [String], value: String)] = [
      "patch_size": (["int"], "4"), "in_chans": (["int"], "3"), "depths": (["list of int"], "[2, 2, 9, 2]"),
      "dims": (["int", "list of int"], "[96, 192, 384, 768]"), "d_state": (["int", "str"], "16"),
      "dt_rank": (["int", "str"], "auto"), "ssm_ratio": (["float"], "2.0"), "shared_ssm": (["bool"], "false"),
      "mlp_ratio": (["float"], "0.0"), "downsample_version": (["v1 | v2 | v3"], "v1"),
      "drop_path_rate": (["float"], "0.2"), "out_indices": (["list of int"], "[0, 1, 2, 3]"),
      "pretrained": (["str"], "null"),
    ]
    #expect(Set(vssm.keys) == Set(expected.keys))
    for (key, setting) in vssm {
      #expect(
        setting.types == expected[key]?.types && setting.defaultValue == expected[key]?.value, "\(setting)")
      #expect(!setting.isRequired)
    }
  }

  @Test("inner mappings, lists and what is required")
  func inner() throws {
    let parts = Components.all.catalogues.flatMap(\.components)
    let mask = try settings(parts, "FCNMaskHead")
    #expect(mask["loss_mask"]?.isRequired == true && mask["num_convs"]?.defaultValue == "4")
    // A loss is a component: its keys are its own.
    let loss = try settings(Components.all.classificationLosses.components, "CrossEntropyLoss")
    #expect(loss["loss_weight"]?.defaultValue == "1.0" && loss["use_mask"]?.types == ["bool"])
    // As many as in_channels, which is required: no one default.
    #expect(try settings(Components.all.decodeHeads.components, "UPerHead")["in_index"]?.defaultValue == nil)
    #expect(
      try settings(Components.all.data.transforms.components, "Resize")["scale"]?.types == [
        "int", "list of int",
      ])
  }

  private struct Squeeze: Decodable, Sendable {
    enum Mode: String, Decodable, CaseIterable, Sendable { case mean, max }
    struct Gate: Decodable, Sendable {
      var bias = 0.25
      enum CodingKeys: String, CodingKey { case bias }
      init() {}
      init(from decoder: any Decoder) throws {
        bias =
          try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Double.self, forKey: .bias) ?? bias
      }
    }
    var ratio: Int
    var modes: [Mode]
    var gates: [String: Gate]
    var stages: [Gate]
    var name: String?
    var unused = 1

    enum CodingKeys: String, CodingKey { case ratio, modes, gates, stages, name, ignored }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      ratio = try keys.decode(Int.self, forKey: .ratio, in: 2...64)
      modes = try keys.decodeIfPresent([Mode].self, forKey: .modes) ?? [.mean]
      gates = try keys.decodeIfPresent([String: Gate].self, forKey: .gates) ?? [:]
      stages = try keys.decodeIfPresent([Gate].self, forKey: .stages) ?? []
      name = try keys.decodeIfPresent(String.self, forKey: .name)
      _ = try keys.decodeIfPresent(Bool.self, forKey: .ignored)
    }
  }

  @Test("a component of one's own appears by the same call")
  func own() throws {
    var components = Components()
    components.backbones.add("Squeeze", scope: "mmdet", description: "Of this test") {
      (_: Squeeze, _: ModelContext) in throw ConfigurationError(message: "is not built here")
    }
    let found = try #require(components.backbones.components.first)
    #expect(found.kind == "backbone" && found.scope == "mmdet" && found.summary == "Of this test")
    #expect(
      found.settings.map {
        "\($0.key): \($0.types.joined(separator: " or ")) \($0.isRequired ? "!" : $0.defaultValue ?? "")"
      }
        == [
          "ratio: int !", "modes: list of mean | max [mean]", "gates: mapping of names to mapping {}",
          "gates.NAME.bias: float 0.25", "stages: list of mapping []", "stages.[].bias: float 0.25",
          "name: str null",
          "ignored: bool ",
        ])
  }
}
