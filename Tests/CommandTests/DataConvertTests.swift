import Foundation
import Imaging
import TestSupport
import Testing

@Suite("dense data convert")
struct DataConvertTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder([
      "data.yaml": "train: images/train\nval: images/val\nnames: [cat]\n",
      "labels/train/a.txt": "0 0.5 0.5 0.2 0.5\n", "labels/val/b.txt": "0 0.5 0.5 0.1 0.1\n3 1 1 1 1\n",
    ])
    for name in ["train/a", "val/b"] {
      try folder.write(
        try Image(height: 40, width: 50, colour: [9, 9, 9]).encodedPNG(), as: "images/\(name).png")
    }
  }

  private func convert(_ arguments: String...) throws -> Command.Outcome {
    try Command.run(["data", "convert"] + arguments, in: folder.path)
  }

  @Test("what cannot be converted is listed with file and id, all else is written, and the status is 1")
  func lists() throws {
    let outcome = try convert("yolo", "data.yaml", "--out", "coco")
    #expect(outcome.status == 1, "\(outcome.errors)")
    #expect(outcome.output.contains("labels/val/b.txt [2]: line 2: the class 3 has no name in data.yaml"))
    #expect(outcome.output.contains("type: CocoDataset") && outcome.output.contains("2 files written"))
    #expect(folder.names("coco") == ["instances_train.json", "instances_val.json"])
    let train = try convert("yolo", "data.yaml", "--out", "train.json", "--split", "train")
    #expect(train.status == 0 && folder.names().contains("train.json"), "\(train.errors)")
  }

  @Test("files that are there stay without --force, and inputs always")
  func keeps() throws {
    let first = try convert("yolo", "data.yaml", "--out", "new.json", "--split", "train")
    #expect(first.status == 0, "\(first.errors)")
    try folder.write(Array("old".utf8), as: "new.json")
    let again = try convert("yolo", "data.yaml", "--out", "new.json", "--split", "train")
    #expect(again.status == 1 && again.errors.contains("is there already"))
    #expect(try folder.text("new.json") == "old")
    let forced = try convert("yolo", "data.yaml", "--out", "new.json", "--split", "train", "--force")
    #expect(try forced.status == 0 && folder.text("new.json") != "old", "\(forced.errors)")
    // YOLO's own folders are where YOLO would be written.
    let before = try folder.text("labels/train/a.txt")
    let over = try convert("yolo", "data.yaml", "--out", ".", "--to", "yolo", "--force")
    #expect(over.status == 1 && over.errors.contains("is a picture that is read"), "\(over.errors)")
    #expect(try folder.text("labels/train/a.txt") == before)
  }

  @Test("wrong usage ends with 2, a wrong input with its name and 1")
  func mistakes() throws {
    #expect(try convert("yolo", "data.yaml").status == 2)
    #expect(try convert("yollo", "data.yaml", "--out", "x").status == 2)
    let missing = try convert("voc", "nowhere", "--out", "x")
    #expect(missing.status == 1 && missing.errors.contains("nowhere"), "\(missing.errors)")
    let split = try convert("yolo", "data.yaml", "--out", "x", "--split", "test")
    #expect(split.status == 1 && split.errors.contains("has no split test"), "\(split.errors)")
    let several = try convert("yolo", "data.yaml", "--out", "x.json")
    #expect(several.status == 1 && several.errors.contains("--split") && !folder.names().contains("x.json"))
  }
}
