import Configuration
import Imaging
import Masks
import Tensors

/// Boxes, labels and masks of a detector's sample (mmdetection's `LoadAnnotations`).
///
/// Masks become pixels, held around their objects only; with `poly2mask: false` polygons stay outlines, and only run lengths become bitmaps
/// (mmdetection ignores such objects then). An object without a usable mask is ignored where masks are loaded, as
/// mmdetection does it.
public struct LoadInstances: Transform, Decodable {
  /// Whether masks are loaded.
  public let loadsMasks: Bool
  private let loadsBoxes: Bool
  private let keepsPolygons: Bool
  private let labelMap: LoadLabelMap?

  private enum BoxType: String, Decodable, CaseIterable { case horizontal = "hbox" }

  enum CodingKeys: String, CodingKey {
    case withBoxes = "with_bbox"
    case withLabels = "with_label"
    case withMasks = "with_mask"
    case withLabelMap = "with_seg"
    case decodesPolygons = "poly2mask"
    case boxType = "box_type"
    case backend = "imdecode_backend"
    case reduceZeroLabel = "reduce_zero_label"
    case ignoreIndex = "ignore_index"
  }

  /// Loads boxes and labels, and masks if wanted, polygons as bitmaps or as they are.
  public init(withMasks: Bool, keepsPolygons: Bool = false) {
    loadsBoxes = true
    loadsMasks = withMasks
    self.keepsPolygons = keepsPolygons
    labelMap = nil
  }

  /// mmdetection's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    let boxes = try keys.decodeIfPresent(Bool.self, forKey: .withBoxes) ?? true
    let labels = try keys.decodeIfPresent(Bool.self, forKey: .withLabels) ?? true
    guard boxes == labels else {
      throw keys.refusal(
        "boxes and labels are loaded together or not at all: set with_bbox and with_label alike",
        forKey: keys.contains(.withLabels) ? .withLabels : .withBoxes)
    }
    loadsBoxes = boxes
    loadsMasks = try keys.decodeIfPresent(Bool.self, forKey: .withMasks) ?? false
    guard loadsBoxes || !loadsMasks else {
      throw keys.refusal("masks need with_bbox: true", forKey: .withMasks)
    }
    keepsPolygons = try !(keys.decodeIfPresent(Bool.self, forKey: .decodesPolygons) ?? true)
    _ = try keys.decodeIfPresent(BoxType.self, forKey: .boxType)
    let readsLabelMap = try keys.decodeIfPresent(Bool.self, forKey: .withLabelMap) ?? false
    _ = try keys.decodeIfPresent(LabelMapBackend.self, forKey: .backend)
    let reduces = try keys.decodeIfPresent(Bool.self, forKey: .reduceZeroLabel) ?? false
    _ = try keys.decodeIfPresent(Int.self, forKey: .ignoreIndex)
    labelMap = readsLabelMap ? LoadLabelMap(reduceZeroLabel: reduces) : nil
  }

  /// Boxes, masks and the label map, as the keys say.
  public var loads: AnnotationKinds {
    var loads: AnnotationKinds = loadsBoxes ? .boxes : []
    if loadsMasks { loads.insert(.masks) }
    if labelMap != nil { loads.insert(.labelMap) }
    return loads
  }

  /// The sample with its objects.
  ///
  /// - Throws: `DataError` when a mask does not fit the image.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    var result = sample
    if loadsBoxes {
      var instances = Instances(
        boxes: Boxes(sample.annotations.flatMap { [$0.box[0], $0.box[1], $0.box[2], $0.box[3]] }),
        labels: sample.annotations.map(\.label), isIgnored: sample.annotations.map(\.isIgnored))
      if loadsMasks {
        var masks: [ObjectMask] = []
        for (index, annotation) in sample.annotations.enumerated() {
          let mask = try mask(of: annotation, number: index, sample)
          if mask == nil { instances.isIgnored[index] = true }
          masks.append(try mask ?? nothing(on: sample.originalSize))
        }
        instances.masks = masks
      }
      result.instances = instances
    }
    guard let labelMap, sample.labelMapPath != nil else { return result }
    return try labelMap(result, random: &random)
  }

  private func mask(of annotation: InstanceAnnotation, number: Int, _ sample: Sample) throws -> ObjectMask? {
    do {
      return try annotation.mask?.mask(
        height: sample.originalSize.height, width: sample.originalSize.width, keepsPolygons: keepsPolygons)
    } catch {
      throw DataError(file: sample.imagePath, "object \(number + 1) of its annotations: \(error)")
    }
  }

  /// The mask of an object that has none.
  private func nothing(on size: ImageSize) throws -> ObjectMask {
    keepsPolygons
      ? .polygons(try PolygonMask(parts: [], height: size.height, width: size.width))
      : .window(MaskWindow(height: size.height, width: size.width))
  }
}
