import Checkpoints
import Testing

private typealias P = PickleText

private let one = P.tensor("0", count: 1, shape: [1], strides: [1])

private func tensors(_ names: String...) -> [UInt8] { P.dictionary(names.map { ($0, one) }) }

@Suite("layouts")
struct LayoutTests {
  @Test(
    "are found by themselves",
    arguments: [
      (tensors("a.b", "c"), "plain", ["a.b", "c"]),
      (P.dictionary([("state_dict", tensors("a"))]), "state_dict", ["a"]),
      (P.dictionary([("model", tensors("a")), ("optimizer", P.list([one]))]), "model", ["a"]),
      (P.dictionary([("model", P.dictionary([("state_dict", tensors("a"))]))]), "model.state_dict", ["a"]),
      (P.dictionary([("state_dict", tensors("module.a", "module.b"))]), "state_dict", ["a", "b"]),
      (tensors("module.a", "b"), "plain", ["b", "module.a"]),
      (P.dictionary([("net", tensors("a")), ("epoch", P.integer(3))]), "net", ["a"]),
      (P.dictionary([("net", tensors("a")), ("head", tensors("b"))]), "plain", ["head.b", "net.a"]),
      (P.dictionary([("model", P.text("VMamba")), ("state_dict", tensors("a"))]), "state_dict", ["a"]),
      (P.dictionary([("ema_state_dict", tensors("steps", "module.a"))]), "ema_state_dict", ["a"]),
      (P.list([one, P.tuple([one])]), "plain", ["0", "1.0"]),
    ] as [([UInt8], String, [String])])
  func found(body: [UInt8], layout: String, names: [String]) throws {
    let read = try Checkpoint(
      bytes: ZipText(pickle: P.program(body), storages: ["0": floats(1)]).bytes, file: "x.pth")
    #expect(read.layout == layout && read.weights.keys.sorted() == names)
  }

  @Test("plain weights are taken, averages on request")
  func averages() throws {
    let two = P.tensor("1", count: 1, shape: [1], strides: [1])
    let body = P.dictionary([("model_ema", P.dictionary([("a", two)])), ("model", tensors("a"))])
    let read = try Checkpoint(
      bytes: ZipText(pickle: P.program(body), storages: ["0": floats(1), "1": floats(2)]).bytes, file: "x.pth"
    )
    #expect(read.layout == "model, model_ema")
    #expect(read.tensors.keys.sorted() == ["model.a", "model_ema.a"])
    #expect(read.weights["a"]?.tensor.values == [1] && read.averages?["a"]?.tensor.values == [2])
    #expect(try read.selected(averages: true, prefix: nil, half: false)["a"]?.tensor.values == [2])
  }

  @Test("VMamba's older names become today's, below a prefix as well, and only where they are older")
  func olderNames() throws {
    func names(_ old: String...) throws -> [String] {
      let body = P.dictionary(old.map { ($0, one) })
      return try Checkpoint(
        bytes: ZipText(pickle: P.program(body), storages: ["0": floats(1)]).bytes, file: "x.pth"
      ).weights.keys.sorted()
    }
    #expect(
      try names(
        "backbone.layers.0.blocks.1.ln_1.weight", "backbone.layers.0.blocks.1.self_attention.Ds",
        "backbone.patch_embed.proj.weight", "head.weight") == [
          "backbone.layers.0.blocks.1.norm.weight", "backbone.layers.0.blocks.1.op.Ds",
          "backbone.patch_embed.0.weight",
          "head.weight",
        ])
    #expect(
      try names("patch_embed.proj.weight", "head.weight") == ["head.weight", "patch_embed.proj.weight"])
    #expect(throws: CheckpointError.self) {
      try names("layers.0.blocks.0.ln_1.weight", "layers.0.blocks.0.norm.weight")
    }
  }
}
