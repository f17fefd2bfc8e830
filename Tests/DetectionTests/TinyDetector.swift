import Backbones
import Configuration
import Data
import Detection
import Foundation
import Imaging
import Masks
import Modeling
import Tensors

/// A Mask R-CNN of a few channels, for pictures of 64 x 64.
enum TinyDetector {
  private static let config = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("configs/_base_/models/mask-rcnn_vssm.yaml").path

  /// What makes it tiny.
  static let overrides = [
    "model.backbone.dims=[8,8,8,8]", "model.backbone.depths=[1,1,1,1]", "model.neck.in_channels=[8,8,8,8]",
    "model.neck.out_channels=8", "model.rpn_head.in_channels=8", "model.rpn_head.feat_channels=8",
    "model.roi_head.bbox_roi_extractor.out_channels=8", "model.roi_head.bbox_head.in_channels=8",
    "model.roi_head.bbox_head.fc_out_channels=8", "model.roi_head.mask_roi_extractor.out_channels=8",
    "model.roi_head.mask_head.in_channels=8", "model.roi_head.mask_head.conv_out_channels=8",
    "model.roi_head.mask_head.num_convs=1", "model.backbone.drop_path_rate=0.0",
  ]

  /// Takes the mask branch away.
  static let withoutMasks = [
    "model.roi_head.mask_head=null", "model.roi_head.mask_roi_extractor=null", "model.type=FasterRCNN",
  ]

  /// All that the package registers for detectors.
  static var components: Components {
    var components = Components()
    components.addBackbones()
    components.addDetection()
    return components
  }

  static func model(
    _ changes: [String] = [], classes: [String] = ["a", "b"], components: Components = components
  ) throws -> any Model {
    let node = try ConfigurationNode.load(file: config, overrides: overrides + changes)
    return try components.models.build(
      ComponentConfiguration(node["model"] ?? node), scope: nil,
      in: ModelContext(classes: classes, components: components))
  }

  /// A picture with objects, as a pipeline gives it.
  ///
  /// - Parameter boxes: The objects; their masks are the same boxes. Nil: no annotations.
  static func sample(
    _ number: Int = 0, boxes: [SIMD4<Float>]?, label: Int = 0, hasMasks: Bool = true,
    size: ImageSize = ImageSize(height: 64, width: 64)
  ) -> Sample {
    var sample = Sample(number: number, imagePath: "\(number).png", size: size)
    var random = RandomGenerator(seed: 5, sample: number, purpose: .dataOrder)
    sample.image = Image(
      height: size.height, width: size.width,
      pixels: (0..<(size.height * size.width * 3)).map { _ in UInt8(random.integer(below: 256)) })
    guard let boxes else { return sample }
    let masks = boxes.map { box -> ObjectMask in
      let (left, top) = (Int(box[0]), Int(box[1]))
      let (width, height) = (Int(box[2]) - left, Int(box[3]) - top)
      let pixels = [UInt8](repeating: 1, count: width * height)
      return .window(
        MaskWindow(
          Bitmap(height: height, width: width, pixels: pixels), x: left, y: top, height: size.height,
          width: size.width))
    }
    sample.instances = Instances(
      boxes: Boxes(boxes.flatMap { [$0[0], $0[1], $0[2], $0[3]] }),
      labels: boxes.map { _ in label }, masks: hasMasks ? masks : nil,
      isIgnored: boxes.map { _ in false })
    return sample
  }
}
