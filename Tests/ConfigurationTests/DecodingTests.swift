import Modeling
import Configuration
import Testing

private struct Backbone: Decodable, Equatable {
  enum Version: String, Decodable, CaseIterable { case v1, v2 }
  var depths: [Int]
  var rate: Double?
  var version: Version?
}

/// The message of the error that decoding a text as `type` gives.
private func message<T: Decodable>(_ text: String, as type: T.Type = Backbone.self) -> String {
  do {
    let value = try ConfigurationNode.parse(text, file: "a.yaml").decode(type)
    return "no error: \(value)"
  } catch { return "\(error)" }
}

@Suite("decoding")
struct DecodingTests {
  @Test(
    "numbers",
    arguments: [
      ("2e-4", 2e-4), ("1e-3", 1e-3), ("1.5", 1.5), ("-3", -3), ("+.5", 0.5), ("1_000", 1000), ("0x10", 16),
      ("0o17", 15), ("5.", 5),
    ])
  func numbers(text: String, expected: Double) throws {
    #expect(try ConfigurationNode.parse("x: \(text)", file: "")["x"]?.decode(Double.self) == expected)
  }

  @Test(
    "truth values",
    arguments: [("true", true), ("yes", true), ("on", true), ("False", false), ("off", false)])
  func truth(text: String, expected: Bool) throws {
    #expect(try ConfigurationNode.parse("x: \(text)", file: "")["x"]?.decode(Bool.self) == expected)
  }

  @Test(
    "mistakes are named with their place",
    arguments: [
      ("depths: [1]\ndephts: 2", "a.yaml:2:1: dephts: unknown key 'dephts'\n  Did you mean 'depths'?"),
      ("rate: 1", "a.yaml:1:1: the key 'depths' is missing"),
      ("depths: [1, x]", "a.yaml:1:13: depths.1: 'x' is not a whole number"),
      ("depths: [1.0]", "a.yaml:1:10: depths.0: '1.0' is not a whole number"),
      ("depths: 3", "a.yaml:1:9: depths: a list is expected, not '3'"),
      ("depths: [1]\nrate: .inf", "a.yaml:2:7: rate: '.inf' is not finite"),
      ("depths: [1]\nrate: nan", "a.yaml:2:7: rate: 'nan' is not finite"),
      ("depths: [1]\nrate: '1'", "a.yaml:2:7: rate: a number is expected, not the text \"1\""),
      ("depths: [1]\nrate: 1,5", "a.yaml:2:7: rate: '1,5' is not a number"),
      ("depths: [1]\nversion: v3", "a.yaml:2:10: version: 'v3' is not known\n  Did you mean 'v1' or 'v2'?"),
      ("depths: [99999999999999999999]", "a.yaml:1:10: depths.0: '99999999999999999999' is beyond 64 bits"),
      ("depths: [017]", "a.yaml:1:10: depths.0: '017' is octal to YAML 1.1"),
    ])
  func mistakes(text: String, expected: String) {
    #expect(message(text).hasPrefix(expected), "\(message(text))")
  }

  @Test("null is absent, and keys without effect are accepted and listed")
  func accepted() throws {
    let node = try ConfigurationNode.parse("depths: [1]\nrate: null\nbackend_args: {a: 1}", file: "a.yaml")
    #expect(try node.decode(Backbone.self) == Backbone(depths: [1]))
    #expect(node.pathsWithoutEffect == ["backend_args"])
  }

  @Test("batch sizes", arguments: ["0", "-1", "1000000000"])
  func batchSizes(text: String) {
    let text = "batch_size: \(text)\ndataset: {type: X}"
    #expect(message(text, as: DataLoaderConfiguration.self).contains("is not in 1...65536"))
  }
}

@Suite("registry")
struct RegistryTests {
  private struct None: Decodable, Sendable {}

  private static let registry: Registry<String, Int> = {
    var registry = Registry<String, Int>(kind: "transform")
    registry.add("Crop", scope: "mmdet") { (_: None, _: Int) in "det" }
    registry.add("Crop", scope: "mmseg") { (_: None, _: Int) in "seg" }
    registry.add("Flip", aliases: ["Turn"]) { (_: None, n: Int) in "flip \(n)" }
    registry.add("Only", scope: "mmseg") { (_: None, _: Int) in "only" }
    return registry
  }()

  private func build(_ text: String, scope: String?) -> String {
    do {
      let node = try ConfigurationNode.parse(text, file: "a.yaml")
      return try Self.registry.build(ComponentConfiguration(node), scope: scope, in: 3)
    } catch { return "\(error)" }
  }

  @Test(
    "names",
    arguments: [
      ("type: Crop", "mmdet", "det"), ("type: Crop", "mmseg", "seg"), ("type: mmseg.Crop", "mmdet", "seg"),
      ("type: Flip", nil, "flip 3"), ("type: mmdet.Turn", nil, "flip 3"), ("type: Only", "mmdet", "only"),
      ("type: Crop", nil, "a.yaml:1:7: type: 'Crop' means different things"),
      ("type: Filp", nil, "a.yaml:1:7: type: unknown transform 'Filp'\n  Did you mean 'Flip'?"),
      ("{type: Flip, a: 1}", nil, "a.yaml:1:14: a: unknown key 'a'"),
      ("a: 1", nil, "a.yaml:1:1: the key 'type' is missing"),
    ] as [(String, String?, String)])
  func names(text: String, scope: String?, expected: String) {
    #expect(build(text, scope: scope).hasPrefix(expected), "\(build(text, scope: scope))")
  }
}
