import Analysis
import Configuration
import Imaging
import Testing

@Suite("sizes of pictures")
struct ScaleTests {
  @Test(
    "the test's pipeline is brought to a size",
    arguments: [
      (
        "[{type: Resize, scale: [1333, 800], keep_ratio: true}]",
        "[{type: Resize, scale: [640, 320], keep_ratio: true}]"
      ),
      ("[{type: mmseg.Resize, scale_factor: 2.0}]", "[{type: mmseg.Resize, scale: [640, 320]}]"),
      (
        "[{type: ResizeEdge, scale: 256, edge: short}, {type: CenterCrop, crop_size: 224}]",
        "[{type: ResizeEdge, scale: 365, edge: short}, {type: CenterCrop, crop_size: [320, 640]}]"
      ),
      ("[{type: ResizeEdge, scale: 256}]", "[{type: ResizeEdge, scale: 320}]"),
    ])
  func pipelines(before: String, after: String) throws {
    func config(_ pipeline: String) -> String {
      "test_dataloader: {dataset: {type: A, dataset: {type: B, pipeline: \(pipeline)}}}"
    }
    let node = try ConfigurationNode.parse(config(before), file: "a.yaml")
      .testing(at: ImageSize(height: 320, width: 640))
    #expect(node.yaml() == (try ConfigurationNode.parse(config(after), file: "")).yaml())
  }

  @Test("a pipeline without a size is an error that names it")
  func refusal() throws {
    let node = try ConfigurationNode.parse(
      "val_dataloader: {dataset: {pipeline: [{type: Pad}]}}", file: "a.yaml")
    #expect(throws: ConfigurationError.self) { _ = try node.testing(at: ImageSize(height: 8, width: 8)) }
  }
}
