import Data
import Imaging
import Masks
import Synthesis
import TestSupport
import Testing

@Suite("The Reef as a CocoDataset")
struct ReefDatasetTests {
  @Test("gives the masks that were drawn; the school is a crowd")
  func readsReef() throws {
    let temporary = try TemporaryFolder()
    let folder = temporary.path + "/reef"
    let reef = Reef(seed: 5, images: 7, size: ImageSize(height: 96, width: 128))
    #expect(try reef.write(to: folder) == .written)
    for (split, short, first) in [("training", "train", 0), ("validation", "val", 6)] {
      let text =
        "{type: CocoDataset, data_root: \(folder), ann_file: annotations/instances_\(short).json, "
        + "data_prefix: {img: images/\(split)/}, pipeline: [{type: LoadImageFromFile}, "
        + "{type: LoadAnnotations, with_bbox: true, with_mask: true}, {type: PackDetInputs}]}"
      let set = try DetectionComponents.dataset(text)
      #expect(set.metainfo.classes == ["fish", "jellyfish", "starfish", "turtle", "crab"])
      #expect(set.count == (first == 0 ? 6 : 1))
      for index in 0..<set.count {
        let scene = reef.scene(first + index)
        let sample = try set.load(index: index, number: 0, seed: 0)
        let instances = try #require(sample.instances)
        let masks = try #require(instances.masks).map(\.bitmap)
        let animals = instances.isIgnored.indices.filter { !instances.isIgnored[$0] }
        #expect(animals.map { masks[$0] } == scene.animals.map(\.mask))
        #expect(animals.map { instances.labels[$0] + 1 } == scene.animals.map(\.animal.rawValue))
        let crowds = instances.isIgnored.indices.filter { instances.isIgnored[$0] }
        #expect(crowds.map { masks[$0] } == (scene.school.map { [$0] } ?? []))
        #expect(index > 0 || crowds.count == 1)
      }
    }
  }
}
