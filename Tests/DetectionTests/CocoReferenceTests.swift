import Coco
import Configuration
import Data
import Detection
import Foundation
import TestSupport
import Testing

/// What pycocotools 2.0.11 and mmdetection 3.3 make of the golden annotation files.
private struct Reference: Decodable, Sendable, CustomTestStringConvertible {
  struct Mask: Decodable, Sendable {
    var id: Int
    var area: Int
    /// Sums of x, y and x y over the pixels of `annToMask`.
    var moments: [Int]
  }

  struct Loading: Decodable, Sendable {
    struct Image: Decodable, Sendable {
      var id: Int
      var boxes: [[Double]]
      var labels: [Int]
      var ignored: [Int]
    }

    var classes: [String]
    var empty: Bool
    var min_size: Int
    var test: Bool
    var images: [Image]?
    var ids: [Int]
    var cat_ids: [Int]
  }

  var file: String
  var masks: [Mask]
  var loads: [Loading]

  var testDescription: String { file }

  static func all() throws -> [Reference] {
    let file = Golden.directory.deletingLastPathComponent().appendingPathComponent(
      "Fixtures/coco_loading.json")
    return try JSONDecoder().decode([Reference].self, from: Data(contentsOf: file))
  }
}

@Suite("COCO files, as pycocotools and mmdetection read them")
struct CocoReferenceTests {
  @Test("polygons, run lengths and compressed ones give the same pixels", arguments: try Reference.all())
  fileprivate func masks(reference: Reference) throws {
    let file = try CocoAnnotations(contentsOf: Golden.path("coco/\(reference.file)"))
    let sizes = Dictionary(uniqueKeysWithValues: file.images.map { ($0.id, $0) })
    #expect(file.annotations.map(\.id) == reference.masks.map(\.id))
    for (annotation, expected) in zip(file.annotations, reference.masks) {
      let image = try #require(sizes[annotation.imageID])
      let bitmap = try #require(annotation.segmentation).mask(height: image.height, width: image.width).bitmap
      var moments = [0, 0, 0]
      for (place, pixel) in bitmap.pixels.enumerated() where pixel != 0 {
        let (y, x) = place.quotientAndRemainder(dividingBy: image.width)
        moments = [moments[0] + x, moments[1] + y, moments[2] + x * y]
      }
      #expect(bitmap.area == expected.area && moments == expected.moments, "annotation \(annotation.id)")
    }
  }

  @Test(
    "the same images and objects are left by classes, filter_cfg and test_mode",
    arguments: try Reference.all())
  fileprivate func loads(reference: Reference) throws {
    for loading in reference.loads {
      func dataset() throws -> any Dataset {
        let text = """
          {type: CocoDataset, ann_file: \(Golden.path("coco/\(reference.file)")),
           metainfo: {classes: \(loading.classes)}, test_mode: \(loading.test),
           filter_cfg: {filter_empty_gt: \(loading.empty), min_size: \(loading.min_size)}}
          """
        return try DetectionComponents.dataset(text)
      }
      guard !loading.ids.isEmpty else {
        #expect(throws: DataError.self) { try dataset() }
        continue
      }
      let set = try dataset()
      let samples = try (0..<set.count).map { try set.sample(at: $0) }
      #expect(
        samples.map(\.imageID) == loading.ids, "\(loading.classes) \(loading.empty) \(loading.min_size)")
      #expect((set as? CocoDataset)?.categoryIDs == loading.cat_ids)
      guard let images = loading.images else { continue }
      for (sample, image) in zip(samples, images) {
        #expect(sample.annotations.map(\.label) == image.labels)
        #expect(sample.annotations.map(\.isIgnored) == image.ignored.map { $0 == 1 })
        let boxes = sample.annotations.map { annotation in (0..<4).map { annotation.box[$0] } }
        #expect(boxes == image.boxes.map { $0.map { Float($0) } })
      }
    }
  }

  @Test("a data set as Roboflow exports it reads as it is")
  func roboflow() throws {
    // Category 0 is the project, under the name of its only class here; areas are those of the boxes.
    let folder = try TemporaryFolder([
      "_annotations.coco.json": #"""
      {"info":{"year":"2024","version":"1"},"licenses":[{"id":1,"url":"","name":"CC BY 4.0"}],
       "categories":[{"id":0,"name":"fish","supercategory":"none"},{"id":1,"name":"fish","supercategory":"fish"}],
       "images":[{"id":0,"license":1,"file_name":"a_jpg.rf.0f.jpg","height":40,"width":50,"date_captured":"x",
                  "extra":{"name":"a.jpg"}}],
       "annotations":[{"id":0,"image_id":0,"category_id":1,"bbox":[5,6,20,10.5],"area":210,
                       "segmentation":[[5,6,25,6,15,16.5]],"iscrowd":0}]}
      """#
    ])
    let text = "{type: CocoDataset, data_root: \(folder.path)/, ann_file: _annotations.coco.json}"
    let set = try #require(try DetectionComponents.dataset(text) as? CocoDataset)
    #expect(set.metainfo.classes == ["fish"] && set.categoryIDs == [1])
    let sample = try set.sample(at: 0)
    #expect(sample.imagePath == "\(folder.path)/a_jpg.rf.0f.jpg")
    #expect(sample.annotations.map(\.label) == [0])
    #expect(sample.annotations[0].mask == .polygons([[5, 6, 25, 6, 15, 16.5]]))
    let inventory = try DetectionComponents.inventory(text)
    #expect(inventory.faults == [] && inventory.annotationCount == 1 && inventory.samples.count == 1)
  }

  @Test(
    "colours are COCO's where the names are",
    arguments: [
      (["person", "toothbrush"], [SIMD3(220, 20, 60), SIMD3(191, 162, 208)]),
      (["nucleus"], []),
    ] as [([String], [SIMD3<UInt8>])])
  func palette(classes: [String], expected: [SIMD3<UInt8>]) throws {
    let categories = classes.enumerated().map { #"{"id": \#($0), "name": "\#($1)"}"# }.joined(separator: ",")
    let folder = try TemporaryFolder([
      "gt.json":
        #"{"images": [{"id": 1, "file_name": "a", "height": 4, "width": 5}], "categories": [\#(categories)]}"#
    ])
    let set = try DetectionComponents.dataset("{type: CocoDataset, ann_file: \(folder.path)/gt.json}")
    #expect(set.metainfo.palette == expected)
  }
}
