import Configuration
import Testing

@Suite("YAML")
struct YAMLTests {
  private func error(_ text: String) -> String {
    do { return "no error: \(try ConfigurationNode.parse(text, file: "a.yaml").yaml())" } catch {
      return "\(error)"
    }
  }

  @Test(
    "what is refused",
    arguments: [
      (String(repeating: "[", count: 40_000), "a.yaml:1:101: nested deeper than 100 levels"),
      ("x: &x [*x]", "a.yaml:1:8: the alias *x refers to itself"),
      ("a: &a {b: *a}", "a.yaml:1:11: the alias *a refers to itself"),
      ("a: 1\nb: 2\na: 3", "a.yaml:3:1: the key 'a' stands in this mapping already, at line 1"),
      ("a: !!python/object/apply:os.system x", "a.yaml:1:4: the tag"),
      ("", "a.yaml: is empty"), ("# only a comment", "a.yaml: is empty"),
      ("a: 1\n---\nb: 2", "a.yaml:2:1: a second document"),
      ("a:\n\tb: 1", "a.yaml:2:1: found character that cannot start any token"),
      ("[a, b]: 1", "a.yaml:1:1: a key must be a word"),
    ])
  func refused(text: String, expected: String) {
    #expect(error(text).hasPrefix(expected), "\(error(text).prefix(200))")
  }

  @Test("nine levels of nine aliases are refused before they are built")
  func aliasBomb() {
    var text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    for level in 1...8 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",")
      text += "a\(level): &a\(level) [\(aliases)]\n"
    }
    #expect(error(text).contains("more than 100000 values, aliases counted in full"))
  }

  @Test(
    "what is written reads back the same",
    arguments: [
      "a: 1\nb: [1, 2.5, x]\nc: {d: null, e: true}", "a: []\nb: {}\nc: '1'\nd: \"x: y\\n\"",
      "a:\n- b: 1\n  c: [[1, 2], [3]]\n- {d: {e: f}}\n- - g: 1", "a: ~\nb: -1e-3\nc: images/training/",
      "'': x\n'a b': c",
      "a: '-x'\nb: 'null'\nc: yes", "m: &m {a: 1}\nn: {<<: *m, b: 2}",
    ])
  func roundTrip(text: String) throws {
    let once = try ConfigurationNode.parse(text, file: "")
    let again = try ConfigurationNode.parse(once.yaml(), file: "")
    #expect(again.yaml() == once.yaml())
    #expect(describe(again) == describe(once), "\(once.yaml())")
  }

  /// Values without their places; null is one word, whatever was written.
  private func describe(_ node: ConfigurationNode) -> String {
    switch node.value {
    case .scalar(let text, let isQuoted):
      node.isNull
        ? "null" : isQuoted || (node.double == nil && node.bool == nil) ? "text \(text)" : "plain \(text)"
    case .sequence(let elements): "[" + elements.map(describe).joined(separator: ",") + "]"
    case .mapping(let entries):
      "{" + entries.map { "\($0.key):\(describe($0.value))" }.joined(separator: ",") + "}"
    }
  }

  @Test("a byte-order mark is accepted; other encodings are errors with the byte")
  func encodings() {
    for text in ["\u{feff}a: 1", "\u{feff}a: 1\nb: 2", "\u{feff}a: 1\r\nb: 2\r\n", "\u{feff}# a\na: 1\nb: 2"]
    {
      #expect(error(text) == "no error: a: 1\n" + (text.contains("b") ? "b: 2\n" : ""), "\(error(text))")
    }
    #expect(error("\u{feff}a: 1\r\na: 2").hasPrefix("a.yaml:2:1: the key 'a'"))
    #expect(error("\u{feff}a: }\r\nb: 1").hasSuffix("\n  a: }\n     ^"), "\(error("\u{feff}a: }\r\nb: 1"))")
    #expect(error("\u{feff}").hasPrefix("a.yaml: is empty"))
    #expect(error("a: \0").contains("a NUL byte at byte 3"))
  }

  @Test("merge keys give way to the mapping's own")
  func mergeKeys() throws {
    let node = try ConfigurationNode.parse("m: &m {a: 1, b: 2}\nn: {<<: *m, b: 3}", file: "")
    #expect(node["n"]?["a"]?.int == 1)
    #expect(node["n"]?["b"]?.int == 3)
  }
}
