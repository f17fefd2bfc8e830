import Configuration
import TestSupport
import Testing

@Suite("mutated YAML")
struct MutationTests {
  /// Texts with everything that configs have, and the beginnings of what they must not have.
  private static let corpus = [
    "_base_: [a.yaml, b.yaml]\nmodel:\n  type: MaskRCNN\n  backbone: {type: VSSM, depths: [2, 2, 9, 2], dims: 96}\n",
    "m: &m {a: 1, b: [1e-3, .5, 0x10, ~, null]}\nn: {<<: *m, b: 2}\no: [*m, *m]\n",
    "a: 'it''s'\nb: \"x\\ty\\u00e9\\n\"\nc: |\n  block\n   text\nd: >-\n  folded\n  text\n",
    "- - - x\n  - {a: [b, {c: d}]}\n- ? k\n  : v\n- !!str 1\n- !!int \"3\"\n",
    "# comment\n---\nlr: 2e-4\nflag: yes\nnone:\nkey with spaces: 1_000\n...\n",
    "&a a: *a\nb: !!python/object:x {}\n[x]: y\n<<: [{a: 1}, {b: 2}]\n",
    "train_dataloader:\n  batch_size: 2\n  dataset:\n    type: CocoDataset\n    metainfo: {classes: [\u{e9}, \u{1f600}]}\n",
  ]

  /// Pieces that mean something to YAML.
  private static let pieces = [
    "&a ", "*a", "[", "]", "{", "}", ": ", "- ", "? ", "\n", "\n---\n", "\t", "  ", "'", "\"", "|\n", ">\n",
    "!!str ",
    "<<: ", "# ", "%YAML 1.1\n", "@", "`", "\u{feff}", "\u{2028}", "\\x", ",", "~", "_delete_: true\n",
    ".inf",
  ]

  private static func mutated(_ text: String, _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = Array(text.utf8)
    for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
      let index = Int.random(in: bytes.indices, using: &random)
      let end = min(bytes.count, index + Int.random(in: 1...16, using: &random))
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes.removeSubrange(index..<end)
      case 2: bytes.insert(contentsOf: bytes[index..<end], at: index)
      case 3:
        let other = Array((corpus.randomElement(using: &random) ?? "").utf8)
        bytes.insert(contentsOf: other.prefix(Int.random(in: 0...other.count, using: &random)), at: index)
      default: bytes.insert(contentsOf: Array((pieces.randomElement(using: &random) ?? "").utf8), at: index)
      }
    }
    return bytes
  }

  /// Twenty thousand mutated texts: an error or a tree, never a trap; a tree can be merged, decoded, and printed as what
  /// reads back the same.
  @Test("never traps, and what is read prints as what reads back the same")
  func mutations() throws {
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 2026)
    var answers = (read: 0, refused: 0)
    let seconds = try processorSeconds {
      for round in 0..<20_000 {
        let text = Self.mutated(Self.corpus[round % Self.corpus.count], &random)
        let node: ConfigurationNode
        do {
          node = try ConfigurationNode.parse(String(decoding: text, as: UTF8.self), file: "a.yaml")
        } catch let error
          as ConfigurationError
        {
          answers.refused += 1
          #expect(!error.message.isEmpty && error.location?.file == "a.yaml")
          continue
        }
        answers.read += 1
        let printed = node.yaml()
        let again = try ConfigurationNode.parse(printed, file: "b.yaml")
        #expect(again.yaml() == printed)
        _ = try? ExperimentConfiguration(node, deferringMistakes: true)
        _ = node.pathsWithoutEffect
      }
      // The same as bytes of files, which need not be UTF-8.
      for round in 0..<200 {
        try folder.write(Self.mutated(Self.corpus[round % Self.corpus.count], &random), as: "a.yaml")
        _ = folder.error("a.yaml", ["m.a=1", "o.0.b=2"])
      }
    }
    #expect(answers.read > 2000 && answers.refused > 2000, "\(answers)")
    #expect(seconds < 60, "\(seconds) s")
  }
}
