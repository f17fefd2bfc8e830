import Coco
import Conversion
import Curation
import Data
import Files
import Foundation
import TestSupport
import Testing

@Suite("Files of samples")
struct SamplePlanTests {
  private func plan(
    _ folder: TemporaryFolder, _ inputs: String..., count: Int = 4, usesLinks: Bool = false
  ) throws -> SamplePlan {
    try SamplePlan(
      of: CuratedInput(inputs.map(folder.at)),
      .init(count: count, usesLinks: usesLinks, out: folder.at("out")))
  }

  @Test("annotation file and images lie as before, copies or links", arguments: [false, true])
  func annotationFiles(usesLinks: Bool) throws {
    let folder = try TemporaryFolder()
    try folder.annotations("data/annotations/instances_train.json", count: 20)
    for number in 0..<20 { try folder.picture("data/images/training/a\(number / 10)\(number % 10).png") }
    let plan = try plan(folder, "data/annotations/instances_train.json", usesLinks: usesLinks)
    try PlannedFile.writeTogether(plan.files)
    let sample = try CocoAnnotations(contentsOf: folder.at("out/annotations/instances_train.json"))
    let names = sample.images.compactMap(\.fileName)
    #expect(names.count == 4 && folder.names("out/images/training") == names.sorted())
    #expect(Set(sample.annotations.map(\.categoryID)) == [7, 8])
    for name in names {
      let path = folder.at("out/images/training/\(name)")
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path)
      #expect((target != nil) == usesLinks)
      #expect(
        try Foundation.Data(contentsOf: URL(fileURLWithPath: path))
          == Foundation.Data(contentsOf: URL(fileURLWithPath: folder.at("data/images/training/\(name)"))))
    }
    #expect(plan.config.contains("data_prefix: {img: \"images/training\"}"))
  }

  @Test("label maps come along with their images")
  func labelMaps() throws {
    let folder = try TemporaryFolder()
    for number in 0..<9 {
      try folder.picture("data/img/\(number).png")
      try folder.map("data/ann/\(number).png", number == 5 ? 1 : 0)
    }
    let plan = try plan(folder, "data/img", "data/ann", count: 2)
    try PlannedFile.writeTogether(plan.files)
    #expect(folder.names("out") == ["ann", "img"] && folder.names("out/img") == folder.names("out/ann"))
    #expect(folder.names("out/img").contains("5.png") && folder.names("out/img").count == 2)
  }

  @Test("an image that is not there, or a name that leads out of the folder, is an error that names it")
  func missing() throws {
    let folder = try TemporaryFolder()
    try folder.annotations("gt.json", count: 3)
    for name in ["a00", "a01"] { try folder.picture("\(name).png") }
    var options = CuratedInput.Options()
    options.dataPrefix = folder.path
    let gone = #expect(throws: DataError.self) {
      try SamplePlan(
        of: CuratedInput([folder.at("gt.json")], options: options), .init(count: 9, out: folder.at("out")))
    }
    #expect(gone?.file?.hasSuffix("a02.png") == true)
    try folder.write(Array(try folder.text("gt.json").replacing("a02", with: "../a02").utf8), as: "gt.json")
    let outside = #expect(throws: DataError.self) {
      try SamplePlan(
        of: CuratedInput([folder.at("gt.json")], options: options), .init(count: 9, out: folder.at("out")))
    }
    #expect(outside?.message.contains("leaves the image folder") == true)
    let nowhere = #expect(throws: DataError.self) { try plan(folder, "gt.json") }
    #expect(nowhere?.message.contains("--data-prefix") == true)
  }

  @Test(
    "images of one name in several folders: those of the folder that is called as the file is, or none",
    arguments: [
      ("annotations/instances_val.json", ["images/training", "images/validation"], "images/validation"),
      ("annotations/instances_train2017.json", ["train2017", "val2017"], "train2017"),
      ("annotations/gt.json", ["images/training", "images/validation"], nil),
      ("annotations/gt.json", ["images"], "images"), ("val/gt.json", ["train", "val"], "val"),
      ("gt.json", ["pictures"], "pictures"), ("annotations/gt.json", [], nil),
    ])
  func folders(file: String, folders: [String], expected: String?) throws {
    let folder = try TemporaryFolder()
    try folder.annotations(file, count: 3)
    for place in folders {
      for name in ["a00", "a01", "a02"] { try folder.picture("\(place)/\(name).png") }
    }
    let search = PictureFolder(of: ["a00.png", "a01.png", "a02.png"], around: folder.at(file))
    #expect(search.path == expected.map(folder.at), "\(search)")
    guard expected == nil, folders.count > 1 else { return }
    let error = #expect(throws: DataError.self) { try plan(folder, file) }
    #expect(error?.message.contains("images/training, ") == true, "\(error?.message ?? "")")
  }
}
