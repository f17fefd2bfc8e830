import Configuration
import Data
import Modeling
import TestSupport
import Testing
import Training

@Suite("mistakes together")
struct CollectedMistakesTests {
  private func mistakes(_ text: String, _ use: Experiment.Use = .training, overrides: [String] = []) throws
    -> String
  {
    let folder = try TemporaryFolder(["a.yaml": text])
    do {
      let node = try ConfigurationNode.load(file: folder.path + "/a.yaml", overrides: overrides)
      let configuration = try ExperimentConfiguration(node, deferringMistakes: true)
      try Experiment(configuration, components: .all).check(for: use)
      return "no error"
    } catch { return "\(error)".replacing(folder.path + "/", with: "") }
  }

  private static let text = """
    modle: 1
    randomness: {seed: x}
    model:
      type: EncoderDecoder
      data_preprocessor: {type: SegDataPreProcessor}
      backbone: {type: VSSM, depths: [2, x], dephts: 1, d_state: 99}
      decode_head: {type: UPerHaed, in_channels: [1]}
      auxiliary_head: {type: FCNHead, in_channels: 8, channels: 0.5, num_convs: x, loss_decode: {typ: CrossEntropyLoss}}
      init_cfg: {type: Pretrained}
    train_dataloader:
      batch_size: two
      sampler: {type: DefaultSampler, shufle: true}
      dataset:
        type: BaseSegDataset
        data_prefix: {img_path: a}
        reduce_zero_label: 3
        pipeline:
        - {type: LoadImageFromFile}
        - {type: Resiz, scale: [1, 2]}
        - {type: RandomFlip, prob: x}
    optim_wrapper: {type: OptimWrapper, optimizer: {type: AdamW, lr: fast, eps: 1e-8}, clip: 1}
    param_scheduler:
    - {type: PolyLR, powr: 1}
    - {power: 2}
    default_hooks: {logger: {type: LoggerHook, intervall: 1}}
    """

  @Test("all mistakes of a file are reported, each with its place")
  func all() throws {
    let report = try mistakes(Self.text)
    for expected in [
      "a.yaml:1:1: modle: unknown key 'modle'", "a.yaml:2:20: randomness.seed: 'x' is not a whole number",
      "a.yaml:6:38: model.backbone.depths.1: 'x' is not a whole number",
      "a.yaml:6:42: model.backbone.dephts: unknown key 'dephts'",
      "a.yaml:7:23: model.decode_head.type: unknown decode head 'UPerHaed'\n  Did you mean 'UPerHead'?",
      "model.auxiliary_head.channels: '0.5' is not a whole number",
      "model.auxiliary_head.num_convs: 'x' is not a whole number",
      "model.auxiliary_head.loss_decode: the key 'type' is missing",
      "a.yaml:9:13: model.init_cfg: the key 'checkpoint' is missing",
      "a.yaml:11:15: train_dataloader.batch_size: 'two' is not a whole number",
      "train_dataloader.sampler.shufle: unknown key 'shufle'",
      "train_dataloader.dataset.reduce_zero_label: true or false is expected, not '3'",
      "train_dataloader.dataset.pipeline.1.type: unknown transform 'Resiz'",
      "train_dataloader.dataset.pipeline.2.prob: 'x' is not a number",
      "optim_wrapper.optimizer.lr: 'fast' is not a number", "optim_wrapper.clip: unknown key 'clip'",
      "param_scheduler.1: the key 'type' is missing",
      "default_hooks.logger.intervall: unknown key 'intervall'",
    ] {
      #expect(report.contains(expected), "\(expected)\n\(report)")
    }
    let places = report.split(separator: "\n").compactMap { line in
      line.hasPrefix("a.yaml:") ? line.split(separator: ":")[1] : nil
    }.compactMap { Int($0) }
    #expect(
      places == places.sorted() && report.hasPrefix("\(places.count) mistakes in the config:\n"), "\(report)")
  }

  @Test("what one mistake brings about is not reported as another")
  func consequences() throws {
    // Without depths there are four stages, which dims does not fit: that is no mistake of its own.
    let text = "model: {type: MaskRCNN, backbone: {type: VSSM, depths: [1, x], dims: [8, 16]}}"
    let report = try mistakes(text)
    #expect(report.contains("model.backbone.depths.1: 'x'") && !report.contains("dims"), "\(report)")
  }

  @Test("only what is used has to be right")
  func use() throws {
    let report = try mistakes(Self.text, .prediction)
    #expect(report.contains("model.backbone.dephts") && !report.contains("default_hooks."), "\(report)")
    let test = try mistakes("train_cfg: {type: X}\ntest_cfg: {type: Y}", .test)
    #expect(test.contains("a.yaml:2:18: test_cfg.type: unknown evaluation loop 'Y'") && !test.contains("'X'"))
    #expect(try mistakes("train_cfg: {type: ValLoop}", .prediction) == "no error")
  }

  private struct Tails: ComponentGroup {
    var registry = Registry<Int, Void>(kind: "tail")
    var catalogues: [any ComponentCatalogue] { [registry] }
  }

  private struct OwnModel: Decodable, Sendable { var tail: ComponentConfiguration }

  @Test("a model of one's own opens its parts itself: they are checked only if it says how")
  func ownModel() throws {
    let node = try ConfigurationNode.parse("model: {type: Own, tail: {type: OwnTail, a: 1}}", file: "a.yaml")
    var components = Components.all
    components.models.add("Own") { (_: OwnModel, _: ModelContext) in throw ConfigurationError(message: "") }
    try Experiment(try ExperimentConfiguration(node), components: components).check(for: .prediction)
    components[Tails.self].registry.add("OtherTail") { (_: [String: Int], _: Void) in 0 }
    let error = #expect(throws: ConfigurationError.self) {
      try Experiment(try ExperimentConfiguration(node), components: components).check(for: .prediction)
    }
    #expect(error?.message == "unknown tail 'OwnTail'")
  }

  @Test(
    "tens of thousands of unknown keys in one mapping are counted, in a second",
    arguments: [
      // Before the keys, one of them, and how many mistakes there are beside.
      ("", "a.yaml:1:1: k0: ", 0),
      ("model: {type: MaskRCNN, backbone: {type: VSSM}, ", "model.k0: ", 6),
      ("model: {type: MaskRCNN, backbone: {type: VSSM, ", "model.backbone.k0: ", 6),
      (
        "default_scope: mmdet\ntrain_dataloader: {dataset: {type: CocoDataset, ann_file: x, ", "dataset.k0: ",
        0
      ),
    ])
  func manyKeys(start: String, expected: String, others: Int) throws {
    let count = 30_000
    let keys = (0..<count).map { "k\($0): 1" }
    let depth = start.count { $0 == "{" } - start.count { $0 == "}" }
    let text =
      start + keys.joined(separator: depth > 0 ? ", " : "\n") + String(repeating: "}", count: depth)
    var report = ""
    let seconds = try processorSeconds(below: 1) { report = try mistakes(text) }
    #expect(report.hasPrefix("\(count + others) mistakes in the config:\n"), "\(report.prefix(800))")
    #expect(report.contains(expected) && report.contains("unknown key 'k20'"), "\(report.prefix(800))")
    #expect(report.hasSuffix("and \(count + others - 30) more"))
    #expect(seconds < 1, "\(seconds) s")
  }

  @Test("an override has its own place, with the column and a caret")
  func overrides() throws {
    let text = "default_scope: mmseg\nmodel: {type: MaskRCNN, backbone: {type: VSSM, depths: [1, 1]}}"
    let report = try mistakes(
      text, .prediction, overrides: ["model.backbone.d_state=4", "model.backbone.dims=[8, x]"])
    #expect(
      report.contains(
        "--cfg-options[2] 'model.backbone.dims=[8, x]':25: model.backbone.dims.1: 'x' is not a whole number\n"
          + "  model.backbone.dims=[8, x]\n                          ^"), "\(report)")
  }

  @Test("a single mistake is an error of its own, and several are thrown by the top level too")
  func throwing() throws {
    let one = try ConfigurationNode.parse("modle: 1", file: "a.yaml")
    #expect(throws: ConfigurationError.self) { try ExperimentConfiguration(one) }
    let two = try ConfigurationNode.parse("modle: 1\nresume: 2", file: "a.yaml")
    let error = #expect(throws: ConfigurationErrors.self) { try ExperimentConfiguration(two) }
    #expect(error?.errors.map(\.keyPath) == ["modle", "resume"])
  }
}
