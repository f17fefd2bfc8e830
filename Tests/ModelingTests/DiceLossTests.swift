import Configuration
import Foundation
import Modeling
import TestSupport
import Tensors
import Testing

@Suite("Dice loss")
struct DiceLossTests {
  private let x = Tensor((0..<36).map { Float(2 * sin(0.7 * Double($0))) }, shape: [2, 2, 3, 3])
  private let labels: [Int32] = [0, 1, 2, 255, 1, 0, 2, 2, 255, 0, 1, 1]

  private func loss(_ keys: String, channels: Int? = nil) throws -> any ClassificationLoss {
    let node = try ConfigurationNode.parse("{type: DiceLoss\(keys)}", file: "test.yaml")
    return try Components().classificationLosses.build(
      ComponentConfiguration(node), scope: "mmseg", in: ClassificationLossContext(channels: channels))
  }

  @Test(
    "has mmsegmentation's numbers and gradients",
    arguments: [
      ("", 0.574_696_24, -0.018_241_37),
      (", use_sigmoid: false", 0.673_351_29, -0.011_415_94),
      (", naive_dice: true", 0.666_203_14, -0.015_077_91),
      (", use_sigmoid: false, ignore_index: 1, loss_weight: 0.5", 0.351_529_96, -0.007_969_575),
      (", activate: false, eps: 0.5", 1.042_114_02, -0.023_856_13),
      (", use_sigmoid: false, reduction: sum", 1.346_702_58, -0.022_831_87),
    ] as [(String, Float, Float)])
  func values(keys: String, expected: Float, slope: Float) throws {
    let leaf = x.withGradient()
    let loss = try loss(keys)
    let value = loss(leaf, labels: labels, ignored: 255, weights: nil, averagingFactor: nil)
    value.backward()
    #expect(value.shape == [] && abs(value.scalar - expected) < 1e-5)
    #expect(abs(try #require(leaf.gradient).values[0] - slope) < 1e-6)
    #expect(loss.name == "loss_dice" && loss.name.contains("loss"))
  }

  @Test("of shares of classes is that of the classes they are")
  func shares() throws {
    let shares = Tensor(
      labels.flatMap { label in (0..<3).map { Float($0 == label ? 1 : 0) } }, shape: x.shape)
    for keys in ["", ", naive_dice: true", ", use_sigmoid: false"] {
      let loss = try loss(keys)
      let byLabel = loss(x, labels: labels, ignored: 255, weights: nil, averagingFactor: nil)
      #expect(abs(loss(x, targets: shares).scalar - byLabel.scalar) < 1e-6)
    }
  }

  @Test("of a single map takes the label for what it should be")
  func single() throws {
    let logits = Tensor([8, -8, 8, -8], shape: [1, 2, 2, 1])
    let loss = try loss("")
    let right = loss(logits, labels: [1, 0, 1, 255], ignored: 255, weights: nil, averagingFactor: nil)
    let wrong = loss(logits, labels: [0, 1, 0, 1], ignored: 255, weights: nil, averagingFactor: nil)
    #expect(right.scalar < 0.01 && wrong.scalar > 0.99)
  }

  @Test("keys that cannot be are refused", arguments: [", eps: 0", ", reduction: none", ", loss_weight: -1"])
  func refuses(keys: String) { #expect(throws: ConfigurationError.self) { try loss(keys) } }

  @Test("leaving out the only class is refused")
  func onlyClass() { #expect(throws: ConfigurationError.self) { try loss(", ignore_index: 0", channels: 1) } }

  @Test(
    "cross entropy counts right labels in its own pass, the first of equal scores",
    arguments: [3, 9, 40, 150])
  func countsRight(classes: Int) throws {
    // Few different scores, so that many are equal.
    let scores = Tensor.random([7, 31, classes], in: 0...4).values.map { $0.rounded() }
    let logits = Tensor(scores, shape: [7, 31, classes])
    let labels = Tensor.random([7 * 31], in: 0...Float(classes) + 0.4, seed: 3).values.map {
      Int($0) == classes ? Int32(255) : Int32($0)
    }
    let node = try ConfigurationNode.parse("{type: CrossEntropyLoss}", file: "test.yaml")
    let loss = try Components().classificationLosses.build(
      ComponentConfiguration(node), scope: "mmseg", in: ClassificationLossContext())
    let (value, right) = loss.countingRight(logits, labels: labels, ignored: 255)
    let best = logits.indicesOfMaxima
    #expect(right == zip(best, labels).count { $0 == $1 && $1 != 255 })
    #expect(
      value.scalar
        == loss(logits, labels: labels, ignored: 255, weights: nil, averagingFactor: nil).scalar)
  }
}
