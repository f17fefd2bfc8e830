import Configuration
import Foundation
import Modeling
import Reporting
import TestSupport
import Testing
import Training

@Suite("Python configs")
struct PythonImportTests {
  private func imported(_ text: String, _ others: [String: String] = [:]) throws -> PythonImport {
    let folder = try TemporaryFolder(others.merging(["a.py": text]) { $1 })
    return try PythonImport(file: "\(folder.path)/a.py")
  }

  private func error(_ text: String, _ others: [String: String] = [:]) -> String {
    do { return "no error: \(try imported(text, others).node.yaml())" } catch { return "\(error)" }
  }

  @Test(
    "values become YAML",
    arguments: [
      (
        "dict(a=1, b=2.5, c='x', d=None, e=True, f=False)", "{a: 1, b: 2.5, c: x, d: null, e: true, f: false}"
      ),
      ("[(1, 2), [], (), (3,), ((4))]", "[[1, 2], [], [], [3], 4]"), ("1, 2", "[1, 2]"),
      ("{'a': 1, 2: .5, **dict(b=1.), 'a': 3}", "{a: 3, 2: 0.5, b: 1.0}"),
      ("dict(dict(a=1), b=2, **{'c': 3})", "{a: 1, b: 2, c: 3}"),
      ("['1', 'true', 'None', '', 'a b', '1e-3']", "['1', 'true', 'None', '', 'a b', '1e-3']"),
      ("['a' \"b\" '''c\nd''', r'\\n', 'x\\ty\\x41\\u00e9\\'']", "[\"abc\\nd\", '\\n', \"x\\tyAé'\"]"),
      ("[1_000, 0x10, 1e-3, -5, +2, 1.e2]", "[1000, 16, 1e-3, -5, 2, 1.0e2]"),
      (
        "[1 + 2 * 3, 7 // 2, -7 // 2, -7 % 3, 7 / 2, 2 ** 10, 2 ** -1, (1 + 2) * 3, 1e3 + 1]",
        "[7, 3, -4, 2, 3.5, 1024, 0.5, 9, 1001.0]"
      ),
      ("['a' + 'b', [1] + [2], [0] * 3]", "[ab, [1, 2], [0, 0, 0]]"),
      (
        "[[dict(a=r, b=[r]) for r in (1, 2)], list((1, 2)), tuple([3])]",
        "[[{a: 1, b: [1]}, {a: 2, b: [2]}], [1, 2], [3]]"
      ),
      ("dict(  # a comment\n  a=1,\n\n  b=[2,\n3],)", "{a: 1, b: [2, 3]}"), ("\\\n  5", "5"),
    ])
  func values(python: String, yaml: String) throws {
    let node = try imported("model = \(python)\n").node
    #expect(node.yaml() == (try ConfigurationNode.parse("model: \(yaml)", file: "")).yaml())
  }

  @Test("names, members, texts of names and changed names are followed")
  func names() throws {
    let text = """
      "a document text"
      root = 'data/'
      sizes = [1, 2]
      a = b = dict(x=dict(y=[5, 6]))
      sizes += [3]
      work_dir = f'{root}x' '/y'
      model = dict(s=sizes, y=a.x.y[-1], z=b['x']['y'][0], t=f"{a.x.y}") if False else 1
      """
    #expect(error(text).contains("a.py:7:"))
    let node = try imported(text.replacing(", t=f\"{a.x.y}\") if False else 1", with: ", n=sizes[0])")).node
    #expect(node["work_dir"]?.string == "data/x/y")
    #expect(
      node["model"]?.yaml()
        == (try ConfigurationNode.parse("{s: [1, 2, 3], y: 6, z: 5, n: 1}", file: "")).yaml())
    #expect((node.entries ?? []).map(\.key) == ["work_dir", "model"])
  }

  @Test("bases are merged, replaced and referred to; paths are relative to the file that names them")
  func bases() throws {
    let others = [
      "b/base.py":
        "_base_ = '../c.py'\nmodel = dict(a=dict(x=1, y=2), l=[dict(k=1)])\nname = 'n'\nnumber = 3\n",
      "c.py": "model = dict(deep=1)\nresume = True\n",
    ]
    let text = """
      _base_ = ['./b/base.py']
      model = dict(a=dict(_delete_=True, z={{_base_.model.a.x}}), k={{ _base_.model.l.0.k }}, n=_base_.number,
                   t='{{_base_.name}}', u='v_{{_base_.number}}_{{ fileBasenameNoExtension }}', e='{{_base_.number}}')
      """
    let imported = try imported(text, others)
    #expect(
      imported.node["model"]?.yaml()
        == (try ConfigurationNode.parse(
          "{deep: 1, a: {z: 1}, l: [{k: 1}], k: 1, n: 3, t: n, u: v_3_a, e: 3}", file: "")).yaml())
    #expect(imported.node["resume"]?.bool == true)
    #expect(imported.notes == ["left out, as a config has no such keys: name, number"])
  }

  @Test("values of the bases are set where they stand")
  func baseChanges() throws {
    let imported = try imported(
      "_base_ = 'b.py'\n_base_.model.a['x'] = 2\n_base_.model.l[-1].k = 'new'\nmodel = dict(c=_base_.model.a.x)\n",
      ["b.py": "model = dict(a=dict(x=1, y=1), l=[1, dict(z=3)])\n"])
    #expect(
      imported.node["model"]?.yaml()
        == (try ConfigurationNode.parse("{a: {x: 2, y: 1}, l: [1, {z: 3, k: new}], c: 2}", file: "")).yaml())
    #expect(error("_base_ = 'b.py'\n_base_.a.b = 1\n", ["b.py": "model = 1\n"]).contains("no base has 'a.b'"))
  }

  @Test(
    "what cannot be read is named with file and line, all of it",
    arguments: [
      ("import os\nmodel = dict(a=os.getcwd())\n", ["a.py:2:", "call of 'os.getcwd'"]),
      ("import os\nmodel = os\n", ["a.py:2:", "'os' is of line 1, which cannot be read"]),
      (
        "x = 1\nfor i in x:\n    y = 1\nmodel = 2\ndef f():\n  pass\n",
        ["a.py:2:1: 'for' is code", "a.py:5:1: 'def' is code"]
      ),
      ("a = open('x')\nmodel = dict(b=a)\n", ["a.py:1:", "call of 'open'", "a.py:2:", "'a' is of line 1"]),
      ("model = 1 if True else 2\n", ["a.py:1:11: 'if' is code"]),
      ("model = dict(a=1\n", ["a bracket that is not closed"]),
      ("model = 'a\nb = 1\n", ["a.py:1:9: a text that is not closed"]),
      ("model['a'] = 1\n", ["'model' is changed here"]),
      ("model.update(dict(a=1))\n", ["'model' is changed here"]),
      ("model = {1, 2}\n", ["a set is no value of a config"]),
      ("model = x\n", ["'x' is not assigned before this line"]),
      ("model = [1][3]\n", ["1 elements, and none at place 3"]), ("model = dict(a=1).b\n", ["has no 'b'"]),
      ("model = 1 / 0\n", ["is no number"]), ("model = 2 ** 9999\n", ["is no number"]),
      ("model = 'a' - 1\n", ["would have to be run"]),
      ("model = lambda: 1\n", ["'lambda' is code"]), ("model = not True\n", ["'not' is code"]),
      ("model = b'x'\n", ["bytes"]),
      ("model = f'{1 + 2}'\n", ["more than names"]), ("model = dict(a=1, a=2)\n", ["'a' is given twice"]),
      ("with read_base():\n    from .x import *\n", ["read_base", "older form"]),
      ("  model = 1\n", ["is indented"]),
      ("model = $x\n", ["'$' is no part of a config"]),
      ("model =\n", ["a value is expected, but the line ends"]),
      ("_base_ = 'no.py'\nmodel = 1\n", ["a.py:1:10: ", "no.py"]),
      ("_base_ = 'a.py'\n", ["a cycle of _base_"]),
      ("_base_ = 'mmdet::x.py'\n", ["installed package"]),
      ("model = {{_base_.x}}\n", ["'_base_' names no file"]),
      ("a = [0] * 90000\nb = [a] * 90000\nmodel = b\n", ["more than 100000 values"]),
      (
        "model = " + String(repeating: "[", count: 500) + String(repeating: "]", count: 500),
        ["nested deeper than"]
      ),
      ("model = " + String(repeating: "-", count: 5000) + "1", ["nested deeper than"]),
      ("a = 'x' * 3\n", ["would have to be run"]), ("@x\ndef f(): pass\n", ["a.py:1:1"]),
      ("model = [x for x in 5]\n", ["a list is expected"]),
      ("model = [1 for x, y in [2]]\n", ["'in' is expected"]), ("del model\n", ["'del' is code"]),
      ("print(1)\n", ["no assignment"]),
    ])
  func refusals(text: String, messages: [String]) {
    let error = error(text)
    for message in messages { #expect(error.contains(message), "\(error)") }
  }

  @Test("names that grow by reference are stopped before they fill the memory")
  func growth() {
    var text = "a0 = ['xxxxxxxxxxxxxxxx']\n"
    for number in 1..<60 { text += "a\(number) = [a\(number - 1), a\(number - 1)]\n" }
    #expect(error(text + "model = a59\n").contains("more than 100000 values"))
    var long = "a0 = 'xxxxxxxxxxxxxxxx'\n"
    for number in 1..<60 { long += "a\(number) = a\(number - 1) + a\(number - 1)\n" }
    #expect(error(long + "model = a59\n").contains("cannot be read"))
    var deep = "a0 = [1]\n"
    for number in 1..<300 { deep += "a\(number) = [a\(number - 1)]\n" }
    #expect(error(deep + "model = a299\n").contains("nested deeper than 100 levels"))
  }

  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("configs").path

  @Test(
    "mm's recipes say what the shipped ones say",
    arguments: [
      ("mask-rcnn_r50_fpn_1x.py", "resnet/mask-rcnn_r50_fpn_1x_coco.yaml", 80),
      ("mask-rcnn_swin-t_1x.py", "swin/mask-rcnn_swin-tiny_fpn_1x_coco.yaml", 80),
      ("upernet_swin-t.py", "swin/upernet_swin-tiny_160k_ade20k-512x512.yaml", 150),
    ])
  func recipes(name: String, shipped: String, classes: Int) throws {
    let isDetector = classes == 80
    let folder = try TemporaryFolder(
      isDetector ? PythonConfigFiles.detection : PythonConfigFiles.segmentation)
    let imported = try PythonImport(file: "\(folder.path)/\(name)")
    // Through the YAML, as a user goes.
    let node = try ConfigurationNode.load(text: imported.node.yaml(), file: "imported.yaml")
    let other = try ConfigurationNode.load(file: "\(Self.root)/\(shipped)")
    var components = Components.all
    components.addReporting()
    let experiments = try [node, other].map {
      Experiment(try ExperimentConfiguration($0), components: components)
    }
    for experiment in experiments {
      for use in [Experiment.Use.training, .test, .prediction] { try experiment.check(for: use) }
    }
    let names = (0..<classes).map { "\($0)" }
    let weights = try experiments.map {
      try $0.model(classes: names).parameters.map { "\($0.name) \($0.parameter.shape)" }
    }
    #expect(weights[0] == weights[1])
    // What both say is the same, whatever is left to defaults.
    let differing = Self.differences(experiments[0].configuration.node, experiments[1].configuration.node)
    #expect(differing.isEmpty, "\(differing)")
    #expect(imported.notes.contains { $0.contains("is an address, and is left out") })
  }

  /// Key paths at which both have a value, and not the same one.
  private static func differences(_ a: ConfigurationNode, _ b: ConfigurationNode) -> [String] {
    switch (a.value, b.value) {
    case (.mapping(let entries), .mapping):
      return entries.flatMap { entry in b[entry.key].map { differences(entry.value, $0) } ?? [] }
    case (.sequence(let x), .sequence(let y)) where x.count == y.count:
      return zip(x, y).flatMap { differences($0, $1) }
    case (.scalar, .scalar):
      if a.isNull && b.isNull || a.double != nil && a.double == b.double { return [] }
      if a.bool != nil && a.bool == b.bool { return [] }
      // A folder's name may end with a slash.
      let texts = [a, b].map {
        ($0.string ?? "").hasSuffix("/") ? String(($0.string ?? "").dropLast()) : $0.string ?? ""
      }
      return texts[0] == texts[1] && a.double == nil ? [] : ["\(a.keyPath): \(a.yaml()) \(b.yaml())"]
    default: return ["\(a.keyPath): \(a.yaml()) \(b.yaml())"]
    }
  }

  @Test("YAML that mmengine dumped is read: tuples, and names that nothing refers to, which are told")
  func dumped() throws {
    let text = """
      dataset_type: CocoDataset
      train_pipeline:
      - {type: LoadImageFromFile}
      - {type: Resize, scale: !!python/tuple [1333, 800]}
      img_ratios: [0.5, 1.0]
      launcher: none
      train_dataloader:
        batch_size: 1
        dataset:
          type: CocoDataset
          pipeline:
          - {type: LoadImageFromFile}
          - {type: Resize, scale: !!python/tuple [1333, 800]}
      tta_pipeline: [{scale_factor: 0.5}, {scale_factor: 1.0}]
      """
    let configuration = try ExperimentConfiguration(ConfigurationNode.load(text: text, file: "dump.yaml"))
    #expect(configuration.variables == ["dataset_type", "train_pipeline", "img_ratios", "launcher"])
    // What stands nowhere else, and what looks like a misspelt key, stays a mistake.
    for wrong in ["trian_dataloader: {batch_size: 1}", "other: 5"] {
      #expect(throws: (any Error).self) {
        _ = try ExperimentConfiguration(ConfigurationNode.load(text: text + "\n" + wrong, file: "dump.yaml"))
      }
    }
  }
}

@Suite("mutated Python configs")
struct PythonMutationTests {
  private static let pieces = [
    "(", ")", "[", "]", "{", "}", "{{", "}}", "{{_base_.model}}", "=", ",", ":", "'", "\"", "'''", "#", "\\",
    "\n",
    "\n  ", "dict(", "_base_", ".x", "[0]", "f'{a}'", "**", "for x in ", "+", "-", "//", "0x", "1e",
    "9999999999999999999",
    "\u{0}", "\u{2028}", "é", "🙂", "lambda", "import a", ";", "None", "_delete_=True", "r'", "\\u12", "\\x",
  ]

  @Test("never trap: an error that names the file, or a tree that YAML holds")
  func mutations() throws {
    let corpus = Array(PythonConfigFiles.detection.values) + Array(PythonConfigFiles.segmentation.values)
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 24)
    var answers = (read: 0, refused: 0)
    for round in 0..<1500 {
      var text = Array((corpus.sorted()[round % corpus.count]).unicodeScalars)
      // The middle of a file, so that many rounds take little time.
      let start = Int.random(in: 0..<text.count, using: &random)
      text = Array(text[start..<min(text.count, start + 600)])
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0...text.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text.removeSubrange(place..<min(text.count, place + Int.random(in: 1...20, using: &random)))
        case 1:
          let end = min(text.count, place + 30)
          text.insert(contentsOf: text[place..<end], at: place)
        default:
          text.insert(contentsOf: (Self.pieces.randomElement(using: &random) ?? "").unicodeScalars, at: place)
        }
      }
      let path = "\(folder.path)/a.py"
      try ("model = [\n" + String(String.UnicodeScalarView(text))).write(
        toFile: path, atomically: false, encoding: .utf8)
      do {
        let node = try PythonImport(file: path).node
        #expect(try ConfigurationNode.parse(node.yaml(), file: "a.yaml").yaml() == node.yaml())
        answers.read += 1
      } catch {
        #expect("\(error)".contains("a.py"), "\(error)")
        answers.refused += 1
      }
    }
    #expect(answers.refused > 500)
  }
}
