import Configuration
import Foundation
import TestSupport
import Testing

@Suite("inheritance")
struct InheritanceTests {
  @Test("bases merge in order, the file over them, mappings key by key, lists as a whole")
  func merge() throws {
    let folder = try TemporaryFolder([
      "a.yaml": "m: {x: 1, y: [1, 2], z: {k: 1}}", "sub/b.yaml": "m: {x: 2, w: 5}",
      "c.yaml": "_base_: [a.yaml, sub/b.yaml]\nm: {y: [3]}\nn: 4",
    ])
    #expect(try folder.load("c.yaml").yaml() == "m:\n  x: 2\n  y: [3]\n  z:\n    k: 1\n  w: 5\nn: 4\n")
  }

  @Test("_delete_ replaces the base's mapping, and leaves no trace where there is none")
  func delete() throws {
    let folder = try TemporaryFolder([
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
      ("root=/data/a", "root", "/data/a"), ("m.z={k: 2}", "m.z.k", "2"), ("m.z.k=", "m.z.k", ""),
      ("'m'.\"y\".1=a=b", "m.y.1", "a=b"), ("m.x=(1)", "m.x", "(1)"),
    ])
  func overrides(argument: String, path: String, expected: String) throws {
    let folder = try TemporaryFolder(["a.yaml": "m: {x: 1, y: [1, 2], z: {k: 1, l: 2}}"])
    #expect(try folder.load("a.yaml", [argument]).node(at: path)?.string == expected)
  }

  @Test(
    "wrong overrides",
    arguments: [
      ("a.b", "--cfg-options[2] 'a.b':4: no '='\n  a.b\n     ^\n  Write it as"),
      ("a..b=1", "--cfg-options[2] 'a..b=1':3: an empty step in the key\n  a..b=1\n    ^"),
      ("=1", ":1: an empty step"), ("a.=1", ":3: an empty step"), ("", "--cfg-options[2] '':1: no '='"),
      ("a.b=[1,(2,]", "':8: a parenthesis without its other one\n  a.b=[1,(2,]\n         ^"),
      ("a='(", "':5: found unexpected end of stream"), ("m={", "--cfg-options[2] 'm={':"),
      (
        "m.y.9=1",
        "--cfg-options[2] 'm.y.9=1':5: m.y.9: '9' is no position in a list of 2\n  m.y.9=1\n      ^"
      ),
      ("m.y.-1=1", "'-1' is no position"), ("m.x.k=1", ":5: m.x.k: 'k' is below '2'"),
      ("m.norm.weight=1", ":3: m.norm.weight: the key 'norm.weight' holds a dot"),
      ("m.'norm.weight=1", ":3: a quote that is not closed"), ("m.'a'b=1", ":6: a '.' or '='"),
    ])
  func wrongOverrides(argument: String, expected: String) throws {
    let folder = try TemporaryFolder(["a.yaml": "m: {x: 1, y: [1, 2], norm.weight: 3}"])
    let error = folder.error("a.yaml", ["m.x=2", argument])
    #expect(error.contains(expected), "\(error)")
  }

  @Test("a cycle is shown as the chain of files")
  func cycle() throws {
    let folder = try TemporaryFolder(["a.yaml": "_base_: b.yaml", "b.yaml": "_base_: ./a.yaml"])
    let error = folder.error("a.yaml")
    #expect(error.contains("a cycle of _base_"))
    #expect(error.contains("-> \(folder.path)/b.yaml"))
  }

  @Test("seventeen levels of bases are refused, sixteen are read")
  func depth() throws {
    var files = ["f0.yaml": "x: 1"]
    for level in 1...17 { files["f\(level).yaml"] = "_base_: f\(level - 1).yaml" }
    let folder = try TemporaryFolder(files)
    #expect(try folder.load("f16.yaml")["x"]?.int == 1)
    #expect(folder.error("f17.yaml").contains("nested deeper than 16"))
  }

  @Test("files that are not configs")
  func wrongFiles() throws {
    let folder = try TemporaryFolder(["a.py": "x = 1", "list.yaml": "[1]", "base.yaml": "_base_: /dev"])
    let python = folder.error("a.py")
    #expect(
      python.hasSuffix(
        "/a.py: Python configs are not read\n  Write it as YAML: dense config import \(folder.path)/a.py --out \(folder.path)/a.yaml."
      ), "\(python)")
    #expect(folder.error("list.yaml").contains("a config is a mapping, not a list"))
    #expect(folder.error("base.yaml").contains("/dev: cannot be read: is a folder, not a config"))
    #expect(folder.error("nothing.yaml").contains("cannot be read: no such file"))
  }

  @Test(
    "the test's data and metrics are those of validation, key by key, where they say nothing else",
    arguments: [
      ("", "{type: X, ann_file: v, indices: 3}", "{type: M, metric: [a, b], ann_file: v}"),
      (
        "test_dataloader: {dataset: {ann_file: t}}", "{type: X, ann_file: t, indices: 3}",
        "{type: M, metric: [a, b], ann_file: v}"
      ),
      (
        "test_dataloader: {dataset: {type: Y, ann_file: t}}", "{type: Y, ann_file: t}",
        "{type: M, metric: [a, b], ann_file: v}"
      ),
      (
        "test_evaluator: {ann_file: t, metric: [a]}", "{type: X, ann_file: v, indices: 3}",
        "{type: M, metric: [a], ann_file: t}"
      ),
      ("test_evaluator: {type: N}", "{type: X, ann_file: v, indices: 3}", "{type: N}"),
      ("test_evaluator: [{type: N}]", "{type: X, ann_file: v, indices: 3}", "{type: N}"),
    ])
  func testInheritsFromValidation(test: String, dataset: String, evaluator: String) throws {
    let configuration = try ExperimentConfiguration(
      ConfigurationNode.parse(
        "val_dataloader: {batch_size: 4, dataset: {type: X, ann_file: v, indices: 3}}\n"
          + "val_evaluator: {type: M, metric: [a, b], ann_file: v}\n" + test, file: "c.yaml"))
    func yaml(_ text: String) throws -> String { try ConfigurationNode.parse(text, file: "").yaml() }
    #expect(try configuration.testDataloader?.dataset.node.yaml() == yaml(dataset))
    #expect(configuration.testDataloader?.batchSize == 4)
    #expect(try configuration.testEvaluators.map { $0.node.yaml() } == [yaml(evaluator)])
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
}
