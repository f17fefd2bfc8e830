import Data
import Imaging
import Masks
import Modeling

extension Picture {
  /// What is true of an image beside what was predicted; of label maps also what differs, as far as the truth is known.
  ///
  /// - Parameters:
  ///   - prediction: Of the sample.
  ///   - sample: What is true: its objects as the file has them, its label map once it is loaded, or its class.
  ///   - metainfo: Names and colours of the classes.
  ///   - scoreThreshold: The least score of an object that is drawn.
  ///   - side: The longest side of each part, in pixels; nil: as the file is.
  /// - Throws: `ImagingError` that names the file.
  public init(
    comparing prediction: Prediction, with sample: Sample, metainfo: DatasetMetainfo,
    scoreThreshold: Float = 0.3, side: Int? = nil
  ) throws {
    let file = try Image.decode(file: sample.imagePath)
    let predicted = Picture(
      of: prediction, on: file, metainfo: metainfo, showing: ShownPart(scoreThreshold: scoreThreshold))
    let colours = ClassColours(metainfo)
    var parts: [(title: String, image: Image)] = []
    var truth = file
    if let map = prediction.labelMap {
      if let label = sample.labelMap?.resizedNearest(height: file.height, width: file.width) {
        truth.blend(label, palette: colours.palette)
        parts.append(("truth", truth))
        if map.size == label.size {
          var wrong = file
          let ignored = sample.labels.ignored
          let marks = zip(label.pixels, map.pixels).map { $0 == ignored || $0 == $1 ? Int32(-1) : 0 }
          wrong.blend(
            LabelMap(height: map.height, width: map.width, pixels: marks), palette: Palette([Ink.curves[1]]),
            opacity: 0.8)
          parts.append(("wrong", wrong))
        }
      }
    } else if prediction.instances != nil {
      truth.draw(sample.fileInstances(file.size), metainfo.classes, colours)
      parts.append(("truth", truth))
    } else if let label = sample.classLabel {
      truth.draw(classLabel: label, metainfo.classes, colours)
      parts.append(("truth", truth))
    }
    parts.insert(("prediction", predicted.image), at: min(1, parts.count))
    if let side { parts = parts.map { ($0.title, $0.image.fitting(side)) } }
    self.init(parts.count == 1 ? parts[0].image : Image.beside(parts))
  }
}

extension Sample {
  /// The objects as the file describes them; without masks where one has none.
  fileprivate func fileInstances(_ size: ImageSize) -> Instances {
    let masks = annotations.compactMap {
      try? $0.mask?.mask(height: size.height, width: size.width, keepsPolygons: false)
    }
    return Instances(
      boxes: Boxes(annotations.flatMap { object in (0..<4).map { object.box[$0] } }),
      labels: annotations.map(\.label), masks: masks.count == annotations.count ? masks : nil,
      isIgnored: annotations.map(\.isIgnored))
  }
}

extension Image {
  /// Draws objects that are true; ignored ones are white.
  mutating func draw(_ instances: Instances, _ classes: [String], _ colours: ClassColours) {
    let own = colours.objects(instances.labels)
    draw(
      (0..<instances.count).map { index in
        let label = instances.labels[index]
        let name = colours.isSingle ? "" : classes.indices.contains(label) ? classes[label] : "\(label)"
        let isIgnored = instances.isIgnored[index]
        return DrawnObject(
          box: instances.boxes[index], mask: instances.masks?[index].window,
          colour: isIgnored ? SIMD3(255, 255, 255) : own[index],
          text: isIgnored ? "\(name) (ignored)" : name)
      })
  }

  /// Writes the class of the image.
  mutating func draw(classLabel label: Int, _ classes: [String], _ colours: ClassColours) {
    draw(lines: [(classes.indices.contains(label) ? classes[label] : "\(label)", colours.palette[label])])
  }
}

extension ObjectMask {
  /// Its pixels, in the box around it.
  fileprivate var window: MaskWindow {
    switch self {
    case .window(let mask): mask
    case .bitmap(let mask): MaskWindow(RunLengthMask(mask))
    case .polygons(let mask): MaskWindow(RunLengthMask(mask))
    }
  }
}
