import Classification
import Configuration
import Data
import Imaging
import Layers
import Modeling
import Tensors
import TestSupport
import Testing

@Suite("classifiers")
struct ImageClassifierTests {
  private func classifier(_ head: String = "", _ more: String = "", backbone: String = "Small") throws
    -> ImageClassifier
  {
    let text =
      "{type: ImageClassifier, backbone: {type: \(backbone)}, "
      + "head: {type: LinearClsHead, num_classes: 3, in_channels: 6\(head)}\(more)}"
    let model = try Components.classifiers.model(text)
    model.initialize(seed: 1)
    return try #require(model as? ImageClassifier)
  }

  private func samples(_ labels: [Int?]) -> [Sample] {
    labels.enumerated().map { index, label in
      var sample = Sample(number: index, imagePath: "\(index).png", classLabel: label)
      let colour = (0..<3).map { UInt8($0 == (label ?? 0) ? 200 : 20) }
      sample.image = Image(height: 8, width: 8, colour: colour)
      return sample
    }
  }

  private func losses(_ model: ImageClassifier, _ samples: [Sample], step: Int = 0) throws -> [(
    String, Float
  )] {
    let step = ForwardMode.Step(seed: 5, step: step, samples: samples.map(\.number))
    return try ForwardMode.training(step) { try model.losses(samples) }.terms.map {
      ($0.name, $0.value.values[0])
    }
  }

  @Test("say that a single class is nothing to learn")
  func singleClass() throws {
    #expect(try classifier().warnings(about: []).isEmpty)
    let model = try Components.classifiers.model(
      "{type: ImageClassifier, backbone: {type: Small}, "
        + "head: {type: LinearClsHead, num_classes: 1, in_channels: 6}}")
    #expect(model.warnings(about: []).count == 1)
  }

  @Test("have the backbone's names for their weights, and mmpretrain's where it has none")
  func names() throws {
    let plain = try classifier()
    let names = ["backbone.conv.weight", "backbone.conv.bias", "head.fc.weight", "head.fc.bias"]
    #expect(plain.parameters.map(\.name).sorted() == names.sorted())
    #expect(plain.weights(ofPart: "backbone") == PartWeights(path: "backbone"))
    let rooted = try classifier(backbone: "Rooted")
    let own = ["conv.weight", "conv.bias", "classifier.head.weight", "classifier.head.bias"]
    #expect(rooted.parameters.map(\.name).sorted() == own.sorted())
    #expect(
      rooted.weights(ofPart: "backbone")
        == PartWeights(path: "", others: ["classifier.head.weight", "classifier.head.bias"])
        || rooted.weights(ofPart: "backbone")
          == PartWeights(path: "", others: ["classifier.head.bias", "classifier.head.weight"])
    )
    #expect(throws: DataError.self) { try plain.predict([Sample(imagePath: "a.png")]) }
  }

  @Test(
    "say what is wrong with a sample",
    arguments: [
      ([nil], "0.png: has no class"), ([0, 3], "1.png: is of class 3: the model has the classes 0 ... 2"),
    ]
      as [([Int?], String)])
  func labels(labels: [Int?], expected: String) throws {
    let model = try classifier()
    #expect(message { _ = try losses(model, samples(labels)) }.contains(expected))
  }

  @Test("log the accuracy where the head says so")
  func accuracy() throws {
    let model = try classifier(", cal_acc: true, topk: [1, 3]")
    let terms = try losses(model, samples([0, 1, 2, 1]))
    #expect(terms.map(\.0) == ["loss", "accuracy_top-1", "accuracy_top-3"])
    #expect(terms[2].1 == 100)
  }

  @Test(
    "refuse keys that do not fit",
    arguments: [
      (", cal_acc: true, topk: [1, 5]", "", "head.topk: 5, but there are 3 classes"),
      (", topk: 0", "", "not all 1 or more"),
      (
        ", loss: {type: LabelSmoothLoss, label_smooth_val: 0.1, num_classes: 4}", "",
        "4, but there are 3 scores"
      ),
      (", loss: {type: CrossEntropyLoss, use_soft: true, use_sigmoid: true}", "", "exclude each other"),
      (
        ", cal_acc: true", ", train_cfg: {augments: {type: Mixup, alpha: 0.8}}",
        "head.cal_acc: an image that is mixed"
      ),
      ("", ", train_cfg: {augments: {type: Mixup, alpha: 0}}", "0.0 is not in 0.001"),
      ("", ", train_cfg: {augments: [{type: Mixupp, alpha: 1}]}", "Did you mean 'Mixup'?"),
      (
        "", ", train_cfg: {augments: [{type: Mixup, alpha: 1}], probs: [0.5, 0.5]}",
        "2 numbers for 1 augments"
      ),
      (
        "", ", train_cfg: {augments: [{type: Mixup, alpha: 1}, {type: CutMix, alpha: 1}], probs: [0.7, 0.5]}",
        "whose sum is at most 1"
      ),
      (
        "", ", train_cfg: {augments: {type: CutMix, alpha: 1, cutmix_minmax: [0.5, 2]}}",
        "parts of the image's"
      ),
      (
        "", ", data_preprocessor: {type: ClsDataPreprocessor, batch_augments: {augments: [{type: Mix}]}}",
        "unknown batch augment 'Mix'"
      ),
    ])
  func keys(head: String, more: String, expected: String) {
    let text = message { _ = try classifier(head, more) }
    #expect(text.contains(expected), "\(text)")
  }

  @Test(
    "mix the batches of training only, alike under both of mmpretrain's spellings",
    arguments: ["Mixup", "CutMix"])
  func mixing(type: String) throws {
    let plain = try classifier()
    let augment = "{augments: [{type: \(type), alpha: 1.0}]}"
    let mixed = try classifier("", ", train_cfg: \(augment)")
    let other = try classifier(
      "", ", data_preprocessor: {type: ClsDataPreprocessor, batch_augments: \(augment)}")
    let never = try classifier(
      "", ", train_cfg: {augments: {type: \(type), alpha: 1.0}, probs: 0.0}")
    let samples = samples([0, 1, 2, 1])
    let values = try [plain, mixed, other, never].map { try losses($0, samples)[0].1 }
    #expect(values[0] != values[1] && values[1] == values[2] && values[0] == values[3], "\(values)")
    // The step's random numbers: the same step the same, another one another.
    #expect(try losses(mixed, samples)[0].1 == values[1])
    #expect(try losses(mixed, samples, step: 1)[0].1 != values[1])
    let outside = try ForwardMode.evaluation { try mixed.losses(samples).total.scalar }
    #expect(outside == values[0])
  }

  @Test("predict the probabilities of the classes")
  func predict() throws {
    let scores = try #require(try classifier().predict(samples([0])).first?.classScores)
    #expect(scores.count == 3 && abs(scores.reduce(0, +) - 1) < 1e-6)
  }

  @Test("need a data set of classes, and models of others need theirs")
  func requirements() throws {
    let classes = ColouredPictures([0, 1])
    let bare = ColouredPictures([nil, nil])
    let needs = try classifier().requirements
    try needs.check(classes)
    try needs.check(RepeatDataset(classes, times: 2))
    for dataset in [bare as any Dataset, try ConcatDataset([classes, bare])] {
      let text = message { try needs.check(dataset) }
      #expect(text.contains("needs a data set of classes: ImageNet, CustomDataset"), "\(text)")
    }
    for (kinds, expected, hint) in [
      (AnnotationKinds.boxes, "loads no boxes of objects", "such as CocoDataset"),
      (.labelMap, "loads no label maps", "such as BaseSegDataset"),
    ] {
      let text = message { try AnnotationRequirements(kinds).check(classes) }
      #expect(text.contains(expected) && text.contains(hint), "\(text)")
    }
  }
}
