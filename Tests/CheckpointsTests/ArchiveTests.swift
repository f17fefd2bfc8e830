import Checkpoints
import Foundation
import TestSupport
import Testing

private typealias P = PickleText

private let pickle = P.program(P.dictionary([("a", P.tensor("0", count: 1, shape: [1], strides: [1]))]))

/// A sound file after a change.
private func changed(_ change: (inout ZipText) -> Void) -> [UInt8] {
  var file = ZipText(pickle: pickle, storages: ["0": floats(1)])
  change(&file)
  return file.bytes
}

@Suite("archives")
struct ArchiveTests {
  @Test("a sound one is read, with a deflated pickle too")
  func sound() {
    #expect(message(changed { _ in }) == #"no error: ["a"]"#)
    #expect(message(changed { $0.entries[0].isDeflated = true }) == #"no error: ["a"]"#)
  }

  @Test(
    "P15, P16: what is said twice has to agree",
    arguments: [
      (changed { $0.entries[1].flags = 0x1 }, "is encrypted or a patch (flags 0x1)"),
      (changed { $0.entries[1].flags = 0x20 }, "is encrypted or a patch (flags 0x20)"),
      (changed { $0.entries[1].flags = 0x40 }, "is encrypted or a patch (flags 0x40)"),
      (changed { $0.entries[1].localName = "x/data/1" }, "has another name in its own header"),
      (changed { $0.entries[1].checksum = 7 }, "is damaged: its CRC is"),
      (changed { $0.entries[0].checksum = 7 }, "is damaged: its CRC is"),
      (changed { $0.entries.append($0.entries[1]) }, "two entries are named 'x/data/0'"),
      (changed { $0.entries[1].start = 0 }, "overlaps another"),
      (changed { $0.entries[1].size = 1000 }, "beyond the archive's data"),
      (changed { $0.entries[1].start = 100_000 }, "behind the data of the archive"),
      (changed { $0.count = 1 }, "says 1 entries, but goes on after them"),
      (changed { $0.count = 9 }, "says 9 entries, but holds 2"),
      (changed { $0.entries[1].size = 0xffff_ffff }, "contradictory zip64 fields"),
      (changed { $0.entries[1].extra = [1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0] }, "contradictory zip64 fields"),
      (changed { $0.entries[1].extra = [1, 0, 99, 0] }, "contradictory zip64 fields"),
      (changed { $0.comment = 65_535 }, "has a comment or bytes after its end"),
      (changed { _ in } + [0], "has a comment or bytes after its end"),
      (Array(changed { _ in }.dropLast()), "the end of the archive is missing: it is cut short"),
      (changed { $0.entries[1].isDeflated = true }, "is compressed, which torch.save never does"),
    ] as [([UInt8], String)])
  func contradictions(bytes: [UInt8], expected: String) {
    #expect(message(bytes).contains(expected), "\(message(bytes))")
  }

  @Test("P18: a pickle is inflated up to 100:1")
  func ratio() {
    func file(_ zeros: Int) -> [UInt8] {
      let padding = [0x58] + P.little(UInt32(zeros)) + [UInt8](repeating: 0x41, count: zeros) + [0x30]
      var file = ZipText(
        pickle: P.program(padding + P.dictionary([("a", P.tensor("0", count: 1, shape: [1], strides: [1]))])),
        storages: ["0": floats(1)])
      file.entries[0].isDeflated = true
      return file.bytes
    }
    #expect(message(file(1000)) == #"no error: ["a"]"#)
    #expect(message(file(1_000_000)).contains("deflated by more than 100:1"))
    // The longest that is still read: the ratio is 100 exactly, or the next byte makes it more.
    func isBeyond(_ zeros: Int) -> Bool {
      let size = pickle.count + 6 + zeros
      let start = [0x80, 2, 0x58] + P.little(UInt32(zeros)) + [UInt8](repeating: 0x41, count: zeros)
      let whole = start + [0x30] + pickle.dropFirst(2)
      #expect(whole.count == size)
      return size > 100 * ZipText.deflated(whole).count
    }
    let limit = (1000..<100_000).first { isBeyond($0 + 1) } ?? 0
    #expect(!isBeyond(limit) && limit > 2000, "\(limit)")
    #expect(message(file(limit)) == #"no error: ["a"]"#)
    #expect(message(file(limit + 1)).contains("deflated by more than 100:1"))
  }

  @Test("more than 100,000 entries are refused")
  func entries() {
    func file(_ count: Int) -> [UInt8] {
      // Beyond 65,535 the count is in the zip64 record, which the writer for tests does not have: it is put in here.
      var bytes = ZipText(
        [.init(name: "x/data.pkl", bytes: pickle), .init(name: "x/data/0", bytes: floats(1))]
          + (2..<count).map { .init(name: "\($0)", bytes: []) }
      ).bytes
      let end = Array(bytes.suffix(22))
      let start = bytes.count - 22
      bytes.removeLast(22)
      bytes +=
        P.little(UInt32(0x0606_4b50)) + P.little(UInt64(44)) + P.little(UInt32(45)) + P.little(UInt64(0))
      bytes += P.little(UInt64(count)) + P.little(UInt64(count))
      bytes += end[12..<16] + [0, 0, 0, 0] + end[16..<20] + [0, 0, 0, 0]
      bytes +=
        P.little(UInt32(0x0706_4b50)) + P.little(UInt32(0)) + P.little(UInt64(start)) + P.little(UInt32(1))
      return bytes + end[0..<8] + [0xff, 0xff, 0xff, 0xff] + end[12...]
    }
    #expect(message(file(100_000)) == #"no error: ["a"]"#)
    #expect(message(file(100_001)).contains("has 100001 entries, more than 100000"))
  }

  @Test("P19: names are keys; nothing is written anywhere")
  func paths() throws {
    let folder = try TemporaryFolder()
    let bytes = changed { file in
      for name in ["../../escaped", "/tmp/escaped-\(UUID().uuidString)", "x/../../escaped"] {
        file.entries.append(.init(name: name, bytes: [1]))
      }
    }
    let path = try folder.write(bytes, as: "x.pth")
    #expect(try Checkpoint(file: path).tensors.keys.sorted() == ["a"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x.pth"])
  }

  @Test(
    "P17, P20: other files are named, whatever they are called",
    arguments: [
      (Array("<!DOCTYPE html><html>".utf8), "is an HTML page, perhaps of a download that failed"),
      (Array("\n <HTML>".utf8), "is an HTML page"),
      ([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], "is a PNG image"),
      ([0x1f, 0x8b, 8], "is a gzip file: unpack it"),
      ([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "is a 7z archive"),
      ([UInt8](repeating: 0, count: 257) + Array("ustar".utf8), "is a tar archive"),
      (Array("version https://git-lfs.github.com/spec/v1".utf8), "is a Git LFS pointer"),
      ([], "is no checkpoint (0 bytes)"),
      (Array("hello world, this is text".utf8), "is no checkpoint: neither safetensors nor"),
      (ZipText([.init(name: "a.pth", bytes: changed { _ in })]).bytes, "no NAME/data.pkl, but 'a.pth'"),
      (
        ZipText([.init(name: "x/data.pkl", bytes: pickle), .init(name: "x/constants.pkl", bytes: [])]).bytes,
        "is a TorchScript archive"
      ), (ZipText([]).bytes, "is an empty zip archive"),
      (
        ZipText(pickle: P.program(P.global("a.b", "Net") + [0x29, 0x81])).bytes,
        "of the class a.b.Net, perhaps a whole model"
      ),
      (
        ZipText(pickle: P.program(P.dictionary([("epoch", P.integer(1))]))).bytes,
        "holds no tensors; its keys are 'epoch'"
      ),
    ] as [([UInt8], String)])
  func kinds(bytes: [UInt8], expected: String) {
    #expect(message(bytes).contains(expected), "\(message(bytes))")
  }

  @Test(
    "a safetensors header may be as long as another format's first bytes say",
    arguments: [0x280, 0x8b1f, 0x680])
  func lengths(length: Int) {
    let header = Array("{}".utf8) + [UInt8](repeating: 0x20, count: length - 2)
    #expect(message(P.little(UInt64(length)) + header) == "no error: []")
  }

  @Test("the extension does not matter; folders, pipes and missing files are errors")
  func files() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(changed { _ in }, as: "x.safetensors")
    #expect(try Checkpoint(file: path).format == .zip)
    mkfifo(folder.path + "/pipe", 0o600)
    for (path, expected) in [
      (folder.path, "is a folder"), (folder.path + "/pipe", "is a pipe or a device"),
      ("/dev/null", "is a pipe or a device"),
      (folder.path + "/no.pth", "no such file"),
    ] {
      let error = #expect(throws: CheckpointError.self) { _ = try Checkpoint(file: path) }
      #expect(error?.message.contains(expected) == true, "\(String(describing: error))")
    }
  }
}
