import Checkpoints
import Configuration
import Data
import Foundation
import Imaging
import Masks
import Tensors

/// Image files, resizing, normalising, batches, and transforms of whole samples.
let imageCases: [String: CaseRunner] = [
  "image_decode": { golden in
    var results = CaseResults()
    results.add("output.img", try Image.decode(file: try golden.fileBeside()))
    return results
  },
  "label_decode": { golden in
    let labels = try LabelMap.read(file: try golden.fileBeside())
    var results = CaseResults()
    results.add(
      "output.label", integers: labels.pixels.map { Int($0) }, shape: [labels.height, labels.width])
    return results
  },
  "resize": { golden in
    let windows = try golden.config["windows"]?.decode([[Int]].self) ?? []
    let resize = try golden.config.removing(["windows"]).decode(Resize.self)
    var sample = Sample(imagePath: golden.path)
    sample.image = try golden.image("img")
    sample.size = sample.image?.size ?? sample.size
    let result = try golden.applied(resize, to: sample)
    guard let image = result.image else { return CaseResults() }
    var results = CaseResults()
    if windows.isEmpty {
      results.add("output.img", image)
    } else {
      results.add("output.shape", integers: [image.height, image.width], shape: [2])
      results.add("output.mean", Tensor(image.channelMeans, shape: [3]))
      for (index, window) in windows.enumerated() {
        results.add(
          "output.window.\(index)",
          image.cropped(top: window[0], left: window[1], height: window[2], width: window[3]))
      }
    }
    results.add(
      "output.scale_factor", Tensor([result.scaleFactor.width, result.scaleFactor.height], shape: [2]))
    return results
  },
  "pad": { golden in
    var results = CaseResults()
    if let image = try golden.applied(golden.config.decode(Pad.self), to: golden.imageSample("img")).image {
      results.add("output.img", image)
    }
    return results
  },
  "hsv": { golden in
    var results = CaseResults()
    results.add("output.hsv", try golden.image("img").convertedToHSV())
    // The way back begins at the reference's HSV.
    if let stored = golden.tensors["output.hsv"] {
      results.add("output.bgr", Image(stored).convertedFromHSV())
    }
    return results
  },
  "photometric": { golden in
    let decisions = try golden.config.decode(PhotometricCase.self)
    var results = CaseResults()
    results.add(
      "output.img",
      PhotoMetricDistortion.distorted(
        try golden.image("img"),
        by: PhotoMetricDistortion.Decisions(
          brightness: decisions.brightness, contrast: decisions.contrast, contrastComesFirst: true,
          saturation: decisions.saturation, hue: decisions.hue)))
    return results
  },
  "normalize": { golden in
    // The preprocessor's rule under the older names of its keys.
    let settings = try golden.config.decode(NormalizeCase.self)
    let text = "{mean: \(settings.mean), std: \(settings.deviation), bgr_to_rgb: \(settings.swaps)}"
    let preprocessor = try ConfigurationNode.parse(text, file: golden.path).decode(DetDataPreprocessor.self)
    let batch = try preprocessor([try golden.imageSample("img")])
    var results = CaseResults()
    results.add("output.img", batch.images.reshaped(Array(batch.images.shape.dropFirst())))
    return results
  },
  "data_preprocessor": { golden in
    var samples: [Sample] = []
    while golden.tensors["input.img\(samples.count)"] != nil {
      var sample = try golden.imageSample("img\(samples.count)")
      if golden.tensors["input.label\(samples.count)"] != nil {
        sample.labelMap = try golden.labels("label\(samples.count)")
      }
      samples.append(sample)
    }
    var results = CaseResults()
    if golden.config["type"]?.string == "SegDataPreProcessor" {
      let batch = try golden.config.decode(SegDataPreProcessor.self).batch(samples, isTraining: true)
      results.add("output.batch", batch.images.channelsFirst)
      results.add(
        "output.labels", integers: batch.labels.map { Int($0) }, shape: Array(batch.images.shape.dropLast()))
    } else {
      let batch = try golden.config.decode(DetDataPreprocessor.self)(samples)
      results.add("output.batch", batch.images.channelsFirst)
    }
    return results
  },
  "sample_transform": { golden in
    let sample = try golden.wholeSample()
    let settings = golden.config.removing(["masks"])
    var results = CaseResults()
    switch golden.config["type"]?.string ?? "" {
    case "Resize": results.add(try golden.applied(settings.decode(Resize.self), to: sample), like: golden)
    case "RandomFlip":
      results.add(try golden.applied(settings.decode(RandomFlip.self), to: sample), like: golden)
    case "Pad": results.add(try golden.applied(settings.decode(Pad.self), to: sample), like: golden)
    case "RandomCrop":
      let window = try settings.decode(WindowCase.self)
      results.add(
        sample.cropped(
          top: window.top, left: window.left, height: window.size[0], width: window.size[1]),
        like: golden)
    case let type: throw NotBuiltYet(what: type)
    }
    return results
  },
  "crop_decision": { golden in
    let crop = try golden.config.decode(RandomCrop.self)
    let labels = try golden.labels("label")
    let corners = try golden.input("windows").integers
    let accepted = (0..<10).map { crop.accepts(labels, top: corners[2 * $0], left: corners[2 * $0 + 1]) }
    var results = CaseResults()
    results.add("output.accepted", integers: accepted.map { $0 ? 1 : 0 }, shape: [10])
    results.add("output.chosen", integers: [accepted.firstIndex(of: true) ?? 10], shape: [])
    return results
  },
]

private struct NormalizeCase: Decodable {
  let mean: [Double]
  let deviation: [Double]
  let swaps: Bool

  enum CodingKeys: String, CodingKey {
    case mean
    case deviation = "std"
    case swaps = "to_rgb"
  }
}

private struct PhotometricCase: Decodable {
  let brightness: Float
  let contrast: Float
  let saturation: Float
  let hue: Int
}

private struct WindowCase: Decodable {
  let size: [Int]
  let top: Int
  let left: Int

  enum CodingKeys: String, CodingKey {
    case top, left
    case size = "crop_size"
  }
}

extension GoldenCase {
  /// The picture file that the case is about.
  fileprivate func fileBeside() throws -> String {
    guard let name = config["file"]?.string else { throw CheckpointError(file: path, "names no file") }
    return folder.appendingPathComponent(name).path
  }

  /// An input of bytes as a picture: `[H, W, 3]` or `[H, W]`.
  func image(_ name: String) throws -> Image { Image(try input(name)) }

  fileprivate func labels(_ name: String) throws -> LabelMap {
    let stored = try input(name)
    return LabelMap(
      height: stored.shape[0], width: stored.shape[1], pixels: stored.integers.map { Int32($0) })
  }

  /// A sample of an image alone.
  func imageSample(_ name: String) throws -> Sample {
    let image = try image(name)
    var sample = Sample(imagePath: path, size: image.size)
    sample.image = image
    return sample
  }

  /// A sample of image, boxes, labels, masks and label map.
  fileprivate func wholeSample() throws -> Sample {
    var sample = try imageSample("img")
    let labels = try input("labels").integers
    let masks: [ObjectMask]
    if config["masks"]?.string == "polygon" {
      masks = try polygons(count: labels.count, height: sample.size.height, width: sample.size.width)
    } else {
      let bitmaps = try input("bitmaps")
      let (height, width) = (bitmaps.shape[1], bitmaps.shape[2])
      masks = labels.indices.map {
        .bitmap(
          Bitmap(
            height: height, width: width,
            pixels: Array(bitmaps.bytes[$0 * height * width..<($0 + 1) * height * width])))
      }
    }
    sample.instances = Instances(
      boxes: Boxes(try input("bboxes").tensor.values), labels: labels, masks: masks,
      isIgnored: labels.map { _ in false })
    sample.labelMap = try self.labels("seg_map")
    return sample
  }

  /// Masks stored as `polygon.I.J`, part J of object I.
  func polygons(count: Int, height: Int, width: Int) throws -> [ObjectMask] {
    try (0..<count).map { index in
      var parts: [[Double]] = []
      while let part = tensors["input.polygon.\(index).\(parts.count)"] {
        parts.append(part.tensor.values.map { Double($0) })
      }
      return .polygons(try PolygonMask(parts: parts, height: height, width: width))
    }
  }

  func applied(_ transform: some Transform, to sample: Sample) throws -> Sample {
    var random = RandomGenerator(seed: 0, purpose: .augmentation(stage: 0))
    guard let result = try transform(sample, random: &random) else {
      throw CheckpointError(file: path, "the transform has nothing left of the sample")
    }
    return result
  }
}

extension CaseResults {
  mutating func add(_ name: String, _ image: Image) {
    tensors[name] = StoredTensor(
      type: .uint8,
      shape: image.channels == 3 ? [image.height, image.width, 3] : [image.height, image.width],
      bytes: image.pixels)
  }

  fileprivate mutating func add(_ sample: Sample, like golden: GoldenCase) {
    if let image = sample.image { add("output.img", image) }
    if let labels = sample.labelMap {
      tensors["output.seg_map"] = StoredTensor(
        type: .uint8, shape: [labels.height, labels.width], bytes: labels.pixels.map { UInt8(clamping: $0) })
    }
    guard let instances = sample.instances else { return }
    add("output.bboxes", Tensor(instances.boxes.values, shape: [instances.count, 4]))
    add("output.labels", integers: instances.labels, shape: [instances.count])
    let masks = instances.masks ?? []
    // The reference's cropped polygons are stored drawn: the order of their corners is free.
    guard golden.tensors["output.bitmaps"] == nil else {
      tensors["output.bitmaps"] = StoredTensor(
        type: .uint8, shape: [instances.count, sample.size.height, sample.size.width],
        bytes: masks.flatMap(\.bitmap.pixels))
      return
    }
    for (index, mask) in masks.enumerated() {
      guard case .polygons(let polygons) = mask else { continue }
      for (part, corners) in polygons.parts.enumerated() {
        add("output.polygon.\(index).\(part)", Tensor(corners.map { Float($0) }, shape: [corners.count]))
      }
    }
  }
}

extension Image {
  fileprivate init(_ stored: StoredTensor) {
    self.init(
      height: stored.shape[0], width: stored.shape[1], channels: stored.shape.count == 3 ? 3 : 1,
      pixels: stored.bytes)
  }

  /// The mean of each channel.
  fileprivate var channelMeans: [Float] {
    (0..<3).map { channel in
      let sum = stride(from: channel, to: pixels.count, by: 3).reduce(0) { $0 + Int(pixels[$1]) }
      return Float(Double(sum) / Double(height * width))
    }
  }
}
