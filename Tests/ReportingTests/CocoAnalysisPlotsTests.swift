import Coco
import Foundation
import Reporting
import TestSupport
import Testing

@Suite("plots of a COCO evaluation")
struct CocoAnalysisPlotsTests {
  private static let names = ["precision_recall", "confusion_matrix", "calibration", "figures"]

  /// What is written of results: every picture as PNG and SVG.
  private func written(_ annotations: CocoAnnotations, _ results: CocoResults) throws -> [String: String] {
    var evaluator = try CocoEvaluator(annotations: annotations, iouType: .bbox)
    try evaluator.add(results, of: annotations)
    let analysis = try CocoAnalysis(of: results, against: annotations, evaluator: evaluator)
    let folder = try TemporaryFolder()
    try CocoAnalysisPlots(analysis, evaluator.summary()).write(into: folder.path)
    var texts: [String: String] = [:]
    for name in Self.names {
      let png = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/bbox_\(name).png"))
      #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]), "\(name)")
      texts[name] = try String(contentsOfFile: "\(folder.path)/bbox_\(name).svg", encoding: .utf8)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2 * Self.names.count)
    return texts
  }

  @Test("show precision over recall, confusions with the background, calibration, and figures by class")
  func pictures() throws {
    let texts = try written(
      CocoAnnotations(contentsOf: Golden.path("coco/eval_1_annotations.json")),
      CocoResults(contentsOf: Golden.path("coco/eval_1_bbox.json")))
    #expect(texts["precision_recall"]?.contains("Precision over recall at the overlap 0.5") == true)
    #expect(texts["precision_recall"]?.contains("mean of classes") == true)
    #expect(texts["confusion_matrix"]?.contains("background") == true)
    #expect(texts["calibration"]?.contains("as it should be") == true)
    for title in ["by size", "number of objects", "mending", "by class"] {
      #expect(texts["figures"]?.contains(title) == true, "\(title)")
    }
  }

  @Test("are drawn of no object and no detection as well")
  func nothing() throws {
    let annotations = try CocoAnnotations(
      file: "t.json", images: [.init(id: 1, fileName: nil, height: 9, width: 9)], annotations: [],
      categories: [.init(id: 1, name: "<cat>")])
    let texts = try written(annotations, .parse(Data("[]".utf8), file: "r.json"))
    #expect(texts["precision_recall"]?.contains("No class has an object") == true)
    #expect(texts["confusion_matrix"]?.contains("<cat>") == false)
  }
}
