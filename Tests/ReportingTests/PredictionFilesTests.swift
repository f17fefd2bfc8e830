import Coco
import Data
import Foundation
import Imaging
import Masks
import Modeling
import Reporting
import TestSupport
import Testing

@Suite("results of predictions")
struct PredictionFilesTests {
  private let metainfo = DatasetMetainfo(classes: ["a/b", ".."])

  private func objects() -> Prediction {
    var boxes = Boxes()
    for box in [SIMD4<Float>(2, 3, 12, 9), SIMD4(-5, -5, 4, 4), SIMD4(30, 30, 31, 31)] { boxes.append(box) }
    return Prediction(
      instances: InstancePrediction(boxes: boxes, scores: [0.5, 0.9, 0.4], labels: [0, 1, 0]))
  }

  @Test("pictures are called as their images; cut-out objects stand in a folder a class, within the image")
  func crops() throws {
    let folder = try TemporaryFolder()
    let image = Image(height: 20, width: 24, colour: [1, 2, 3])
    var wanted = PredictionFiles.Wanted()
    wanted.crops = true
    let inputs = ["in/x.jpg", "in/y.png"].map { InputImages.Input($0) }
    let out = "\(folder.path)/out"
    var files = try PredictionFiles(in: out, wanted, of: inputs, metainfo: metainfo, plan: OutputPlan())
    for number in 0..<2 { _ = try files.write(objects(), on: image, input: number, frame: nil) }
    #expect(folder.names("out") == ["crops", "x.jpg", "y.png"])
    #expect(folder.names("out/crops") == ["_.", "a_b"])
    #expect(folder.names("out/crops/a_b") == ["x_1.jpg", "y_1.png"])
    let crop = try Image.decode(file: "\(out)/crops/_./y_2.png")
    #expect(crop.size == ImageSize(height: 4, width: 4))
    // A second time an image's objects would be written over the first one's.
    #expect(throws: OutputError.self) { try files.write(objects(), on: image, input: 1, frame: nil) }
    wanted.labelMaps = true
    var maps = try PredictionFiles(in: out, wanted, of: inputs, metainfo: metainfo, plan: OutputPlan())
    #expect(throws: DataError.self) { try maps.write(objects(), on: image, input: 0, frame: nil) }
  }

  @Test("frames are numbered, with label maps of masks that show the best on top; no input is written over")
  func frames() throws {
    let folder = try TemporaryFolder(["out/f/000002.jpg": "kept"])
    var (prediction, mask) = (objects(), Bitmap(height: 20, width: 24))
    for place in 0..<40 { mask.pixels[place] = 1 }
    var other = Bitmap(height: 20, width: 24)
    other.pixels[0] = 1
    prediction.instances?.masks = [RunLengthMask(mask), RunLengthMask(other), RunLengthMask(mask)]
    var wanted = PredictionFiles.Wanted()
    wanted.labelMaps = true
    var plan = OutputPlan()
    plan.keep("\(folder.path)/out/f/000002.jpg", as: "an input")
    let image = Image(height: 20, width: 24, colour: [1, 2, 3])
    var files = try PredictionFiles(
      in: "\(folder.path)/out", wanted, of: [InputImages.Input("f.mp4")], metainfo: metainfo, plan: plan)
    // A third time it is another's.
    _ = try files.write(prediction, on: image, input: 0, frame: 3)
    #expect(throws: OutputError.self) { try files.write(prediction, on: image, input: 0, frame: 3) }
    #expect(files.frames(ofInput: 0) == "\(folder.path)/out/f/%06d.jpg")
    let (_, labels) = try files.write(prediction, on: image, input: 0, frame: 1)
    #expect(
      folder.names("out/f") == [
        "000001.jpg", "000001_labels.png", "000002.jpg", "000003.jpg", "000003_labels.png",
      ])
    let map = try LabelMap.read(file: try #require(labels))
    #expect(map.pixels[0] == 2 && map.pixels[39] == 1 && map.pixels[40] == 0)
    let error = #expect(throws: OutputError.self) {
      try files.write(prediction, on: image, input: 0, frame: 2)
    }
    #expect(error?.role == "an input")
    #expect(try folder.text("out/f/000002.jpg") == "kept")
  }

  private func image(_ file: String, _ prediction: Prediction, frame: Int? = nil) -> PredictedImage {
    PredictedImage(
      file: file, frame: frame, size: ImageSize(height: 20, width: 24), prediction, metainfo: metainfo,
      showing: ShownPart())
  }

  @Test("tables have a row an object, a class or a guess, and are quoted where they have to be")
  func tables() {
    let found = [image("x,\"1\".jpg", objects()), image("y.mp4", objects(), frame: 2)]
    let table = PredictionTable(found, classes: metainfo.classes)
    let rows = table.csv.split(separator: "\n")
    #expect(rows.count == 7 && rows[0] == "file,frame,category_id,category,score,x,y,width,height")
    #expect(rows[1] == "\"x,\"\"1\"\".jpg\",,1,a/b,0.5,2.0,3.0,10.0,6.0")
    #expect(rows[4].hasPrefix("y.mp4,2,1,a/b,0.5,"))
    #expect(
      table.lines == [
        "class  objects  images", "a/b          4       2", "..           2       2",
        "all          6       2",
      ])
    let map = LabelMap(
      height: 20, width: 24, pixels: [Int32](repeating: 0, count: 240) + [Int32](repeating: 7, count: 240))
    let pixels = PredictionTable([image("x.jpg", Prediction(labelMap: map))], classes: metainfo.classes)
    #expect(pixels.csv.hasPrefix("file,frame,category,pixels,share\nx.jpg,,a/b,240,0.5\n"))
    #expect(pixels.lines[1] == "a/b    50.0 %       1")
    let best = PredictionTable(
      [image("x.jpg", Prediction(classScores: [0.25, 0.75]))], classes: metainfo.classes)
    #expect(best.csv.hasPrefix("file,frame,rank,category,score\nx.jpg,,1,..,0.75\nx.jpg,,2,a/b,0.25\n"))
    #expect(best.lines == ["best class  images", "..               1"])
    #expect(
      PredictionTable([], classes: []).csv == "file,frame,category_id,category,score,x,y,width,height\n")
  }

  @Test("COCO's results have the numbers of an annotation file, of the names, or of the order")
  func coco() throws {
    struct Row: Decodable { var image_id, category_id: Int }
    func rows(_ predictions: CocoPredictions) throws -> [Row] {
      try JSONDecoder().decode([Row].self, from: Data(predictions.encoded()))
    }
    let files = ["d/000139.jpg", "d/7.jpg"]
    for (names, ids) in [
      (files, [139, 7]), (["d/a.jpg", "d/7.jpg"], [1, 2]), (["a/7.jpg", "b/7.jpg"], [1, 2]),
    ] {
      var results = try CocoPredictions(.init(of: names), classes: metainfo.classes)
      results.add(names.map { image($0, objects()) })
      #expect(try rows(results).map(\.image_id) == ids.flatMap { [$0, $0, $0] })
      #expect(try rows(results).map(\.category_id) == [1, 2, 1, 1, 2, 1])
    }
    let truth = try CocoAnnotations(
      file: "gt.json",
      images: [("a/7.jpg", 70), ("b/7.jpg", 71), ("c/9.jpg", 9)].map {
        CocoAnnotations.Image(id: $1, fileName: $0, height: 20, width: 24)
      }, annotations: [],
      categories: [("..", 5), ("a/b", 11)].map { CocoAnnotations.Category(id: $1, name: $0) })
    var results = try CocoPredictions(.annotations(truth), classes: metainfo.classes)
    results.add(["set/b/7.jpg", "x/9.jpg", "none.jpg", "7.jpg"].map { image($0, objects()) })
    #expect(try rows(results).map(\.image_id) == [71, 71, 71, 9, 9, 9])
    #expect(try rows(results).map(\.category_id) == [11, 5, 11, 11, 5, 11])
    #expect(results.unknown == ["none.jpg", "7.jpg"])
    #expect(throws: DataError.self) { try CocoPredictions(.annotations(truth), classes: ["cat"]) }
  }

  @Test("numbers of classes are the checkpoint's, else COCO's for its 80, else from 1")
  func numbers() {
    var own = DatasetMetainfo(classes: ["x", "y"])
    #expect(own.categoryNumbers == [1, 2])
    own.categoryIDs = [4, 9]
    #expect(own.categoryNumbers == [4, 9])
    #expect(DatasetMetainfo(classes: CocoClasses.names).categoryNumbers.last == 90)
    #expect(DatasetMetainfo(classes: ["person"]).categoryNumbers == [1])
  }

  @Test("sheets have all pictures in rows, each above its name", arguments: [1, 2, 5, 9])
  func sheet(count: Int) {
    let picture = Image(height: 100, width: 400, colour: [0, 200, 0])
    let sheet = ContactSheet(
      [(name: String?, image: Image)](repeating: ("größe", picture), count: count), side: 200
    ).image
    let columns = Int(Double(count).squareRoot().rounded(.up))
    #expect(sheet.width == columns * 208 - 8)
    let green = (0..<sheet.height * sheet.width).count {
      sheet.pixels[3 * $0 + 1] == 200 && sheet.pixels[3 * $0] == 0
    }
    #expect(green == count * 200 * 50)
  }
}
