import Foundation
import Imaging
import Masks
import Tensors

/// A small data set of bright discs on a dark ground, in COCO's layout and as label maps.
struct GeneratedSet {
  let folder: String

  /// Writes `count` images for training and as many for validation.
  ///
  /// - Parameters:
  ///   - classes: Of the annotation files; all objects are of the first.
  ///   - hasMasks: Whether objects have masks, or boxes alone.
  init(in folder: String, count: Int, classes: [String] = ["disc"], hasMasks: Bool = true) throws {
    self.folder = folder
    for split in ["training", "validation"] {
      try Self.write(
        split, to: folder, count: count, seed: split == "training" ? 1 : 2, classes, hasMasks: hasMasks)
    }
  }

  private struct File: Encodable {
    struct Picture: Encodable {
      var id: Int
      var file_name: String
      var height: Int
      var width: Int
    }
    struct Object: Encodable {
      struct Runs: Encodable {
        var size: [Int]
        var counts: String
      }
      var id: Int
      var image_id: Int
      var category_id = 3
      var bbox: [Double]
      var area: Int
      var iscrowd = 0
      var segmentation: Runs?
    }
    struct Category: Encodable {
      var id: Int
      var name: String
    }
    var images: [Picture] = []
    var annotations: [Object] = []
    var categories: [Category]
  }

  private static func write(
    _ split: String, to folder: String, count: Int, seed: UInt64, _ classes: [String], hasMasks: Bool
  ) throws {
    let manager = FileManager.default
    for name in ["images/\(split)", "semantic/\(split)", "annotations"] {
      try manager.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
    var file = File(categories: classes.enumerated().map { .init(id: 3 + $0, name: $1) })
    for number in 1...count {
      var random = RandomGenerator(seed: seed, sample: number, purpose: .dataOrder)
      let (height, width) = (64, 80)
      var pixels = (0..<height * width * 3).map { _ in UInt8(20 + random.integer(below: 30)) }
      var labels = [Int32](repeating: 1, count: height * width)
      for _ in 0..<3 {
        let radius = 6 + random.integer(below: 6)
        let x = radius + random.integer(below: width - 2 * radius)
        let y = radius + random.integer(below: height - 2 * radius)
        var bitmap = Bitmap(height: height, width: width)
        for row in 0..<height {
          for column in 0..<width where (row - y) * (row - y) + (column - x) * (column - x) <= radius * radius
          {
            let pixel = row * width + column
            bitmap.pixels[pixel] = 1
            labels[pixel] = 2
            for channel in 0..<3 { pixels[3 * pixel + channel] = UInt8(180 + 20 * channel) }
          }
        }
        let mask = RunLengthMask(bitmap)
        let box = mask.boundingBox
        file.annotations.append(
          .init(
            id: file.annotations.count + 1, image_id: 10 * number,
            bbox: [box.x, box.y, box.width, box.height],
            area: mask.area,
            segmentation: hasMasks ? .init(size: [height, width], counts: mask.compressed) : nil))
      }
      let name = "picture\(number).png"
      file.images.append(.init(id: 10 * number, file_name: name, height: height, width: width))
      try Image(height: height, width: width, pixels: pixels).writePNG(
        to: "\(folder)/images/\(split)/\(name)")
      try LabelMap(height: height, width: width, pixels: labels).writePNG(
        to: "\(folder)/semantic/\(split)/\(name)")
    }
    let short = split == "training" ? "train" : "val"
    try JSONEncoder().encode(file)
      .write(to: URL(fileURLWithPath: "\(folder)/annotations/instances_\(short).json"))
  }
}

/// The shipped example configs, made small enough for a test.
enum ExampleConfig {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("configs/examples").path

  private static let common = [
    "model.backbone.dims=[8,16,24,32]", "model.backbone.depths=[1,1,1,1]", "model.backbone.d_state=4",
    "model.backbone.drop_path_rate=0.1", "default_hooks.logger.interval=5",
  ]

  /// Mask R-CNN on a generated set.
  static func detector(
    _ set: GeneratedSet, iterations: Int, checkpoints: Int, config: String = "nuclei_mask-rcnn",
    classes: String = "[disc]"
  ) -> [String] {
    ["\(folder)/\(config).yaml", "--cfg-options", "data_root=\(set.folder)"] + common
      + [
        "model.neck.in_channels=[8,16,24,32]", "model.neck.out_channels=16", "model.rpn_head.in_channels=16",
        "model.rpn_head.feat_channels=16", "model.roi_head.bbox_roi_extractor.out_channels=16",
        "model.roi_head.bbox_head.in_channels=16", "model.roi_head.bbox_head.fc_out_channels=32",
        "model.roi_head.mask_roi_extractor.out_channels=16", "model.roi_head.mask_head.in_channels=16",
        "model.roi_head.mask_head.conv_out_channels=16",
        "train_dataloader.dataset.metainfo.classes=\(classes)",
        "val_dataloader.dataset.metainfo.classes=\(classes)",
        "train_dataloader.dataset.pipeline.2.scale=[80,64]",
        "val_dataloader.dataset.pipeline.1.scale=[80,64]",
      ] + schedule(iterations, checkpoints)
  }

  /// UperNet on a generated set.
  static func segmentor(_ set: GeneratedSet, iterations: Int, checkpoints: Int) -> [String] {
    ["\(folder)/nuclei_upernet.yaml", "--cfg-options", "data_root=\(set.folder)"] + common
      + [
        "model.backbone.patch_size=4", "model.decode_head.in_channels=[8,16,24,32]",
        "model.decode_head.channels=16",
        "model.auxiliary_head.in_channels=24", "model.auxiliary_head.channels=16",
        "train_dataloader.batch_size=2",
        "train_dataloader.dataset.metainfo.classes=[ground,disc]",
        "train_dataloader.dataset.metainfo.palette=[[0,0,0],[0,200,0]]",
        "val_dataloader.dataset.metainfo.classes=[ground,disc]",
        "val_dataloader.dataset.metainfo.palette=[[0,0,0],[0,200,0]]",
        "train_dataloader.dataset.pipeline.2.scale=[80,64]",
        "train_dataloader.dataset.pipeline.3.crop_size=[64,64]",
        "val_dataloader.dataset.pipeline.1.scale=[80,64]",
      ] + schedule(iterations, checkpoints)
  }

  private static func schedule(_ iterations: Int, _ checkpoints: Int) -> [String] {
    [
      "train_cfg.max_iters=\(iterations)", "train_cfg.val_interval=\(iterations)",
      "default_hooks.checkpoint.interval=\(checkpoints)", "param_scheduler.0.end=2",
      "param_scheduler.1.begin=2",
      "param_scheduler.1.end=20",
    ]
  }
}
