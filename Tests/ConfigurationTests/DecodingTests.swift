import Configuration
import Modeling
import TestSupport
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
      ("depths: (3, 4)", "a.yaml:1:9: depths: a list is expected, not '(3, 4)'\n  Write [3, 4]."),
      ("depths: 3,4", "a.yaml:1:9: depths: a list is expected, not '3,4'\n  Write [3,4]."),
      ("depths: !!python/object:x [1]", "a.yaml:1:9: the tag 'tag:yaml.org,2002:python/object:x'"),
      ("depths: !!python/name:x ''", "a.yaml:1:9: the tag 'tag:yaml.org,2002:python/name:x'"),
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

  @Test("a tuple in a config that mmengine has dumped is a list", arguments: ["[1, 2]", "\n  - 1\n  - 2"])
  func tuples(value: String) throws {
    let node = try ConfigurationNode.parse("depths: !!python/tuple \(value)", file: "a.yaml")
    #expect(try node.decode(Backbone.self) == Backbone(depths: [1, 2]))
    #expect(!node.yaml().contains("python"))
  }

  @Test("null is absent, and keys without effect are accepted and listed")
  func accepted() throws {
    let node = try ConfigurationNode.parse("depths: [1]\nrate: null\nbackend_args: {a: 1}", file: "a.yaml")
    #expect(try node.decode(Backbone.self) == Backbone(depths: [1]))
    #expect(node.pathsWithoutEffect == ["backend_args"])
  }

  private struct Optional: Decodable, Equatable {
    var path: String?
    var number: Int?
    var names: [String]?
  }

  @Test(
    "Python's None is null where a value may be absent, else a text, or an error that says null",
    arguments: [
      ("path: None", "Optional(path: nil, number: nil, names: nil)"),
      ("number: None\nnames: None", "Optional(path: nil, number: nil, names: nil)"),
      (
        "path: 'None'\nnames: [None]",
        "Optional(path: Swift.Optional(\"None\"), number: nil, names: Swift.Optional([\"None\"]))"
      ),
    ])
  func none(text: String, expected: String) throws {
    let value = try ConfigurationNode.parse(text, file: "a.yaml").decode(Optional.self)
    #expect("\(value)" == expected.replacing("Swift.", with: ""))
    #expect(message("depths: None").hasPrefix("a.yaml:1:9: depths: a list is expected, not null ('None')"))
    #expect(
      message("depths: [None]").hasPrefix("a.yaml:1:10: depths.0: a whole number is expected, not null"))
  }

  @Test(
    "load_from, work_dir and data_root: None and nothing at all are null",
    arguments: ["None", "''", "null", "", "~"])
  func paths(text: String) throws {
    let node = try ConfigurationNode.parse(
      "load_from: \(text)\nwork_dir: \(text)\ndata_root: \(text)\nresume: False\nval_cfg: None",
      file: "a.yaml")
    let configuration = try ExperimentConfiguration(node)
    #expect(configuration.loadFrom == nil && configuration.workDir == nil && configuration.dataRoot == nil)
    #expect(!configuration.resume && configuration.valLoop == nil)
  }

  @Test(
    "seeds are all of 64 bits without a sign",
    arguments: [
      ("18446744073709551615", "no error: \(UInt64.max)"),
      ("9223372036854775808", "no error: \(Int.max.magnitude + 1)"),
      ("0xffff_ffff_ffff_ffff", "no error: \(UInt64.max)"),
      ("-1", "a.yaml:1:7: seed: -1 is not in 0...\(UInt64.max)"),
      ("18446744073709551616", "a.yaml:1:7: seed: '18446744073709551616' is beyond 64 bits"),
    ])
  func seeds(text: String, expected: String) {
    #expect(
      message("seed: \(text)", as: [String: UInt64].self).replacing("[\"seed\": ", with: "").hasPrefix(
        expected))
  }

  @Test("what a config holds may be long: messages are not")
  func long() throws {
    let word = String(repeating: "ab", count: (2 << 20) - 100)
    for text in [
      "depths: [1]\n\(word): 1", "depths: [\(word)]", "depths: [1]\nversion: \(word)",
      "depths: [1]\nrate: '\(word)'",
    ] {
      var answer = ""
      let seconds = processorSeconds(below: 1) { answer = message(text) }
      #expect(
        answer.hasPrefix("a.yaml:") && answer.count < 9000 && seconds < 1,
        "\(answer.prefix(200)) \(seconds) s")
    }
    var registry = Registry<Int, Void>(kind: "neck")
    registry.add("FPN") { (_: [String: Int], _: Void) in 0 }
    let component = try ComponentConfiguration(ConfigurationNode.parse("type: \(word)", file: "a.yaml"))
    let error = #expect(throws: ConfigurationError.self) { try registry.build(component, scope: nil, in: ()) }
    #expect((error?.description.count ?? 0) < 1000)
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

  private struct Context: ScopedContext { var scope: String? }

  @Test("a component may say what bare names in it mean", arguments: [(nil, "mmseg"), ("mmdet", "mmdet")])
  func defaultScope(given: String?, expected: String) throws {
    var registry = Registry<String?, Context>(kind: "model", keys: ["net"])
    registry.add("Own", aliases: ["Mine"], defaultScope: "mmseg") { (_: None, c: Context) in c.scope }
    registry.add("Other") { (_: None, c: Context) in c.scope }
    let own = try ComponentConfiguration(ConfigurationNode.parse("type: Mine", file: "a.yaml"))
    let other = try ComponentConfiguration(ConfigurationNode.parse("type: Other", file: "a.yaml"))
    #expect(registry.defaultScope(of: own) == "mmseg" && registry.defaultScope(of: other) == nil)
    #expect(try registry.build(own, scope: given, in: Context(scope: given)) == expected)
    #expect(try registry.build(other, scope: given, in: Context(scope: given)) == given)
  }
}
