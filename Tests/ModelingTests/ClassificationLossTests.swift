import Configuration
import Foundation
import Modeling
import Tensors
import TestSupport
import Testing

@Suite("losses of classes")
struct ClassificationLossTests {
  private func loss(_ keys: String, scope: String = "mmseg", channels: Int? = nil) throws
    -> any ClassificationLoss
  {
    let node = try ConfigurationNode.parse("{type: \(keys)}", file: "test.yaml")
    return try Components().classificationLosses.build(
      ComponentConfiguration(node), scope: scope, in: ClassificationLossContext(channels: channels))
  }

  private let logits = Tensor([1, 2, 0.5, -1, 0, 3, 0.25, 0.5, 0.75], shape: [3, 3])
  private let labels: [Int32] = [1, 2, 255]

  /// -log p of the labelled class of the first two rows.
  private var entropies: [Double] {
    [(0, 1), (1, 2)].map { row, label in
      let values = logits.values[(3 * row)..<(3 * row + 3)].map(Double.init)
      return Foundation.log(values.reduce(0) { $0 + exp($1) }) - values[label]
    }
  }

  private func isNear(_ value: Tensor, _ expected: Double) -> Bool {
    value.shape == [] && abs(Double(value.scalar) - expected) < 1e-5
  }

  private func value(
    _ keys: String, _ scope: String = "mmseg", labels: [Int32] = [1, 2, 255], weights: [Float]? = nil,
    factor: Float? = nil
  ) throws -> Tensor {
    let loss = try loss(keys, scope: scope)
    return loss(logits, labels: labels, ignored: 255, weights: weights, averagingFactor: factor)
  }

  @Test("cross entropy is averaged as each of mm's two has it")
  func averages() throws {
    let (a, b) = (entropies[0], entropies[1])
    let plain = "CrossEntropyLoss"
    for scope in ["mmdet", "mmseg"] {
      #expect(isNear(try value(plain, scope), (a + b) / 3))
      #expect(isNear(try value("\(plain), loss_weight: 0.4", scope), 0.4 * (a + b) / 3))
      #expect(isNear(try value("\(plain), avg_non_ignore: true", scope), (a + b) / 2))
      #expect(isNear(try value("\(plain), reduction: sum", scope), a + b))
      #expect(isNear(try value(plain, scope, weights: [2, 0.5, 1], factor: 4), (2 * a + b / 2) / 4))
    }
    let weighted = "\(plain), class_weight: [1, 3, 0.5]"
    #expect(isNear(try value(weighted, "mmdet"), (3 * a + b / 2) / 3))
    #expect(isNear(try value(weighted, "mmseg"), (3 * a + b / 2) / 3.5))
    let own = try loss("\(plain), ignore_index: 255, avg_non_ignore: true", scope: "mmdet")
    #expect(isNear(own(logits, labels: labels), (a + b) / 2))
  }

  @Test(
    "of pixels that are all ignored is 0", arguments: ["", ", avg_non_ignore: true", ", use_sigmoid: true"])
  func ignoredOnly(keys: String) throws {
    #expect(try value("CrossEntropyLoss\(keys)", labels: [255, 255, 255]).scalar == 0)
  }

  @Test("through a sigmoid each class is decided by itself")
  func sigmoids() throws {
    func binary(_ x: Float, _ isTrue: Bool) -> Double { Foundation.log(1 + exp(Double(isTrue ? -x : x))) }
    let expected = logits.values[..<6].enumerated().map { binary($1, [1, 5].contains($0)) }
    let loss = try loss("CrossEntropyLoss, use_sigmoid: true", scope: "mmdet")
    let value = loss(logits, labels: labels, ignored: 255, weights: nil, averagingFactor: nil)
    #expect(isNear(value, expected.reduce(0, +) / 9))
    // A number above the classes is of none.
    let single = Tensor([0.5, -2], shape: [2, 1])
    let objects = loss(single, labels: [0, 1], weights: [1, 3], averagingFactor: 2)
    #expect(isNear(objects, (binary(0.5, true) + 3 * binary(-2, false)) / 2))
    // Of a single map the label is what it should be.
    let pixelLoss = try self.loss("CrossEntropyLoss, use_sigmoid: true")
    let pixels = pixelLoss(Tensor([0.5, -2], shape: [1, 1, 2, 1]), labels: [0, 1])
    #expect(isNear(pixels, (binary(0.5, false) + binary(-2, true)) / 2))
    let maskLoss = try self.loss("CrossEntropyLoss, use_mask: true", scope: "mmdet")
    let masks = maskLoss(
      Tensor([0.5, -2], shape: [1, 1, 2]), targets: Tensor([0, 1], shape: [1, 1, 2]))
    #expect(isNear(masks, (binary(0.5, false) + binary(-2, true)) / 2))
  }

  @Test("a label is the share 1 of its class, and smoothing gives a part to all")
  func shares() throws {
    let known = Tensor(Array(logits.values[..<6]), shape: [2, 3])
    let certain = Tensor([0, 1, 0, 0, 0, 1], shape: [2, 3])
    for keys in [
      "CrossEntropyLoss", "CrossEntropyLoss, use_sigmoid: true", "LabelSmoothLoss, label_smooth_val: 0.1",
      "LabelSmoothLoss, label_smooth_val: 0.1, mode: classy_vision",
    ] {
      let loss = try loss(keys)
      let (hard, soft) = (loss(known, labels: [1, 2]), loss(known, targets: certain))
      #expect(isNear(soft, Double(hard.scalar)), "\(keys)")
    }
    let (smoothing, plain) = (
      try loss("LabelSmoothLoss, label_smooth_val: 0.3"), try loss("CrossEntropyLoss")
    )
    let smooth = smoothing(known, labels: [1, 2])
    let soft = plain(
      known, targets: Tensor([0.1, 0.8, 0.1, 0.1, 0.1, 0.8], shape: [2, 3]))
    #expect(isNear(smooth, Double(soft.scalar)))
  }

  @Test(
    "derivatives agree with differences",
    arguments: [
      "CrossEntropyLoss, class_weight: [1, 2, 0.5]", "CrossEntropyLoss, use_sigmoid: true",
      "CrossEntropyLoss, use_sigmoid: true, class_weight: [1, 2, 0.5]",
      "LabelSmoothLoss, label_smooth_val: 0.2",
    ])
  func gradients(keys: String) throws {
    let loss = try loss(keys, channels: 3)
    let shares = Tensor([0.2, 0.5, 0.3, 1, 0, 0, 0.1, 0.1, 0.8], shape: [3, 3])
    #expect(
      gradientMismatches(at: [logits]) {
        loss($0[0], labels: labels, ignored: 255, weights: [1, 2, 3], averagingFactor: nil)
      } == [])
    #expect(gradientMismatches(at: [logits]) { loss($0[0], targets: shares) } == [])
  }

  @Test("class weights may stand in a file, and have to be as many as the classes")
  func weightFiles() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(Array("[1, 3, 0.5]".utf8), as: "weights.json")
    let file = "\(folder.path)/weights.json"
    let read = try value("CrossEntropyLoss, class_weight: \(file)")
    let (a, b) = (entropies[0], entropies[1])
    #expect(isNear(read, (3 * a + b / 2) / 3.5))
    for (value, expected) in [
      ("[1, 2]", "class_weight: 2 numbers for 3 classes"),
      ("[1, -1, 1]", "class_weight: [1.0, -1.0, 1.0] are not"),
      ("\(file)x", "is missing or no text"),
    ] {
      let error = #expect(throws: ConfigurationError.self) {
        try loss("CrossEntropyLoss, class_weight: \(value)", channels: 3)
      }
      #expect(try #require(error).description.contains(expected), "\(error as Any)")
    }
  }
}
