import CZlib
import Checkpoints
import Foundation
import TestSupport
import Testing

private typealias P = PickleText

private let one = P.tensor("0", count: 1, shape: [1], strides: [1])
private let storages = ["0": floats(1)]

@Suite("pickles")
struct PickleTests {
  @Test(
    "P1: os.system by REDUCE is named, and nothing runs",
    arguments: [
      Array("cos\nsystem\np0\n(S'false'\np1\ntp2\nRp3\n.".utf8),
      P.program(P.call("os", "system", [P.text("false")])),
      [0x80, 4, 0x95, 30, 0, 0, 0, 0, 0, 0, 0, 0x8c, 2] + Array("os".utf8) + [0x94, 0x8c, 6]
        + Array("system".utf8)
        + [0x94, 0x93, 0x94, 0x8c, 5] + Array("false".utf8) + [0x94, 0x85, 0x94, 0x52, 0x94, 0x2e],
    ] as [[UInt8]])
  func system(pickle: [UInt8]) {
    let text = message(pickle: pickle)
    #expect(text.contains("names os.system (byte ") && text.contains("Nothing was run"), "\(text)")
  }

  @Test(
    "names that can only mean harm are an error, wherever they hide",
    arguments: [
      ("posix", "system"), ("nt", "system"), ("subprocess", "Popen"), ("sys", "modules"),
      ("builtins", "eval"),
      ("builtins", "exec"), ("__builtin__", "getattr"), ("builtins", "getattr"), ("builtins", "__import__"),
      ("torch.serialization", "os.system"), ("torch", "hub.load"), ("os.path", "join"),
      ("numpy.testing._private.utils", "runstring"), ("runpy", "run_path"), ("pickle", "loads"),
      ("torch", "load"), ("importlib", "import_module"), ("operator", "attrgetter"),
    ])
  func harm(module: String, name: String) {
    let text = message(
      pickle: P.program(P.dictionary([("a", one), ("b", P.global(module, name))])), storages: storages)
    #expect(text.contains("is made to run code") && text.contains("\(module).\(name)"), "\(text)")
  }

  @Test(
    "P2: opcodes that make objects in other ways are not allowed",
    arguments: [
      (Array("(ios\nsystem\n.".utf8), "byte 1 of the pickle: opcode 0x69 (instance)"),
      (P.program([0x28, 0x4e, 0x6f]), "byte 4 of the pickle: opcode 0x6f (object)"),
      (P.program(P.global("a", "b") + [0x29, 0x7d, 0x92]), "byte 9 of the pickle: opcode 0x92"),
      (P.program([0x82, 1]), "byte 2 of the pickle: opcode 0x82"),
      (P.program([0x50, 0x41, 0x0a]), "opcode 0x50"), (P.program([0x97]), "opcode 0x97"),
    ] as [([UInt8], String)])
  func opcodes(pickle: [UInt8], expected: String) {
    #expect(message(pickle: pickle).contains(expected), "\(message(pickle: pickle))")
  }

  @Test("P3: a call before a stream breaks off is reported as what it is")
  func callFirst() {
    let text = message(pickle: [0x80, 2] + P.call("os", "system", [P.text("false")]) + [0xff, 0xff])
    #expect(text.contains("os.system"), "\(text)")
  }

  @Test(
    "P4, P9: streams that stop early or late, and empty stacks",
    arguments: [
      ([], "byte 0: ends in the middle"), ([0x80, 2, 0x4e], "byte 3: ends in the middle"),
      (P.program([0x4e]) + [1, 2, 3], "byte 4 of the pickle: 3 bytes after STOP"),
      (P.program([]), "STOP with 0 values"), (P.program([0x4e, 0x4e]), "STOP with 2 values"),
      (P.program([0x68, 7]), "byte 2 of the pickle: the memo has no value 7"),
      (P.program([0x30]), "byte 2 of the pickle: takes a value from an empty stack"),
      (P.program([0x28, 0x32]), "needs a value on an empty stack"),
      (P.program([0x74]), "byte 2 of the pickle: needs a MARK"), (P.program([0x86]), "a tuple of more"),
      (P.program([0x28, 0x4e, 0x85, 0x85, 0x86]), "a tuple of more"),
      (P.program([0xc1]), "0xc1 is no opcode"),
      (P.program([0x80, 6]), "pickle protocol 6"),
      (P.program([0x58, 9, 0, 0, 0, 0x41]), "9 bytes are announced, 2 are left"),
      (P.program([0x58, 1, 0, 0, 0, 0xff]), "not UTF-8"),
      (P.program([0x8b, 0xff, 0xff, 0xff, 0xff]), "of -1 bytes"),
    ] as [([UInt8], String)])
  func ends(pickle: [UInt8], expected: String) {
    #expect(message(pickle: pickle).contains(expected), "\(message(pickle: pickle))")
  }

  @Test(
    "P10: items are set on dictionaries only, in pairs",
    arguments: [
      (P.text("a") + P.text("b") + P.text("c") + [0x73], "sets an item of a string"),
      (one + P.text("b") + P.text("c") + [0x73], "sets an item of a tensor"),
      ([0x7d, 0x28] + P.text("a") + [0x75], "1 is odd"), (one + [0x4e, 0x61], "appends to a tensor"),
      (one + [0x7d, 0x62], "BUILD on a tensor"), (P.text("f") + [0x29, 0x52], "calls a string"),
      (P.global("a", "b") + [0x4e, 0x52], "calls with None"),
      (P.text("f") + [0x29, 0x81], "NEWOBJ of a string"),
      (P.tuple([P.text("module")]) + [0x51], "that is not a storage"),
    ] as [([UInt8], String)])
  func items(body: [UInt8], expected: String) {
    let text = message(pickle: P.program(body), storages: storages)
    #expect(text.contains(expected), "\(text)")
  }

  @Test(
    "P8: cycles are found, shared values are none",
    arguments: [
      (P.dictionary([("a", one), ("b", [0x5d, 0x71, 1, 0x68, 1, 0x61])]), true),
      ([0x7d, 0x71, 1] + P.text("a") + [0x68, 1, 0x73], true),
      (P.dictionary([("a", one), ("b", [0x5d, 0x71, 1, 0x68, 1, 0x85, 0x61])]), true),
      (P.dictionary([("a", one), ("b", [0x5d, 0x71, 1]), ("c", [0x68, 1])]), false),
      (
        P.dictionary([("a", [0x4e, 0x71, 9, 0x30] + one + [0x71, 0]), ("b", [0x68, 9]), ("c", [0x68, 0])]),
        false
      ),
    ] as [([UInt8], Bool)])
  func cycles(body: [UInt8], isCycle: Bool) {
    let text = message(pickle: P.program(body), storages: storages)
    #expect(text.contains(isCycle ? "holds itself" : "no error"), "\(text)")
  }

  @Test("P7: bombs of DUP, memo, tuples and shared lists end at a limit, in a second")
  func bombs() {
    let tuples = P.program([0x4e] + [UInt8](repeating: 0x85, count: 6_000_000))
    // Thirty lists, each with the one before it twice: a billion members.
    var shared = P.list([one]) + [0x71, 0]
    for level in 1...30 {
      shared +=
        [0x30, 0x5d, 0x71, UInt8(level), 0x28] + [0x68, UInt8(level - 1), 0x68, UInt8(level - 1), 0x65]
    }
    for (pickle, expected) in [
      (P.program([0x4e] + [UInt8](repeating: 0x32, count: 20_000)), "more than 10000 values on the stack"),
      (tuples, "more than 3000000 values"),
      (P.program(P.puts(1_000_001)), "more than 1000000 values in the memo"),
      (P.program([UInt8](repeating: 0x28, count: 20_000)), "more than 10000 marks"),
      (P.program(P.repeated([0x4e, 0x30], 2_600_000)), "more than 5000000 opcodes"),
      (P.program(P.dictionary([("a", shared)])), "more than 3000000 values or 100000 tensors"),
    ] {
      let file = ZipText(pickle: pickle, storages: storages).bytes
      var text = ""
      let seconds = processorSeconds(below: 1) { text = message(file) }
      #expect(text.contains(expected), "\(text)")
      #expect(seconds < 1, "\(expected): \(seconds) s")
    }
  }

  @Test("the limits hold exactly")
  func limits() {
    func stack(_ count: Int) -> [UInt8] {
      P.program([0x28] + [UInt8](repeating: 0x4e, count: count) + [0x31] + P.dictionary([("a", one)]))
    }
    #expect(message(pickle: stack(10_000), storages: storages).hasPrefix("no error"))
    #expect(message(pickle: stack(10_001), storages: storages).contains("more than 10000 values"))
    func memo(_ count: Int) -> [UInt8] {
      P.program(P.puts(count) + [0x30] + P.dictionary([("a", one)]))
    }
    #expect(message(pickle: memo(1_000_000), storages: storages).hasPrefix("no error"))
    #expect(message(pickle: memo(1_000_001), storages: storages).contains("in the memo"))
    func text(_ count: Int) -> [UInt8] {
      P.program(
        [0x58] + P.little(UInt32(count)) + [UInt8](repeating: 0x41, count: count) + [0x30]
          + P.dictionary([("a", one)]))
    }
    #expect(message(pickle: text(64 << 20), storages: storages).hasPrefix("no error"))
    #expect(message(pickle: text(64 << 20 + 1), storages: storages).contains("a string of 67108865 bytes"))
    // 30 opcodes: PROTO, those of the dictionary and its tensor, STOP.
    func opcodes(_ count: Int) -> [UInt8] {
      let odd: [UInt8] = count % 2 == 0 ? [] : [0x80, 2]
      return P.program(P.repeated([0x4e, 0x30], (count - 30) / 2) + odd + P.dictionary([("a", one)]))
    }
    #expect(message(pickle: opcodes(5_000_000), storages: storages).hasPrefix("no error"))
    #expect(message(pickle: opcodes(5_000_001), storages: storages).contains("more than 5000000 opcodes"))
  }

  @Test("many values that stand for themselves, and names without end, take a second at most")
  func time() {
    // Two calls with one long tuple; a million times the same class; ten thousand and one classes.
    let call =
      P.global("a", "b") + [0x71, 0, 0x30, 0x28] + P.repeated([0x4e], 9_000) + [0x74, 0x71, 1, 0x30]
    var classes: [UInt8] = []
    for number in 0...10_000 { classes += P.global("a", "c\(number)") + [0x30] }
    var name = P.text(String(repeating: "k", count: 1 << 20)) + [0x71, 0, 0x30, 0x5d, 0x71, 1, 0x28]
    for _ in 0..<300 { name += [0x7d, 0x68, 0, 0x5d, 0x73] }
    name += [0x65]
    for (body, expected) in [
      (call + P.repeated([0x68, 0, 0x68, 1, 0x52, 0x30], 1_300_000), "more than 5000000 opcodes"),
      (P.repeated(P.global("a", "b") + [0x30], 1_100_000), "more than 3000000 values"),
      (classes, "more than 10000 names"),
      (P.dictionary([("a", name)]), "has names of more than 268435456 bytes"),
    ] {
      var text = ""
      let file = ZipText(pickle: P.program(body), storages: storages).bytes
      let seconds = processorSeconds(below: 1) { text = message(file) }
      #expect(text.contains(expected), "\(text.prefix(300))")
      #expect(seconds < 1, "\(expected): \(seconds) s")
    }
  }

  @Test("P24: a string of 400 MB is refused at 64 MiB, by its length")
  func longString() {
    let pickle =
      [0x80, 2, 0x7d, 0x58] + P.little(UInt32(400_000_000)) + [UInt8](repeating: 0x41, count: 1 << 20)
    #expect(message(pickle: pickle).contains("a string of 400000000 bytes, more than 67108864"))
  }

  @Test(
    "P24: a file of 500 MB with such a string is read once for its checksum, where it has one, and else not",
    arguments: ["zip", "legacy"])
  func longStringInFile(format: String) throws {
    let folder = try TemporaryFolder()
    let start = [0x80, 2, 0x7d, 0x58] + P.little(UInt32(400_000_000))
    let path: String
    if format == "legacy" {
      path = try folder.write(P.legacy(start, storages: []), as: "x.pth")
      truncate(path, 500_000_000)
    } else {
      // A stored entry of zeros, most of which the file system does not even hold.
      var bytes = ZipText(pickle: start).bytes
      let directory = try #require(bytes.firstRange(of: [0x50, 0x4b, 1, 2])).lowerBound
      let size = 450_000_000
      for place in [18, 22, directory + 20, directory + 24] {
        bytes.replaceSubrange(place..<place + 4, with: P.little(UInt32(size)))
      }
      var sum = ZipText.checksum(start)
      let zeros = [UInt8](repeating: 0, count: 1 << 20)
      for place in stride(from: start.count, to: size, by: zeros.count) {
        sum = UInt32(truncatingIfNeeded: crc32(UInt(sum), zeros, UInt32(min(zeros.count, size - place))))
      }
      for place in [14, directory + 16] { bytes.replaceSubrange(place..<place + 4, with: P.little(sum)) }
      let end = bytes.count - 22
      let growth = size - start.count
      bytes.replaceSubrange(end + 16..<end + 20, with: P.little(UInt32(directory + growth)))
      path = try folder.write(Array(bytes[..<directory]), as: "x.pth")
      truncate(path, directory + growth)
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try file.seekToEnd()
      try file.write(contentsOf: Data(bytes[directory...]))
    }
    var text = ""
    let count = try bytesRead {
      do {
        _ = try Checkpoint(file: path)
        text = "no error"
      } catch { text = "\(error)" }
    }
    #expect(text.contains("a string of 400000000 bytes, more than 67108864"), "\(text)")
    // An entry of an archive is read once, for its checksum, before anything is made of it.
    #expect(count < (format == "zip" ? 450_000_000 : 0) + 2 << 20, "\(count) bytes were read")
  }

  @Test("getattr is harm, but for the methods of a HistoryBuffer, which mm's files name")
  func attributes() {
    let buffer = ("mmengine.logging.history_buffer", "HistoryBuffer")
    for (module, name, attribute, isFine) in [
      (buffer.0, buffer.1, "mean", true), (buffer.0, buffer.1, "__init__", false),
      ("torch", "serialization", "os", false),
    ] {
      let call = P.call("__builtin__", "getattr", [P.global(module, name), P.text(attribute)])
      let text = message(
        pickle: P.program(P.dictionary([("state_dict", P.dictionary([("a", one)])), ("m", call)])),
        storages: storages)
      #expect(text.contains(isFine ? #"no error: ["a"]"# : "__builtin__.getattr (byte"), "\(text)")
    }
  }

  @Test("P21: objects of mm's checkpoints are passed over and listed")
  func placeholders() throws {
    let history =
      P.global("mmengine.logging.history_buffer", "HistoryBuffer") + [0x29, 0x81] + P.dictionary([]) + [0x62]
    let scalar = P.call(
      "numpy.core.multiarray", "scalar", [P.call("numpy", "dtype", [P.text("f8")]), P.text("x")])
    let namespace =
      P.global("argparse", "Namespace") + [0x29, 0x81] + P.dictionary([("lr", P.integer(1))]) + [0x62]
    let node = P.global("yacs.config", "CfgNode") + [0x29, 0x81, 0x28] + P.text("a") + P.integer(1) + [0x75]
    let date = P.call("datetime", "datetime", [P.text("x")])
    let file = ZipText(
      pickle: P.program(
        P.dictionary([
          ("state_dict", P.dictionary([("a", one)])),
          ("message_hub", P.dictionary([("h", history), ("s", scalar)])), ("args", namespace), ("cfg", node),
          ("time", date),
          ("meta", P.dictionary([("epoch", P.integer(12)), ("CLASSES", P.tuple([P.text("disc")]))])),
        ])), storages: storages)
    let read = try Checkpoint(bytes: file.bytes, file: "x.pth")
    #expect(read.weights.keys.sorted() == ["a"])
    #expect(
      read.skipped == [
        "argparse.Namespace", "datetime.datetime", "mmengine.logging.history_buffer.HistoryBuffer",
        "numpy.core.multiarray.scalar", "yacs.config.CfgNode",
      ])
    #expect(read.metadata["epoch"] == "12" && read.metadata["classes"] == #"["disc"]"#)
  }
}
