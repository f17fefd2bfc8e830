import Analysis
import Configuration
import Data
import Layers
import Modeling
import Segmentation
import Tensors
import Testing
import Training

@Suite("complexity")
struct ComplexityTests {
  private func node(_ text: String) throws -> ConfigurationNode {
    try ConfigurationNode.parse(text, file: "a.yaml")
  }

  private static let small =
    "{type: VSSM, dims: [16, 32], depths: [1, 1], d_state: 4, mlp_ratio: 0.0, downsample_version: v1, "
    + "out_indices: [0, 1]}"

  private static func segmentor(_ more: String = "") -> String {
    """
    default_scope: mmseg
    model:
      type: EncoderDecoder
      data_preprocessor: {type: SegDataPreProcessor}
      backbone: \(small)
      decode_head:
        {type: FCNHead, in_channels: 16, in_index: 0, channels: 8, num_convs: 1, concat_input: false,
         norm_cfg: {type: BN}\(more)}
    """
  }

  @Test("takes num_classes of the config, else that of the kind's usual data")
  func classes() throws {
    // The last convolution: 8 weights and a bias a class.
    let usual = try Complexity(of: try node(Self.segmentor())).parameters
    let two = try Complexity(of: try node(Self.segmentor(", num_classes: 2"))).parameters
    #expect(usual - two == 148 * 9)
    let classifier = try Complexity(
      of: try node(
        "model: {type: ImageClassifier, backbone: \(Self.small), head: {type: LinearClsHead, in_channels: 32}}"
      ))
    #expect(classifier.modules.first { $0.name == "head" }?.parameters == 33_000)
    #expect(classifier.shape == [224, 224])
  }

  @Test("is linear in the pixels, but for scans counted from printed numbers")
  func pixels() throws {
    let config = try node(Self.segmentor())
    let one = try Complexity(of: config, shape: [64, 64], rule: .hardware)
    let four = try Complexity(of: config, shape: [128], rule: .hardware)
    #expect(four.shape == [128, 128])
    for name in ["conv", "linear", "selective_scan", "layer_norm", "batch_norm"] {
      #expect(four.byOperator[name] == one.byOperator[name].map { 4 * $0 })
    }
  }

  @Test("leaves a model's results as they are, and what it keeps for inference")
  func leavesModel() throws {
    let experiment = Experiment(
      try ExperimentConfiguration(try node(Self.segmentor(", num_classes: 2"))), components: .all)
    let model = try #require(try experiment.modelWithoutData() as? EncoderDecoder)
    model.initialize(seed: 1)
    let images = Tensor((0..<64 * 64 * 3).map { Float($0 % 7) }, shape: [1, 64, 64, 3])
    let first = try Complexity(of: model, height: 64, width: 64)
    let before = ForwardMode.evaluation { model.logits(images).values }
    #expect(try Complexity(of: model, height: 64, width: 64).modules == first.modules)
    #expect(ForwardMode.evaluation { model.logits(images).values } == before)
    #expect(Set(before).count > 100)
  }

  @Test("says what a model cannot be counted for")
  func refusals() throws {
    let config = try node(Self.segmentor())
    let tooSmall = #expect(throws: ConfigurationError.self) { try Complexity(of: config, shape: [7, 64]) }
    #expect(
      tooSmall?.message.contains("7 x 64 pixels is smaller than the model's coarsest stride, 8") == true)
    let own = #expect(throws: ConfigurationError.self) { try Complexity(of: Unmeasured()) }
    #expect(own?.message == "Unmeasured does not say what of it is measured")
    let huge = #expect(throws: ConfigurationError.self) {
      try Complexity(
        of: try node(
          Self.segmentor().replacing("channels: 8", with: "channels: 65536")
            .replacing("num_convs: 1", with: "num_convs: 2")),
        shape: [65_536, 65_536])
    }
    #expect(huge?.message.contains("more operations than can be counted") == true)
  }

  @Test("is shown with commas, shares and totals")
  func text() throws {
    let text = try Complexity(ofConfig: "vmamba/mask-rcnn_vssm-tiny_fpn_1x_coco").text()
    #expect(text.hasPrefix("height 1280, width 800; FLOPs are multiply-accumulates, scans by rule legacy\n"))
    #expect(text.contains("\nbackbone            22,125,792   91,081,964,000    34.8 %\n"), "\(text)")
    #expect(text.contains("\ntotal               42,399,696  262,093,532,640  262.09 G\n"), "\(text)")
    #expect(text.contains("\nconv                157,588,976,640  60.1 %\n"), "\(text)")
  }
}

/// A model that does not say how it is measured.
private struct Unmeasured: Model {
  var tree: ParameterTree { [:] }
  func losses(_ samples: [Sample]) throws -> Losses { Losses([]) }
  func predict(_ samples: [Sample]) throws -> [Prediction] { [] }
}
