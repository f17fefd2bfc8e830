import Checkpoints
import Layers
import Tensors
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

  /// A part that called its gate «door», and was without a scale.
  private struct Naming: WeightNaming {
    var optionalInPretrained: [String] { ["scale*"] }
    func start(ofOlder name: String) -> String? {
      name.hasSuffix("door.weight") ? String(name.dropLast("door.weight".count)) : nil
    }
    func currentName(of name: String) -> String {
      name.hasPrefix("door.") ? "gate." + name.dropFirst("door.".count) : name
    }
  }

  @Test(
    "older names become today's where somebody knows them, below a prefix as well, and only where they are older"
  )
  func olderNames() throws {
    func names(_ old: String..., namings: [any WeightNaming] = [Naming()]) throws -> [String] {
      let body = P.dictionary(old.map { ($0, one) })
      return try Checkpoint(
        bytes: ZipText(pickle: P.program(body), storages: ["0": floats(1)]).bytes, file: "x.pth",
        namings: namings
      ).weights.keys.sorted()
    }
    #expect(
      try names("backbone.door.weight", "backbone.door.bias", "door.bias")
        == ["backbone.gate.bias", "backbone.gate.weight", "door.bias"])
    #expect(try names("door.bias") == ["door.bias"])
    #expect(try names("door.weight", namings: []) == ["door.weight"])
    #expect(throws: CheckpointError.self) { try names("door.weight", "gate.weight") }
  }

  private struct Gate: Layer {
    let weight = Parameter([1], .constant(0))
    let scale = Parameter([1], .constant(0))
    var tree: ParameterTree {
      let tree: ParameterTree = ["gate": .tree(["weight": .parameter(weight)]), "scale": .parameter(scale)]
      return tree.named(by: Naming())
    }
  }

  private struct House: Layer {
    let gate = Gate()
    var tree: ParameterTree { ["front": .layer(gate)] }
  }

  @Test("a model that is filled, whole or in part, knows the older names of its parts")
  func olderNamesOfParts() throws {
    let stored = StoredTensor(Tensor([7], shape: [1]))
    let whole = House()
    #expect(
      try whole.load(["front.door.weight": stored, "front.scale": stored], file: "x").loaded
        == ["front.gate.weight", "front.scale"])
    #expect(whole.gate.weight.value.values == [7])
    let part = House()
    let summary = try part.load(
      ["door.weight": stored, "other": stored], into: "front", file: "x",
      rules: LoadingRules(allowsUnused: true))
    #expect(
      summary.loaded == ["gate.weight"] && summary.initialized == ["scale"] && summary.unused == ["other"])
    // Only a pretrained file of the part itself may lack what the part names.
    let error = #expect(throws: CheckpointError.self) {
      try House().load(["front.door.weight": stored], file: "x", rules: LoadingRules(allowsUnused: true))
    }
    #expect(error?.message.contains("missing     front.scale [1]") == true, "\(String(describing: error))")
  }
}
