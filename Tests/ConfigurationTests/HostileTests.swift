import Configuration
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// What reading a text comes to: the error, or «no error».
private func answer(_ text: String) -> String {
  do {
    _ = try ConfigurationNode.parse(text, file: "a.yaml")
    return "no error"
  } catch { return "\(error)" }
}

/// Inputs that are meant to break the reader, and its limits.
@Suite("hostile YAML")
struct HostileTests {
  @Test("Y1: forty thousand brackets are refused at the hundredth, in a tenth of a second")
  func brackets() {
    var text = ""
    let seconds = processorSeconds(below: 0.1) { text = answer(String(repeating: "[", count: 40_000)) }
    #expect(text == "a.yaml:1:101: nested deeper than 100 levels")
    #expect(seconds < 0.1, "\(seconds) s")
  }

  @Test("a hundred levels are read, whether written or put in by aliases; one more is refused")
  func depth() {
    func nested(_ levels: Int) -> String {
      String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }
    #expect(answer(nested(100)) == "no error")
    #expect(answer(nested(101)).hasPrefix("a.yaml:1:101: nested deeper than 100 levels"))
    func aliased(_ levels: Int) -> String {
      "a: &a \(nested(50))\nb: \(nested(levels).replacing("[]", with: "[*a]"))"
    }
    #expect(answer(aliased(49)) == "no error")
    #expect(answer(aliased(50)).contains("nested deeper than 100 levels, aliases put in"))
  }

  @Test("Y2: a hundred thousand values are read, aliases counted in full; one more is refused")
  func nodes() {
    func list(_ count: Int) -> String { "[" + String(repeating: "x,", count: count - 1) + "]" }
    #expect(answer(list(100_000)) == "no error")
    #expect(answer(list(100_001)).contains("more than 100000 values"))
    // The mapping, a list of 50,000 values, and the same again by an alias.
    #expect(answer("a: &a \(list(49_998))\nb: *a") == "no error")
    #expect(
      answer("a: &a \(list(50_000))\nb: *a").contains("more than 100000 values, aliases counted in full"))
    var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    for level in 1...8 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",")
      bomb += "a\(level): &a\(level) [\(aliases)]\n"
    }
    var text = ""
    let seconds = processorSeconds(below: 0.1) { text = answer(bomb) }
    #expect(text.contains("more than 100000 values") && seconds < 0.1, "\(seconds) s, \(text)")
  }

  @Test("Y3: an alias within what it stands for", arguments: ["&x [*x]", "a: &a {b: *a}", "a: &a {<<: *a}"])
  func selfReference(text: String) { #expect(answer(text).contains("refers to itself")) }

  @Test("Y4: a chain of fifty thousand aliases is refused without a deep stack")
  func chain() {
    let links = (1...50_000).map { "- &a\($0) [*a\($0 - 1)]" }.joined(separator: "\n")
    #expect(answer("- &a0 x\n" + links).contains("nested deeper than 100 levels, aliases put in"))
    let flat = (1...50_000).map { _ in "- *a" }.joined(separator: "\n")
    #expect(answer("- &a x\n" + flat).contains("more than 100000 values"))
    #expect(answer("- &a x\n" + flat.prefix(49_900 * 5)) == "no error")
  }

  @Test("Y5: of two equal keys both lines are named")
  func duplicates() {
    #expect(
      answer("m:\n  a: 1\n  b: 2\n  \"a\": 3").hasPrefix(
        "a.yaml:4:3: the key 'a' stands in this mapping already, at line 2"))
  }

  @Test("Y6: a cycle of _base_, and seventeen levels, are shown as the chain of files")
  func bases() throws {
    var files = ["a.yaml": "_base_: b.yaml", "b.yaml": "x: 1\n_base_: ./a.yaml", "f0.yaml": "x: 1"]
    for level in 1...17 { files["f\(level).yaml"] = "_base_: f\(level - 1).yaml" }
    let folder = try TemporaryFolder(files)
    let path = folder.path
    #expect(
      folder.error("a.yaml")
        == "\(path)/b.yaml:2:9: a cycle of _base_:\n    \(path)/a.yaml\n    -> \(path)/b.yaml\n    -> \(path)/./a.yaml"
    )
    #expect(try folder.load("f16.yaml")["x"]?.int == 1)
    #expect(
      folder.error("f17.yaml").contains(
        "nested deeper than 16:\n    \(path)/f17.yaml\n    -> \(path)/f16.yaml"))
  }

  @Test("a base of tens of thousands of keys is merged in a second")
  func largeBase() throws {
    func keys(_ letter: String) -> String { (0..<40_000).map { "\(letter)\($0): 1\n" }.joined() }
    let folder = try TemporaryFolder([
      "a.yaml": keys("a") + "b7: 2", "b.yaml": "_base_: a.yaml\n" + keys("b"),
    ])
    var node: ConfigurationNode?
    let seconds = try processorSeconds(below: 1) { node = try folder.load("b.yaml") }
    #expect(node?.entries?.count == 80_000 && node?["b7"]?.int == 1)
    #expect(seconds < 1, "\(seconds) s")
  }

  @Test("Y7: a base that is no config is an ordinary error; a fifo is not waited for")
  func files() throws {
    let bases = [
      "passwd": "../../../../../../../etc/passwd", "folder": ".", "null": "/dev/null", "fifo": "pipe",
    ]
    let folder = try TemporaryFolder(
      bases.reduce(into: ["deep/x.yaml": "a: 1"]) { $0["\($1.key).yaml"] = "_base_: \($1.value)" })
    mkfifo(folder.path + "/pipe", 0o600)
    for (name, expected) in [
      ("passwd", "etc/passwd:1:1: a config is a mapping, not a single value"),
      ("folder", "folder.yaml:1:9: \(folder.path)/.: cannot be read: is a folder, not a config"),
      ("null", "null.yaml:1:9: /dev/null: cannot be read: is a pipe or a device"),
      ("fifo", "fifo.yaml:1:9: \(folder.path)/pipe: cannot be read: is a pipe or a device"),
    ] {
      let error = folder.error("\(name).yaml")
      #expect(error.contains(expected) && !error.contains("root:x"), "\(error)")
    }
  }

  @Test(
    "Y8: no tags but YAML's own", arguments: ["!!python/object/apply:os.system [x]", "!x y", "!<tag:a> {}"])
  func tags(value: String) { #expect(answer("a: \(value)").contains("is not used in configs")) }

  @Test(
    "Y9: encodings",
    arguments: [
      (Array("\u{feff}a: 1".utf8), "no error"), (Array("a: \u{e9}".utf8), "no error"),
      (Array("a: ".utf8) + [0xe9], "not UTF-8 at byte 3"),
      (Array("a: \u{e9}".utf8) + [0xc3], "not UTF-8 at byte 5"),
      ([0xff, 0xfe, 0x61, 0, 0x3a, 0], "a NUL byte at byte 3"), ([0xfe, 0xff], "not UTF-8 at byte 0"),
      (Array("a: b".utf8) + [0], "a NUL byte at byte 4"), (Array("a: \u{7}".utf8), "a.yaml:1:"),
    ] as [([UInt8], String)])
  func encodings(bytes: [UInt8], expected: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(bytes, as: "a.yaml")
    #expect(folder.error("a.yaml").contains(expected), "\(folder.error("a.yaml"))")
  }

  @Test("Y9: four MiB are read, one byte more is not; nor ten MB on a line")
  func size() throws {
    let limit = 4 << 20
    func text(_ count: Int) -> String { "a: " + String(repeating: "x", count: count - 3) }
    #expect(answer(text(limit)) == "no error")
    #expect(answer(text(limit + 1)) == "a.yaml: 4194305 bytes, more than the 4194304 a config may have")
    let folder = try TemporaryFolder([
      "l.yaml": text(limit), "m.yaml": text(limit + 1), "n.yaml": text(10_000_000),
    ])
    #expect(try folder.load("l.yaml")["a"]?.string?.count == limit - 3)
    for name in ["m", "n"] { #expect(folder.error("\(name).yaml").contains("more than the 4194304")) }
  }

  /// What YAML 1.1 and 1.2 read differently, and how it is read here.
  @Test(
    "Y10: numbers and truth values",
    arguments: [
      ("1e-4", "0.0001"), ("2e-4", "0.0002"), ("1E3", "1000.0"), ("1_000", "1000.0"), ("0o17", "15.0"),
      ("0x1F", "31.0"), ("0b11", "3.0"), ("+1.5", "1.5"), (".5", "0.5"), ("1,5", "is not a number"),
      (".inf", "is not finite"), ("-.inf", "is not finite"), (".nan", "is not finite"),
      ("nan", "is not finite"),
      ("inf", "is not finite"), ("1e999", "is beyond the largest number"), ("017", "is octal to YAML 1.1"),
      ("1:30", "is not a number"), ("yes", "is not a number"), ("'1'", "a number is expected"),
    ])
  func numbers(text: String, expected: String) throws {
    let node = try #require(try ConfigurationNode.parse("lr: \(text)", file: "a.yaml")["lr"])
    let result: String
    do { result = "\(try node.decode(Double.self))" } catch { result = "\(error)" }
    #expect(result.contains(expected), "\(result)")
  }

  @Test("Y10: yes and no are truth values where one is asked for, and texts where a text is")
  func truth() throws {
    for (text, value) in [("yes", true), ("no", false), ("on", true), ("off", false), ("y", nil), ("1", nil)]
    {
      let node = try #require(try ConfigurationNode.parse("a: \(text)", file: "")["a"])
      #expect((try? node.decode(Bool.self)) == value)
      #expect(try node.decode(String.self) == text)
    }
  }

  @Test("Y11: a tab is shown as an arrow with a caret under it")
  func tabs() {
    #expect(
      answer("a:\n\tb: 1").hasPrefix(
        "a.yaml:2:1: found character that cannot start any token\n  →b: 1\n  ^"), "\(answer("a:\n\tb: 1"))")
  }

  @Test(
    "Y12: one document",
    arguments: [
      ("a: 1\n---\nb: 2", "a.yaml:2:1: a second document begins here"), ("", "a.yaml: is empty"),
      ("# only\n# comments\n", "a.yaml: is empty"), ("---\na: 1\n...\n", "no error"),
      ("---\n---\n", "a second"),
    ])
  func documents(text: String, expected: String) {
    #expect(answer(text).contains(expected), "\(answer(text))")
  }

  @Test(
    "Y13: numbers beyond their range",
    arguments: [
      (
        "batch_size: 99999999999999999999",
        "a.yaml:1:13: batch_size: '99999999999999999999' is beyond 64 bits"
      ),
      ("batch_size: -1", "batch_size: -1 is not in 1...65536"), ("batch_size: 0", "0 is not in 1...65536"),
      ("batch_size: 65537", "65537 is not in 1...65536"), ("batch_size: 65536", "no error"),
      ("batch_size: 1e9", "'1e9' is not a whole number"), ("num_workers: 257", "257 is not in 0...256"),
    ])
  func ranges(text: String, expected: String) throws {
    let node = try ConfigurationNode.parse("\(text)\ndataset: {type: X}", file: "a.yaml")
    let result: String
    do {
      _ = try node.decode(DataLoaderConfiguration.self)
      result = "no error"
    } catch { result = "\(error)" }
    #expect(result.contains(expected), "\(result)")
  }

  // Y14, wrong overrides, stands in InheritanceTests.

  @Test("a Python config is refused with the name of the YAML that replaces it")
  func python() throws {
    let folder = try TemporaryFolder([
      "mask-rcnn_vssm-tiny_fpn_1x_coco.yaml": "a: 1", "c.yaml": "_base_: [./same.py]", "same.yaml": "a: 1",
    ])
    #expect(
      folder.error("mask_rcnn_vssm_tiny_fpn_1x_coco.py").hasSuffix(
        "Python configs are not read\n  Of the YAML files beside it the nearest: "
          + "\(folder.path)/mask-rcnn_vssm-tiny_fpn_1x_coco.yaml."))
    #expect(
      folder.error("c.yaml")
        == "\(folder.path)/c.yaml:1:10: \(folder.path)/./same.py: Python configs are not read\n"
        + "  Use \(folder.path)/./same.yaml instead.")
  }
}
