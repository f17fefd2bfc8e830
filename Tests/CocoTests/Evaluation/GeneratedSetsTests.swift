import Coco
import Testing

@Suite("COCO evaluation of generated sets")
struct GeneratedSetsTests {
  @Test("300 sets give the bits of the protocol by the letter", arguments: 0..<30)
  func bits(block: Int) throws {
    for seed in 10 * block..<10 * block + 10 {
      let set = GeneratedEvaluation(seed: seed)
      let annotations = try CocoAnnotations.parse(set.annotationFile, file: "annotations of seed \(seed)")
      let results = try CocoResults.parse(set.resultFile, file: "results of seed \(seed)")
      var evaluator = try CocoEvaluator(
        annotations: annotations, iouType: set.hasMasks ? .segm : .bbox, maxDets: set.maxDets,
        imageIDs: set.chosenImages, categoryIDs: set.chosenCategories, iouThresholds: set.thresholds)
      try evaluator.add(results, of: annotations)
      let summary = evaluator.summary()
      let plain = PlainEvaluation(set)
      #expect(summary.stats == plain.stats, "seed \(seed)")
      #expect(summary.perClass.map(\.averagePrecision) == plain.perClass, "seed \(seed)")
    }
  }
}
