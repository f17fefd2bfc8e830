import Data
import Imaging
import Synthesis
import TestSupport
import Testing

@Suite("The Reef as a BaseSegDataset")
struct ReefDatasetTests {
  @Test("gives the label maps that were drawn, unlabelled pixels as 255")
  func readsReef() throws {
    let temporary = try TemporaryFolder()
    let folder = temporary.path + "/reef"
    let reef = Reef(seed: 5, images: 7, size: ImageSize(height: 96, width: 128))
    #expect(try reef.write(to: folder) == .written)
    let text =
      "{type: BaseSegDataset, data_root: \(folder), reduce_zero_label: true, "
      + "data_prefix: {img_path: images/training, seg_map_path: annotations/training}, "
      + "metainfo: {classes: [\(ReefLabels.names.joined(separator: ", "))]}, "
      + "pipeline: [{type: LoadImageFromFile}, {type: LoadAnnotations}, {type: PackSegInputs}]}"
    let set = try SegmentationComponents.dataset(text)
    #expect(set.count == 6)
    for index in 0..<set.count {
      let sample = try set.load(index: index, number: 0, seed: 0)
      #expect(
        sample.labelMap?.pixels == reef.scene(index).labels.pixels.map { $0 == 0 ? 255 : $0 - 1 })
    }
  }
}
