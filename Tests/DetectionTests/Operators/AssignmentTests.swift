import Configuration
import Data
import Detection
import Masks
import Modeling
import Tensors
import Testing

@Suite("Assigning and sampling")
struct AssignmentTests {
  @Test(
    "golden cases",
    arguments: ["assigner_ignore", "assigner_nogt", "assigner_rcnn", "assigner_rpn", "assigner_strict"])
  func golden(name: String) throws {
    let golden = try OperatorCase(name)
    let assigner = try golden.config.decode(MaxIoUAssigner.self)
    let labels = try golden.integers("input.gt_labels")
    var truth = Instances(
      boxes: try golden.boxes("input.gt_bboxes"), labels: labels,
      isIgnored: labels.map { _ in false })
    if golden.tensors["input.gt_bboxes_ignore"] != nil {
      let ignored = try golden.boxes("input.gt_bboxes_ignore")
      truth.boxes.append(contentsOf: ignored)
      truth.labels += [Int](repeating: 0, count: ignored.count)
      truth.isIgnored += [Bool](repeating: true, count: ignored.count)
    }
    let assignment = assigner.assign(try golden.boxes("input.priors"), to: truth)
    #expect(assignment.numbers.map(Int.init) == (try golden.integers("output.gt_inds")))
    expectClose(assignment.overlaps, try golden.floats("output.max_overlaps"), absolute: 1e-6)
    let found = assignment.numbers.indices.map {
      assignment.numbers[$0] > 0 ? truth.labels[assignment.truth(of: $0)] : -1
    }
    #expect(found == (try golden.integers("output.labels")))
  }

  private func instances(_ boxes: [Float], ignored: [Bool]) -> Instances {
    Instances(boxes: Boxes(boxes), labels: ignored.map { _ in 0 }, isIgnored: ignored)
  }

  @Test("an ignored object is nobody's, and keeps its number")
  func ignored() {
    let truth = instances([0, 0, 10, 10, 20, 20, 30, 30], ignored: [true, false])
    let boxes = Boxes([0, 0, 10, 10, 20, 20, 30, 30, 50, 50, 60, 60])
    let plain = MaxIoUAssigner(positiveThreshold: 0.5, negativeRange: 0..<0.5)
    #expect(plain.assign(boxes, to: truth).numbers == [0, 2, 0])
    let strict = MaxIoUAssigner(positiveThreshold: 0.5, negativeRange: 0..<0.5, ignoreThreshold: 0.5)
    #expect(strict.assign(boxes, to: truth).numbers == [-1, 2, 0])
    #expect(strict.assign(boxes, to: truth).truth(of: 1) == 1)
  }

  @Test("a pair of background thresholds leaves boxes that fit too badly out")
  func pair() throws {
    let text = "{type: MaxIoUAssigner, pos_iou_thr: 0.7, neg_iou_thr: [0.1, 0.5], match_low_quality: false}"
    let assigner = try ConfigurationNode.parse(text, file: "c.yaml").decode(MaxIoUAssigner.self)
    let truth = instances([0, 0, 10, 10], ignored: [false])
    let boxes = Boxes([0, 0, 10, 10, 0, 0, 10, 6, 0, 0, 10, 3, 50, 50, 60, 60])
    #expect(assigner.assign(boxes, to: truth).numbers == [1, -1, 0, -1])
  }

  @Test("no boxes, no objects")
  func empty() {
    let assigner = MaxIoUAssigner(positiveThreshold: 0.5, negativeRange: 0..<0.5)
    #expect(assigner.assign(Boxes(), to: instances([0, 0, 1, 1], ignored: [false])).numbers == [])
    #expect(assigner.assign(Boxes([0, 0, 1, 1]), to: Instances()).numbers == [0])
    let three = assigner.assign(Boxes(), to: Instances())
      .prependingTruths(instances([0, 0, 1, 1, 0, 0, 2, 2, 0, 0, 3, 3], ignored: [false, false, false]))
    #expect(three.numbers == [1, 2, 3])
  }

  @Test("the sampler keeps its quotas, draws without replacement, and follows its generator")
  func sampling() {
    let numbers = (0..<100).map { Int32($0 % 4 == 0 ? 1 : $0 % 4 == 1 ? -1 : 0) }
    let assignment = Assignment(numbers: numbers, overlaps: numbers.map { Float($0) })
    func sample(_ sampler: RandomSampler, seed: UInt64 = 1) -> RandomSampler.Sample {
      var generator = RandomGenerator(seed: seed, purpose: .sampling(stage: 0))
      return sampler.sample(assignment, using: &generator)
    }
    let few = sample(RandomSampler(count: 20, positiveFraction: 0.25))
    #expect(few.positives.count == 5 && few.negatives.count == 15)
    #expect(few.positives.allSatisfy { numbers[$0] == 1 } && few.negatives.allSatisfy { numbers[$0] == 0 })
    #expect(few.positives == Set(few.positives).sorted() && few.negatives == Set(few.negatives).sorted())
    #expect(sample(RandomSampler(count: 20, positiveFraction: 0.25)) == few)
    #expect(sample(RandomSampler(count: 20, positiveFraction: 0.25), seed: 2) != few)
    let all = sample(RandomSampler(count: 1000, positiveFraction: 0.5))
    #expect(all.positives.count == 25 && all.negatives.count == 50)
    let bounded = sample(RandomSampler(count: 1000, positiveFraction: 0.01, negativesPerPositive: 3))
    #expect(bounded.positives.count == 10 && bounded.negatives.count == 30)
  }

  @Test("every candidate is drawn equally often")
  func fairness() {
    let assignment = Assignment(
      numbers: [Int32](repeating: 0, count: 10), overlaps: [Float](repeating: 0, count: 10))
    var times = [Int](repeating: 0, count: 10)
    var generator = RandomGenerator(seed: 5, purpose: .sampling(stage: 0))
    for _ in 0..<2000 {
      let sampler = RandomSampler(count: 3, positiveFraction: 0)
      for index in sampler.sample(assignment, using: &generator).negatives { times[index] += 1 }
    }
    // 600 each, give or take five standard deviations.
    #expect(times.allSatisfy { abs($0 - 600) < 103 }, "\(times)")
  }
}
