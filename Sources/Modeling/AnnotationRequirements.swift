import Configuration
import Data

/// What a model learns from.
public struct AnnotationRequirements: Sendable, Equatable {
  /// What every sample has to carry in training.
  public var kinds: AnnotationKinds
  /// What else a config can do than load masks, as the end of a sentence: `leave ... out to learn boxes only`.
  public var alternativeToMasks: String?

  /// Nothing: any pipeline will do.
  public static let none = AnnotationRequirements([])

  /// Kinds of annotations.
  public init(_ kinds: AnnotationKinds, alternativeToMasks: String? = nil) {
    (self.kinds, self.alternativeToMasks) = (kinds, alternativeToMasks)
  }

  /// What to do about a kind that is not loaded.
  package func advice(about kind: AnnotationKinds) -> String {
    switch kind {
    case .boxes: "Add {type: LoadAnnotations, with_bbox: true} to it."
    case .masks:
      "Set with_mask: true at its LoadAnnotations" + (alternativeToMasks.map { ", or \($0)." } ?? ".")
    case .classLabel: "A classifier needs a data set of classes: ImageNet, CustomDataset."
    default: "Add mmseg's LoadAnnotations to it, or set with_seg: true at the one that it has."
    }
  }

  /// Checks that a data set's pipelines load what the model learns from.
  ///
  /// - Parameters:
  ///   - dataset: Its pipelines are looked at; no sample is loaded.
  ///   - keyPath: Where the config has the data set.
  ///   - allowsLateLabelMaps: Whether label maps may be those of the file though the image was resized, as validations
  ///     want them.
  /// - Throws: `ConfigurationError` that names the pipeline's key and says what would be right.
  public func check(
    _ dataset: any Dataset, keyPath: String = "train_dataloader.dataset", allowsLateLabelMaps: Bool = false
  ) throws {
    let names: [(AnnotationKinds, String)] = [
      (.boxes, "boxes of objects"), (.masks, "masks of objects"), (.labelMap, "label maps"),
    ]
    for pipeline in dataset.pipelines {
      if !kinds.isEmpty, !(allowsLateLabelMaps && kinds == .labelMap),
        let (loader, mover) = pipeline.lateLoading
      {
        throw ConfigurationError(
          keyPath: "\(keyPath).pipeline",
          message:
            "\(loader) stands behind \(mover): the annotations are those of the picture as it is in its file",
          hint: "Put it right behind LoadImageFromFile.")
      }
      let missing = kinds.subtracting(pipeline.loads).subtracting(dataset.carries)
      if let (kind, name) = names.first(where: { missing.contains($0.0) }) {
        throw ConfigurationError(
          keyPath: "\(keyPath).pipeline", message: "loads no \(name), and the model learns from them",
          hint: hasClassesOnly(dataset) ? Self.otherData(for: kind) : advice(about: kind))
      }
    }
    if let (kind, name) = names.first(where: { kinds.contains($0.0) }), hasClassesOnly(dataset) {
      throw ConfigurationError(
        keyPath: keyPath,
        message: "has the class of each image and no \(name), and the model learns from them",
        hint: Self.otherData(for: kind))
    }
    if kinds.contains(.classLabel), !dataset.carries.contains(.classLabel) {
      throw ConfigurationError(
        keyPath: keyPath, message: "has no classes of whole images, and the model learns from them",
        hint: advice(about: .classLabel))
    }
  }

  /// Whether a data set is one of classes of whole images, whatever its pipeline would load.
  private func hasClassesOnly(_ dataset: any Dataset) -> Bool {
    guard dataset.carries == .classLabel, dataset.metainfo.labels == nil else { return false }
    return (try? (dataset as? any InstanceTruthSource)?.instanceTruth()) == nil
  }

  /// What to take instead of a data set of classes of whole images.
  private static func otherData(for kind: AnnotationKinds) -> String {
    kind == .labelMap
      ? "A segmentor needs a data set of label maps, such as BaseSegDataset."
      : "A detector needs a data set of objects, such as CocoDataset."
  }
}
