import Coco
import Data
import Imaging
import Masks
import Modeling
import Reporting
import TestSupport
import Testing

@Suite("colours")
struct ClassColoursTests {
  @Test("are the data set's, else light and distinct: the same for what is given, tested and predicted")
  func rule() {
    let red = SIMD3<UInt8>(255, 0, 0)
    let own = ClassColours(DatasetMetainfo(classes: ["car", "x"], palette: [red, red]))
    #expect(own.palette == Palette([red, red]) && !own.isSingle)
    // A palette that does not fit is none; a data set with COCO's colours and a checkpoint without any agree.
    for palette in [[], [red], CocoClasses.palette(for: ["car", "x"])] {
      let colours = ClassColours(DatasetMetainfo(classes: ["car", "x"], palette: palette))
      #expect(colours.palette == Palette.distinct(2))
    }
    #expect(ClassColours(DatasetMetainfo(classes: ["x", "y"])).palette == Palette.distinct(2))
  }

  @Test("tell objects of one class apart, by shades where there are others")
  func shades() {
    let colours = ClassColours(DatasetMetainfo(classes: ["disc"]))
    #expect(colours.isSingle && Set(colours.objects([Int](repeating: 0, count: 20))).count == 20)
    let several = ClassColours(DatasetMetainfo(classes: ["disc", "square"]))
    let found = several.objects([1, 0, 1, 1, 0])
    #expect(Set(found).count == 5)
    // Whatever the others are: the first of a class has its colour.
    #expect(several.objects([1])[0] == found[0] && several.objects([0])[0] == found[1])
    // A dark palette gives light objects, which hide nothing.
    let dark = ClassColours(
      DatasetMetainfo(classes: ["a", "b"], palette: [SIMD3(0, 0, 80), SIMD3(0, 0, 0)]))
    for colour in dark.objects([0, 0, 0, 1, 1, 1]) { #expect(Int(colour.max()) > 130) }
  }
}

@Suite("pictures")
struct PictureTests {
  private let metainfo = DatasetMetainfo(classes: ["disc", "square"])

  private func found(_ boxes: [SIMD4<Float>], scores: [Float], masks: [RunLengthMask]? = nil) -> Prediction {
    var list = Boxes()
    for box in boxes { list.append(box) }
    return Prediction(
      instances: InstancePrediction(
        boxes: list, scores: scores, labels: boxes.indices.map { $0 % 2 }, masks: masks))
  }

  @Test("have lines and letters that grow with the image", arguments: [(150, 200, 1), (3000, 4000, 11)])
  func growth(height: Int, width: Int, line: Int) {
    let image = Image(height: height, width: width, colour: [9, 9, 9])
    let (h, w) = (Float(height), Float(width))
    let box = SIMD4<Float>(w / 2, h / 2, w * 0.75, h * 0.75)
    let picture = Picture(
      of: found([box], scores: [0.9]), on: image, metainfo: metainfo, showing: ShownPart())
    #expect(picture.image.size == image.size)
    // Down through the middle of the box: its upper and its lower line.
    func drawn(_ rows: Range<Int>, column: Int) -> Int {
      rows.count { picture.image.pixels[3 * ($0 * width + column)] != 9 }
    }
    #expect(abs(drawn(height * 5 / 8..<height, column: width * 5 / 8 + width / 12) - line) <= 2)
    // The label stands above the box, and is as high as suits the picture.
    let label = drawn(0..<height / 2 - line, column: width / 2 + line)
    #expect(label > height / 50 && label < height / 8)
  }

  @Test("show masks with their edges, and no more than is wanted")
  func masks() throws {
    let image = Image(height: 60, width: 80, colour: [100, 100, 100])
    var bitmap = Bitmap(height: 60, width: 80)
    for row in 20..<50 { for column in 30..<70 { bitmap.pixels[row * 80 + column] = 1 } }
    let boxes: [SIMD4<Float>] = [SIMD4(30, 20, 70, 50), SIMD4(0, 0, 10, 10)]
    let prediction = found(
      boxes, scores: [0.9, 0.8],
      masks: [RunLengthMask(bitmap), RunLengthMask(Bitmap(height: 60, width: 80))])
    for (shown, count) in [
      (ShownPart(), 2), (ShownPart(scoreThreshold: 0.85), 1), (ShownPart(most: 1), 1),
      (ShownPart(classes: [1]), 1), (ShownPart(classes: []), 0), (ShownPart(scoreThreshold: 0.95), 0),
    ] {
      #expect(try #require(prediction.instances.map(shown.part)).scores.count == count)
      let picture = Picture(of: prediction, on: image, metainfo: metainfo, showing: shown)
      #expect((picture.image == image) == (count == 0))
    }
    let picture = Picture(of: prediction, on: image, metainfo: metainfo, showing: ShownPart(most: 1)).image
    func pixel(_ row: Int, _ column: Int) -> ArraySlice<UInt8> {
      picture.pixels[3 * (row * 80 + column)..<3 * (row * 80 + column) + 3]
    }
    // Inside the colour is mixed with the image, at the edge it stands alone.
    #expect(pixel(40, 60) != pixel(40, 69) && pixel(40, 60) != [100, 100, 100])
    #expect(pixel(40, 69).max() ?? 0 > pixel(40, 60).max() ?? 0)
  }

  @Test("label maps have a legend of the classes that are shown")
  func legend() {
    let image = Image(height: 100, width: 120, colour: [0, 0, 0])
    let map = LabelMap(
      height: 100, width: 120, pixels: (0..<12000).map { $0 < 9000 ? 1 : $0 < 11000 ? 0 : 255 })
    let whole = Picture(of: Prediction(labelMap: map), on: image, metainfo: metainfo, showing: ShownPart())
    #expect(whole.image.width > 160 && whole.image.height == 100)
    // The frames of a film are of one size, and of an even width.
    let frames = [map, LabelMap(height: 100, width: 120, pixels: [Int32](repeating: 7, count: 12000))].map {
      Picture(
        of: Prediction(labelMap: $0), on: image, metainfo: metainfo, showing: ShownPart(), isFrame: true
      ).image
    }
    #expect(frames[0].size == frames[1].size && frames[0].width % 2 == 0 && frames[0].height == 100)
    let part = Picture(
      of: Prediction(labelMap: map), on: image, metainfo: metainfo, showing: ShownPart(classes: [0]))
    // The other class stays as the image is.
    #expect(part.image.pixels[0..<3] == [0, 0, 0] && whole.image.pixels[0..<3] != [0, 0, 0])
  }
}

@Suite("places of labels")
struct LabelPlacesTests {
  @Test(
    "lie within the picture, apart from each other, and hide little",
    arguments: [(480, 640), (60, 50), (20, 30)])
  func places(height: Int, width: Int) {
    var random = SeededGenerator(seed: 7)
    for count in [1, 5, 40, 200] {
      let boxes = (0..<count).map { _ -> SIMD4<Float> in
        let x = Float.random(in: -20..<Float(width), using: &random)
        let y = Float.random(in: -20..<Float(height), using: &random)
        return SIMD4(
          x, y, x + .random(in: 0..<Float(width), using: &random),
          y + .random(in: 0..<Float(height), using: &random))
      }
      var places = LabelPlaces(ImageSize(height: height, width: width), objects: boxes)
      var taken: [LabelPlaces.Place] = []
      for index in boxes.indices {
        guard let (place, _) = places.take(for: index, width: 25, height: 12, margin: 1) else { continue }
        #expect(place.left >= 0 && place.top >= 0)
        #expect(place.left + place.width <= width && place.top + place.height <= height)
        #expect(!taken.contains { $0.shared(with: place) > 0 })
        taken.append(place)
      }
      #expect(count > 1 || height < 60 || taken.count == 1)
    }
  }

  @Test("of a small object stands apart, with a line between, where it would hide it or another")
  func small() throws {
    // Eight tiny objects around a ninth: no place beside it is free.
    let boxes = (0..<9).map { index -> SIMD4<Float> in
      let (x, y) = (Float(100 + index % 3 * 14), Float(100 + index / 3 * 14))
      return SIMD4(x, y, x + 10, y + 10)
    }
    var places = LabelPlaces(ImageSize(height: 240, width: 240), objects: boxes)
    let taken = places.take(for: 4, width: 40, height: 12, margin: 0)
    let (place, isApart) = try #require(taken)
    #expect(isApart)
    let (start, end) = places.lead(from: place, to: 4)
    #expect((114...124).contains(end.x) && (114...124).contains(end.y) && start != end)
    // A large one has room within it, at the upper border.
    var large = LabelPlaces(ImageSize(height: 240, width: 240), objects: [SIMD4(0, 0, 240, 240)])
    let first = large.take(for: 0, width: 40, height: 12, margin: 2)
    let within = try #require(first)
    #expect(!within.isApart && within.place.top == 0)
    let wide = large.take(for: 0, width: 400, height: 12, margin: 0)
    #expect(wide == nil)
  }
}
