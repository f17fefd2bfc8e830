import Data
import Files
import Foundation
import Imaging
import Masks
import Modeling

/// The files that are written of each predicted image. Those whose names are known beforehand are claimed before the first
/// image; frames of films and cut-out objects, whose number is not, before each is written.
public struct PredictionFiles {
  /// What is wanted beside a picture an image.
  public struct Wanted: Sendable {
    /// A label map of each image: of a segmentor always.
    public var labelMaps = false
    /// A picture an object.
    public var crops = false
    /// What is drawn and listed.
    public var showing = ShownPart()

    /// Pictures alone.
    public init() {}
  }

  private let folder: String?
  private let wanted: Wanted
  private let inputs: [InputImages.Input]
  private let names: OutputNames
  private let metainfo: DatasetMetainfo
  private var plan: OutputPlan

  /// A picture may bear the name of its image; the map of its classes needs another.
  private static let labelMapEnding = "_labels.png"
  private static let cropsName = "crops"

  /// Decides on all files and makes the folder.
  ///
  /// - Parameters:
  ///   - folder: Where they go; nil: nothing is written.
  ///   - wanted: What is written beside a picture an image.
  ///   - inputs: All of them: results are named so that none has the name of another.
  ///   - metainfo: Names and colours of the classes.
  ///   - plan: What must not be overwritten.
  /// - Throws: `OutputError` when a file would be; `FileError` when the folder cannot be made or written in.
  public init(
    in folder: String?, _ wanted: Wanted, of inputs: [InputImages.Input], metainfo: DatasetMetainfo,
    plan: OutputPlan
  ) throws {
    (self.folder, self.wanted, self.inputs) = (folder, wanted, inputs)
    (self.metainfo, self.plan) = (metainfo, plan)
    names = OutputNames(
      inputs,
      endings: inputs.map { input in
        // Of a film the first frame is told: two films of one name have two folders.
        let start = Film.isFilm(input.path) ? Self.frameName(1) : ""
        return ([Self.ending(of: input)] + (wanted.labelMaps ? [Self.labelMapEnding] : [])).map { start + $0 }
      })
    guard let folder else { return }
    try self.plan.claim(folder: folder, for: "--out-dir", results: names, of: inputs.map(\.path))
  }

  /// Whether anything is written.
  var writes: Bool { folder != nil }

  private static func frameName(_ frame: Int) -> String { String(format: "/%06d", frame) }

  /// JPEG for JPEG and films: a photograph is five times as large as PNG.
  private static func ending(of input: InputImages.Input) -> String {
    let isLossy = ["jpg", "jpeg"].contains(Folder.splitExtension(input.path).extension.lowercased())
    return isLossy || Film.isFilm(input.path) ? ".jpg" : ".png"
  }

  /// The pattern of the names of a film's pictures, as ffmpeg takes it; nil where none are written.
  public func frames(ofInput number: Int) -> String? {
    folder.map { "\(Folder.join($0, names.names[number]))/%06d\(Self.ending(of: inputs[number]))" }
  }

  /// Draws an image and writes what belongs to it.
  ///
  /// - Parameters:
  ///   - prediction: Of the image.
  ///   - image: Of three channels.
  ///   - number: Of the input, from 0.
  ///   - frame: Of a film, from 1.
  /// - Returns: The picture, and the file of its label map.
  /// - Throws: `ImagingError` and `FileError` that name the file; `OutputError` for one that is something else already;
  ///   `DataError` where a label map is wanted of a detector without masks.
  public mutating func write(
    _ prediction: Prediction, on image: Image, input number: Int, frame: Int?
  ) throws -> (picture: Picture, labelMap: String?) {
    let picture = Picture(
      of: prediction, on: image, metainfo: metainfo, showing: wanted.showing, isFrame: frame != nil)
    guard let folder else { return (picture, nil) }
    let input = inputs[number]
    let ending = Self.ending(of: input)
    let name = names.names[number] + (frame.map(Self.frameName) ?? "")
    let stem = Folder.join(folder, name)
    let labelMap = wanted.labelMaps ? try self.labelMap(of: prediction, size: image.size, input.path) : nil
    let labelMapFile = labelMap.map { _ in stem + Self.labelMapEnding }
    guard names.isNew[number] else { return (picture, labelMapFile) }
    if let frame, frame > 1 {
      for file in [stem + ending] + [labelMapFile].compactMap({ $0 }) { try claim(file, of: input.path) }
    }
    try picture.write(to: stem + ending)
    if let labelMap, let labelMapFile {
      try labelMap.map.writePNG(to: labelMapFile, palette: labelMap.palette)
    }
    if wanted.crops { try writeObjects(of: prediction, on: image, named: name, ending, input.path) }
    return (picture, labelMapFile)
  }

  private mutating func claim(_ file: String, of input: String) throws {
    try plan.claim(file, for: "--out-dir \(folder ?? "")", of: input)
  }

  /// A segmentor's classes; of objects, the class of the best at each pixel from 1, and 0 where there is none.
  private func labelMap(
    of prediction: Prediction, size: ImageSize, _ file: String
  ) throws -> (map: LabelMap, palette: Palette)? {
    let palette = ClassColours(metainfo).palette
    if let map = prediction.labelMap { return (map, palette) }
    guard let found = prediction.instances.map(wanted.showing.part) else { return nil }
    guard let masks = found.masks else {
      throw DataError(file: file, "--label-map is of masks, and this detector finds boxes alone")
    }
    var map = LabelMap(
      height: size.height, width: size.width, pixels: [Int32](repeating: 0, count: size.height * size.width))
    for index in found.scores.indices.sorted(by: { (found.scores[$0], $1) < (found.scores[$1], $0) }) {
      let mask = MaskWindow(masks[index])
      let label = Int32(clamping: found.labels[index] + 1)
      map.pixels.withUnsafeMutableBufferPointer { pixels in
        for row in 0..<mask.window.height {
          let (from, to) = (row * mask.window.width, (mask.y + row) * mask.width + mask.x)
          for column in 0..<mask.window.width where mask.window.pixels[from + column] != 0 {
            pixels[to + column] = label
          }
        }
      }
    }
    return (map, Palette([SIMD3(0, 0, 0)] + palette.colours))
  }

  /// Writes each object's box as a picture: `crops/CLASS/NAME_2.jpg`.
  private mutating func writeObjects(
    of prediction: Prediction, on image: Image, named name: String, _ ending: String, _ input: String
  ) throws {
    guard let folder, let found = prediction.instances.map(wanted.showing.part) else { return }
    for index in found.scores.indices {
      let box = found.boxes[index].clamped(
        lowerBound: .zero,
        upperBound: SIMD4(
          Float(image.width), Float(image.height), Float(image.width), Float(image.height)))
      guard box[2] > box[0], box[3] > box[1] else { continue }
      let (left, top) = (min(Int(box[0]), image.width - 1), min(Int(box[1]), image.height - 1))
      let (right, bottom) = (Int(box[2].rounded(.up)), Int(box[3].rounded(.up)))
      let label = found.labels[index]
      let className = metainfo.classes.indices.contains(label) ? metainfo.classes[label] : "\(label)"
      let file = Folder.join(
        folder, "\(Self.cropsName)/\(Self.folderName(of: className))/\(name)_\(index + 1)\(ending)")
      try claim(file, of: input)
      let crop = image.cropped(top: top, left: left, height: bottom - top, width: right - left)
      try Picture(crop).write(to: file)
    }
  }

  /// A class's name as that of a folder: without what file systems refuse, and never a folder above.
  private static func folderName(of name: String) -> String {
    let kept = String(
      name.unicodeScalars.map { $0.value < 32 || $0 == "/" || $0 == "\\" ? "_" : Character($0) })
    let trimmed = kept.hasPrefix(".") ? "_" + kept.dropFirst() : kept
    let short = String(decoding: trimmed.utf8.prefix(100), as: UTF8.self)
    return short.isEmpty ? "_" : short
  }
}
