import Configuration
import Foundation
import Testing

/// A folder of config files that goes away with the test.
private final class Folder {
  let path: String

  init(_ files: [String: String]) throws {
    path = NSTemporaryDirectory() + "configuration-\(UUID().uuidString)"
    for (name, text) in files {
      let file = URL(fileURLWithPath: path).appendingPathComponent(name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: false, encoding: .utf8)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func load(_ name: String, _ overrides: [String] = []) throws -> ConfigurationNode {
    try ConfigurationNode.load(file: "\(path)/\(name)", overrides: overrides)
  }

  func error(_ name: String, _ overrides: [String] = []) -> String {
    do { return "no error: \(try load(name, overrides).yaml())" } catch { return "\(error)" }
  }
}

@Suite("inheritance")
struct InheritanceTests {
  @Test("bases merge in order, the file over them, mappings key by key, lists as a whole")
  func merge() throws {
    let folder = try Folder([
      "a.yaml": "m: {x: 1, y: [1, 2], z: {k: 1}}", "sub/b.yaml": "m: {x: 2, w: 5}",
      "c.yaml": "_base_: [a.yaml, sub/b.yaml]\nm: {y: [3]}\nn: 4",
    ])
    #expect(try folder.load("c.yaml").yaml() == "m:\n  x: 2\n  y: [3]\n  z:\n    k: 1\n  w: 5\nn: 4\n")
  }

  @Test("_delete_ replaces the base's mapping, and leaves no trace where there is none")
  func delete() throws {
    let folder = try Folder([
      "a.yaml": "m: {x: 1, y: 2}",
      "b.yaml": "_base_: a.yaml\nm: {_delete_: true, z: 3}\nn: {_delete_: true, k: 1}",
    ])
    #expect(try folder.load("b.yaml").yaml() == "m:\n  z: 3\nn:\n  k: 1\n")
  }

  @Test(
    "overrides",
    arguments: [
      ("m.x=7", "m.x", "7"), ("m.y.0=64", "m.y.0", "64"), ("m.y=[2,2,9,2]", "m.y.2", "9"),
      ("m.new.k=1e-3", "m.new.k", "1e-3"),
      ("root=/data/a", "root", "/data/a"), ("m.z={k: 2}", "m.z.k", "2"),
    ])
  func overrides(argument: String, path: String, expected: String) throws {
    let folder = try Folder(["a.yaml": "m: {x: 1, y: [1, 2], z: {k: 1, l: 2}}"])
    #expect(try folder.load("a.yaml", [argument]).node(at: path)?.string == expected)
  }

  @Test(
    "wrong overrides",
    arguments: [
      ("a.b", "--cfg-options:1:4: a.b: no '='"), ("a..b=1", "--cfg-options:1:3: a..b=1: an empty step"),
      ("a.b=[1,(2,]", "no error"), ("m.y.9=1", "m.y.9: '9' is no position in a list of 2"),
      ("m.x.k=1", "m.x.k: 'k' is below '1'"), ("m={", "--cfg-options:1:"),
    ])
  func wrongOverrides(argument: String, expected: String) throws {
    let folder = try Folder(["a.yaml": "m: {x: 1, y: [1, 2]}"])
    let error = folder.error("a.yaml", [argument])
    #expect(error.contains(expected), "\(error)")
  }

  @Test("a cycle is shown as the chain of files")
  func cycle() throws {
    let folder = try Folder(["a.yaml": "_base_: b.yaml", "b.yaml": "_base_: ./a.yaml"])
    let error = folder.error("a.yaml")
    #expect(error.contains("a cycle of _base_"))
    #expect(error.contains("-> \(folder.path)/b.yaml"))
  }

  @Test("seventeen levels of bases are refused, sixteen are read")
  func depth() throws {
    var files = ["f0.yaml": "x: 1"]
    for level in 1...17 { files["f\(level).yaml"] = "_base_: f\(level - 1).yaml" }
    let folder = try Folder(files)
    #expect(try folder.load("f16.yaml")["x"]?.int == 1)
    #expect(folder.error("f17.yaml").contains("nested deeper than 16"))
  }

  @Test("files that are not configs")
  func wrongFiles() throws {
    let folder = try Folder(["a.py": "x = 1", "list.yaml": "[1]", "base.yaml": "_base_: /dev"])
    #expect(folder.error("a.py").contains("Python configs are not read\n  Write it as YAML"))
    #expect(folder.error("list.yaml").contains("a config is a mapping, not a list"))
    #expect(folder.error("base.yaml").contains("/dev: is not a file"))
    #expect(folder.error("nothing.yaml").contains("cannot be read: No such file"))
  }

  @Test("the top-level data_root is the default of every data set's")
  func dataRoot() throws {
    let node = try ConfigurationNode.parse(
      "data_root: d\ntrain_dataloader: {dataset: {type: X}}\nval_dataloader: {dataset: {type: X, data_root: e}}",
      file: "")
    let configuration = try ExperimentConfiguration(node)
    #expect(configuration.trainDataloader?.dataset.node["data_root"]?.string == "d")
    #expect(configuration.valDataloader?.dataset.node["data_root"]?.string == "e")
    #expect(configuration.testDataloader?.dataset.node["data_root"]?.string == "e")
  }

  @Test("every shipped config is read, and prints as YAML that reads back")
  func shipped() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("configs").path
    var count = 0
    for case let name as String in try #require(FileManager.default.enumerator(atPath: root))
    where name.hasSuffix(".yaml") {
      let node = try ConfigurationNode.load(file: "\(root)/\(name)")
      _ = try ExperimentConfiguration(node)
      #expect(try ConfigurationNode.parse(node.yaml(), file: name).yaml() == node.yaml())
      count += 1
    }
    #expect(count >= 5)
  }
}
