import Foundation
import TestSupport
import Testing

private let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .appendingPathComponent("Golden/ckpt").path

@Suite("dense checkpoint")
struct CheckpointCommandTests {
  private struct Report: Decodable {
    struct Row: Decodable {
      var name: String
      var dtype: String
      var shape: [Int]
      var bytes: Int
    }
    var format: String
    var layout: String
    var metadata: [String: String]
    var tensors: [Row]
  }

  private func inspect(_ file: String) throws -> Report {
    let outcome = try Command.run(["checkpoint", "inspect", file, "--json"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
  }

  @Test(
    "inspect names format, layout and tensors",
    arguments: [
      ("odd_zip.pth", "pytorch-zip", "plain", 22), ("odd_legacy.pth", "pytorch-legacy", "plain", 22),
      ("mmengine.pth", "pytorch-zip", "state_dict", 73),
      ("classification.pth", "pytorch-zip", "model, model_ema", 138),
      ("odd_zip.safetensors", "safetensors", "plain", 22),
    ])
  func inspect(file: String, format: String, layout: String, count: Int) throws {
    let report = try inspect("\(golden)/\(file)")
    #expect(report.format == format && report.layout == layout && report.tensors.count == count)
    let text = try Command.run(["checkpoint", "inspect", "\(golden)/\(file)"])
    #expect(text.status == 0 && text.output.contains("format    \(format)"))
  }

  @Test("a work directory stands for its best checkpoint")
  func workDirectory() throws {
    let folder = try TemporaryFolder()
    for name in ["iter_9", "best_toy_mAP_iter_3"] {
      try FileManager.default.copyItem(
        atPath: "\(golden)/odd_zip.safetensors", toPath: "\(folder.path)/\(name).safetensors")
    }
    #expect(try inspect(folder.path).tensors.count == 22)
    let diff = try Command.run(["checkpoint", "diff", folder.path, "\(golden)/odd_zip.safetensors"])
    #expect(diff.status == 0, "\(diff.errors)")
    let published = try Command.run(["checkpoint", "publish", folder.path])
    #expect(published.output.contains("/best_toy_mAP_iter_3-"), "\(published.output)\(published.errors)")
  }

  @Test("convert goes there and back, with --ema, --prefix and --half")
  func convert() throws {
    let folder = try TemporaryFolder()
    func convert(_ arguments: [String]) throws {
      let outcome = try Command.run(["checkpoint", "convert"] + arguments)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    try convert(["\(golden)/odd_zip.pth", "\(folder.path)/a.safetensors"])
    try convert(["\(folder.path)/a.safetensors", "\(folder.path)/b.pth"])
    let (before, after) = (try inspect("\(golden)/odd_zip.pth"), try inspect("\(folder.path)/b.pth"))
    #expect(before.tensors.map { "\($0)" } == after.tensors.map { "\($0)" })
    try convert(["\(golden)/classification.pth", "\(folder.path)/c.safetensors", "--ema", "--half"])
    let halved = try inspect("\(folder.path)/c.safetensors")
    #expect(halved.tensors.count == 69 && halved.tensors.allSatisfy { $0.dtype == "F16" })
    try convert(["\(golden)/mmengine.pth", "\(folder.path)/d.pth", "--prefix", "backbone"])
    // Never over its own input, whatever the spelling.
    let over = try Command.run([
      "checkpoint", "convert", "\(folder.path)/c.safetensors", "\(folder.path)/./c.safetensors",
    ])
    #expect(over.status == 1 && over.errors.contains("is the input; name another file"), "\(over.errors)")
    #expect(try inspect("\(folder.path)/d.pth").tensors.contains { $0.name == "patch_embed.0.weight" })
  }

  @Test("diff, average and publish: one file with itself, its mean, and its weights under their checksum")
  func others() throws {
    let folder = try TemporaryFolder()
    func run(_ arguments: [String], status: Int32 = 0) throws -> String {
      let outcome = try Command.run(["checkpoint"] + arguments, in: folder.path)
      #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
      return outcome.output + outcome.errors
    }
    let file = "\(golden)/mmengine.pth"
    #expect(
      try run(["average", file, file, "--out", "mean.pth"]).contains("73 tensors, the mean of 2 files"))
    #expect(try run(["diff", file, "mean.pth"]).contains("no difference: 73 tensors"))
    let other = try run(["diff", file, "\(golden)/odd_zip.pth", "--json"], status: 1)
    #expect(other.contains(#""identical":false"#) && other.contains(#""only_first":["#), "\(other)")
    #expect(try run(["publish", file, "out/net.safetensors"]).contains("out/net-"))
    #expect(try run(["publish", file, "net.pth"]).contains("73 tensors"))
    let name = try #require(folder.names().first { $0.hasPrefix("net-") })
    #expect(name.count == "net-01234567.pth".count && name.hasSuffix(".pth"))
    #expect(try run(["diff", file, name]).contains("no difference"))
    #expect(try run(["average", file, "--out", "a.pth"], status: 2).contains("two checkpoints or more"))
    #expect(try run(["average", file, file, "--out", "a.npz"], status: 2).contains("has to be .safetensors"))
    #expect(try run(["average", file, file, "--out", file], status: 1).contains("is an input"))
  }

  @Test("a TorchScript archive is refused under that name, and nothing is written")
  func torchScript() throws {
    let folder = try TemporaryFolder()
    // Of empty entries, whose checksums are 0.
    func little(_ number: Int, _ bytes: Int) -> [UInt8] {
      (0..<bytes).map { UInt8(number >> (8 * $0) & 255) }
    }
    var (data, directory) = ([UInt8](), [UInt8]())
    let names = ["net/data.pkl", "net/constants.pkl", "net/code/__torch__.py"]
    for name in names {
      let common = [UInt8](repeating: 0, count: 20) + little(name.utf8.count, 2) + [0, 0]
      directory += [0x50, 0x4b, 1, 2, 20, 0, 20, 0] + common + [UInt8](repeating: 0, count: 10)
      directory += little(data.count, 4) + Array(name.utf8)
      data += [0x50, 0x4b, 3, 4, 20, 0] + common + Array(name.utf8)
    }
    let counts = [0, 0, 0, 0] + little(names.count, 2) + little(names.count, 2)
    let end = [0x50, 0x4b, 5, 6] + counts + little(directory.count, 4) + little(data.count, 4) + [0, 0]
    let file = folder.path + "/net.pt"
    try Data(data + directory + end).write(to: URL(fileURLWithPath: file))
    for arguments in [
      ["checkpoint", "inspect", file], ["checkpoint", "convert", file, "\(folder.path)/y.safetensors"],
    ] {
      let outcome = try Command.run(arguments)
      #expect(
        outcome.status == 1 && outcome.errors.contains("net.pt: is a TorchScript archive (torch.jit.save)"),
        "\(outcome.errors)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["net.pt"])
  }

  @Test("a hostile file is an error that names what it asks for")
  func hostile() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/x.pth"
    let magic: [UInt8] = [
      0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
    ]
    let rest = Array("\u{80}".unicodeScalars.map { UInt8($0.value) }) + [2, 0x4d, 0xe9, 3, 0x2e]
    let call = Array("cos\nsystem\n(S'touch \(folder.path)/made'\ntR.".utf8)
    try Data(magic + rest + call).write(to: URL(fileURLWithPath: file))
    for arguments in [
      ["checkpoint", "inspect", file, "--json"], ["checkpoint", "convert", file, "\(folder.path)/y.pth"],
    ] {
      let outcome = try Command.run(arguments)
      #expect(outcome.status == 1 && outcome.errors.contains("os.system"), "\(outcome.errors)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x.pth"])
    let usage = try Command.run(["checkpoint", "convert", file, "y.onnx"])
    #expect(usage.status == 2 && usage.errors.contains(".safetensors, .pth or .pt"))
  }
}
