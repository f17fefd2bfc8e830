import Data
import Foundation
import Imaging
import Masks
import Synthesis
import Tensors
import TestSupport
import Testing

@Suite("Reef")
struct ReefTests {
  /// The first scenes of the set that a user gets.
  private static let scenes: [ReefScene] = {
    let reef = Reef()
    return (0..<150).map { reef.scene($0) }
  }()

  @Test("has 3 to 8 animals a picture, of about 40 pixels a side, a quarter of them hidden by 20% or more")
  func statistics() {
    let animals = Self.scenes.flatMap(\.animals)
    for (index, scene) in Self.scenes.enumerated() {
      #expect((3...8).contains(scene.animals.count), "scene \(index) has \(scene.animals.count)")
      #expect(scene.animals.allSatisfy { $0.mask.area > 0 }, "scene \(index) has an animal that nobody sees")
    }
    let sides = animals.map { one in
      let box = RunLengthMask(one.mask).boundingBox
      return (box.width * box.height).squareRoot()
    }.sorted()
    let median = sides[sides.count / 2]
    #expect((34...46).contains(median), "the median side is \(median)")
    let hidden = Float(animals.count { $0.hiddenShare >= 0.2 }) / Float(animals.count)
    #expect((0.18...0.35).contains(hidden), "\(hidden) of the animals are hidden")
    for animal in ReefAnimal.allCases {
      let share = Float(animals.count { $0.animal == animal }) / Float(animals.count)
      #expect((0.12...0.3).contains(share), "\(share) of the animals are of the class \(animal)")
    }
    let camouflaged = Float(animals.count(where: \.isCamouflaged)) / Float(animals.count)
    #expect((0.15...0.35).contains(camouflaged), "\(camouflaged) of the animals are camouflaged")
  }

  @Test(
    "cannot be told apart by colour: no threshold on hue, saturation or value gives a class an IoU of 0.5")
  func notSeparableByColour() {
    // [class][channel][value]
    var counts = [[[Int]]](
      repeating: [[Int]](repeating: [Int](repeating: 0, count: 361), count: 3),
      count: ReefLabels.names.count + 1)
    for scene in Self.scenes {
      for (pixel, label) in scene.labels.pixels.enumerated() {
        let colour = hueSaturationValue(scene.image.pixels, at: 3 * pixel)
        for channel in 0..<3 { counts[Int(label)][channel][colour[channel]] += 1 }
      }
    }
    for label in 1...ReefLabels.names.count {
      for channel in 0..<3 {
        let own = counts[label][channel]
        // Unlabelled pixels do not count.
        let all = (0...360).map { value in counts.dropFirst().reduce(0) { $0 + $1[channel][value] } }
        for isFromAbove in [false, true] {
          var (hits, taken, best) = (0, 0, 0.0)
          for step in 0...360 {
            let value = isFromAbove ? 360 - step : step
            hits += own[value]
            taken += all[value]
            best = max(best, Double(hits) / Double(own.reduce(0, +) + taken - hits))
          }
          #expect(best > 0.005 && best < 0.5, "\(ReefLabels.names[label - 1]), channel \(channel): \(best)")
        }
      }
    }
  }

  /// Hue in degrees, saturation and value in 0 ... 255.
  private func hueSaturationValue(_ pixels: [UInt8], at place: Int) -> [Int] {
    let (blue, green, red) = (Int(pixels[place]), Int(pixels[place + 1]), Int(pixels[place + 2]))
    let value = max(red, green, blue)
    let range = value - min(red, green, blue)
    guard range > 0 else { return [0, 0, value] }
    let sector =
      value == red
      ? 60 * (green - blue) / range
      : value == green ? 120 + 60 * (blue - red) / range : 240 + 60 * (red - green) / range
    return [(sector + 360) % 360, 255 * range / value, value]
  }

  @Test("says in its label maps what its masks say, and leaves schools unlabelled")
  func masksAgree() throws {
    #expect(Self.scenes[0].school != nil)
    for scene in Self.scenes.prefix(40) {
      var animals = [Int32](repeating: 0, count: scene.labels.pixels.count)
      for one in scene.animals {
        for pixel in animals.indices where one.mask.pixels[pixel] != 0 {
          #expect(animals[pixel] == 0)
          animals[pixel] = Int32(4 + one.animal.rawValue)
        }
      }
      #expect(scene.labels.pixels.map { $0 > 4 ? $0 : 0 } == animals)
      if let school = scene.school {
        #expect(zip(scene.labels.pixels, school.pixels).allSatisfy { $1 == 0 || $0 == 0 })
      }
    }
  }

  @Test(
    "outlines masks exactly, part by part; a mask with a hole has no outline",
    arguments: [
      (["##.", "##.", "..."], [[2, 0, 2, 2, 0, 2, 0, 0]]),
      (["#..", ".#.", "..."], [[1, 0, 1, 1, 0, 1, 0, 0], [2, 1, 2, 2, 1, 2, 1, 1]]),
      (["###", "#.#", "###"], nil),
      (["###", "#..", "###"], [[3, 0, 3, 1, 1, 1, 1, 2, 3, 2, 3, 3, 0, 3, 0, 0]]),
      (["...", "...", "..."], []),
    ] as [([String], [[Int]]?)])
  func outlines(rows: [String], expected: [[Int]]?) throws {
    let mask = Bitmap(
      height: rows.count, width: rows[0].count, pixels: rows.joined().map { $0 == "#" ? 1 : 0 })
    let parts = ReefPolygons.parts(of: mask)
    #expect(parts == expected)
    if let parts, !parts.isEmpty {
      let drawn = try RunLengthMask(
        polygons: parts.map { $0.map(Double.init) }, height: mask.height, width: mask.width)
      #expect(drawn == RunLengthMask(mask))
    }
  }

  @Test("draws every mask without a hole back from its outline")
  func outlinesOfScenes() throws {
    var outlined = 0
    let animals = Self.scenes.prefix(40).flatMap(\.animals)
    for one in animals {
      guard let parts = ReefPolygons.parts(of: one.mask) else { continue }
      outlined += 1
      #expect(
        try RunLengthMask(
          polygons: parts.map { $0.map(Double.init) }, height: one.mask.height, width: one.mask.width)
          == RunLengthMask(one.mask))
    }
    #expect(2 * outlined > animals.count, "most masks are polygons")
  }

  @Test("depends on the seed and the number of the scene, and fits other sizes")
  func depends() {
    let size = ImageSize(height: 96, width: 160)
    let scene = ReefScene(seed: 3, index: 5, size: size)
    #expect(scene.image == ReefScene(seed: 3, index: 5, size: size).image)
    #expect(scene.image != ReefScene(seed: 4, index: 5, size: size).image)
    #expect(scene.image != ReefScene(seed: 3, index: 6, size: size).image)
    for (height, width) in [(64, 64), (64, 512), (300, 200)] {
      let other = ReefScene(seed: 1, index: 0, size: ImageSize(height: height, width: width))
      #expect(other.image.height == height && other.labels.width == width && !other.animals.isEmpty)
    }
  }
}

/// Tests that change the number of threads of the process, one after the other.
@Suite("Reef on disk", .serialized)
struct ReefFilesTests {
  private let reef = Reef(seed: 11, images: 14, size: ImageSize(height: 96, width: 128))

  private func contents(of folder: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      let url = URL(fileURLWithPath: folder + "/" + path)
      if try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true {
        files[path] = try Data(contentsOf: url)
      }
    }
    return files
  }

  @Test("is the same bytes twice and with any number of threads, in COCO's and in ADE20K's layout")
  func identical() throws {
    let folder = try TemporaryFolder()
    let before = Threads.count
    defer { Threads.count = before }
    var all: [[String: Data]] = []
    for (run, threads) in [1, 1, 2, 5].enumerated() {
      Threads.count = threads
      #expect(try reef.write(to: "\(folder.path)/run\(run)/reef") == .written)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/run\(run)") == ["reef"],
        "nothing hidden is left")
      all.append(try contents(of: "\(folder.path)/run\(run)/reef"))
    }
    #expect(all.allSatisfy { $0 == all[0] })
    let names = Set(all[0].keys)
    for (split, count) in [("training", 12), ("validation", 2)] {
      for number in 1...count {
        let stem = "reef_" + String(repeating: "0", count: number < 10 ? 5 : 4) + "\(number)"
        #expect(names.contains("images/\(split)/\(stem).jpg"))
        #expect(names.contains("annotations/\(split)/\(stem).png"))
      }
    }
    #expect(names.isSuperset(of: ["annotations/instances_train.json", "annotations/instances_val.json"]))
    #expect(names.count == 28 + 4)
  }

  @Test("leaves the same Reef as it is, and refuses folders that hold anything else")
  func refuses() throws {
    let folder = try TemporaryFolder()
    let small = Reef(seed: 1, images: 2, size: ImageSize(height: 64, width: 64))
    let path = "\(folder.path)/reef"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    #expect(try small.write(to: path) == .written, "an empty folder is filled")
    let before = try contents(of: path)
    #expect(try small.write(to: path) == .alreadyThere)
    func message(_ reef: Reef, _ path: String) throws -> String {
      "\(try #require(#expect(throws: DataError.self) { try reef.write(to: path) }))"
    }
    #expect(try message(Reef(seed: 2, images: 2, size: small.size), path).contains("holds another Reef"))
    #expect(try contents(of: path) == before)
    try FileManager.default.removeItem(atPath: "\(path)/images/training/reef_000001.jpg")
    #expect(try message(small, path).contains("holds 0 of 1 files in images/training"))
    try Data("notes".utf8).write(to: URL(fileURLWithPath: folder.path + "/notes.txt"))
    #expect(try message(small, folder.path).contains("holds something else"))
    #expect(try message(small, folder.path + "/notes.txt").contains("no folder"))
    #expect(try message(small, folder.path + "/notes.txt/reef").contains("cannot be made"))
  }

  @Test("has pictures of one animal each in class folders, the same bytes twice")
  func portraits() throws {
    let folder = try TemporaryFolder()
    let small = Reef(seed: 3, images: 16, size: ImageSize(height: 64, width: 72), task: .classification)
    var all: [[String: Data]] = []
    let before = Threads.count
    defer { Threads.count = before }
    for (run, threads) in [1, 3].enumerated() {
      Threads.count = threads
      #expect(try small.write(to: "\(folder.path)/\(run)") == .written)
      #expect(try small.write(to: "\(folder.path)/\(run)") == .alreadyThere)
      all.append(try contents(of: "\(folder.path)/\(run)"))
    }
    #expect(all[0] == all[1])
    let names = all[0].keys.filter { $0.hasSuffix(".jpg") }.sorted()
    #expect(names.count == 16 && all[0].count == 17)
    #expect(names.filter { $0.hasPrefix("train/fish/") } == (1...3).map { "train/fish/000\($0).jpg" })
    #expect(names.filter { $0.hasPrefix("val/") } == ["val/fish/0001.jpg", "val/jellyfish/0001.jpg"])
    #expect(throws: DataError.self) {
      try Reef(seed: 3, images: 16, size: small.size).write(to: "\(folder.path)/0")
    }
    try FileManager.default.removeItem(atPath: "\(folder.path)/0/train/crab/0001.jpg")
    #expect(throws: DataError.self) { try small.write(to: "\(folder.path)/0") }
  }
}
