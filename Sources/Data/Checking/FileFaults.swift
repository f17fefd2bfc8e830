import Foundation
import Imaging

/// What is wrong with a sample's files, found out by reading all of them.
struct FileFaults: Sendable {
  private(set) var faults: [DataFault] = []
  /// How often each number occurs in the label map's file.
  private(set) var values: [Int32: Int] = [:]
  private let sample: Sample
  private let id: Int?

  /// Reads the image and the label map.
  ///
  /// - Parameter id: The image's number in the annotation file, if it has one.
  init(of sample: Sample, id: Int?) {
    (self.sample, self.id) = (sample, id)
    let size = checkImage()
    if let path = sample.labelMapPath { checkLabelMap(path, imageSize: size) }
  }

  private mutating func add(
    _ file: String, _ kind: String, _ message: String, _ severity: DataFault.Severity = .error,
    effect: String = "training stops there, or passes over the image with on_broken_image: skip"
  ) {
    faults.append(
      DataFault(file: file, id: id, kind: kind, message: message, severity: severity, effect: effect))
  }

  private mutating func add(_ error: ImagingError, of file: String) {
    let kind =
      switch error {
      case .cannotRead:
        FileManager.default.fileExists(atPath: file) ? "unreadable_file" : "missing_file"
      case .notRead, .noLabelMap: "wrong_file_kind"
      case .tooLarge: "too_large"
      case .truncated: "truncated_image"
      case .damaged, .cannotWrite, .cannotEncode: "damaged_image"
      case .coloursNotClasses: "colours_not_classes"
      }
    add(file, kind, error.message)
  }

  /// The image's size as it is read, or nil if it cannot be.
  private mutating func checkImage() -> ImageSize? {
    let path = sample.imagePath
    do {
      let inspection = try Image.inspect(file: path)
      for warning in inspection.warnings {
        switch warning {
        case .severalPictures:
          add(
            path, "several_pictures", warning.description, .note, effect: "training reads the first picture")
        case .doubtfulData:
          add(
            path, "damaged_image", warning.description,
            effect: "training may learn from pixels that are wrong")
        }
      }
      let extent = try PictureExtent(ofFile: path)
      let isTurned = extent.orientation != 1
      if sample.originalSize.height > 0, sample.originalSize != inspection.size {
        add(
          path, "size_mismatch",
          "the image has \(inspection.size) pixels, its annotations are for \(sample.originalSize)"
            + (isTurned && extent.storedSize == sample.originalSize
              ? ": they were made before EXIF turns it (orientation \(extent.orientation)); set the pixels upright in the "
                + "file, or annotate it as it is shown" : ""),
          effect: "training takes the size of the image; boxes and masks may lie elsewhere")
      }
      // Where both sizes are one, nobody can tell what the annotators saw.
      if isTurned, extent.storedSize == extent.size,
        sample.originalSize.height > 0 || sample.labelMapPath != nil
      {
        add(
          path, "exif_turn",
          "EXIF turns the picture (orientation \(extent.orientation)), which its size does not tell: a tool that does not "
            + "look at EXIF shows it otherwise", .note,
          effect: "training turns it as EXIF says; annotations that were made without that lie elsewhere")
      }
      return inspection.size
    } catch {
      add(error, of: path)
      return nil
    }
  }

  private mutating func checkLabelMap(_ path: String, imageSize: ImageSize?) {
    let map: LabelMap
    do { map = try sample.labels.numbers(inFile: path) } catch {
      add(error, of: path)
      return
    }
    if let imageSize, map.size != imageSize {
      add(
        path, "label_size_mismatch",
        "the label map has \(map.size) pixels, its image \(sample.imagePath) has \(imageSize)",
        effect: "training stops there")
    }
    values = map.counts
    let outside = values.keys.filter { sample.labels.reading(of: $0) == .outside }.sorted()
    if !outside.isEmpty {
      let listed = outside.prefix(8).map { "\(sample.labels.name(of: $0)) (\(values[$0] ?? 0) pixels)" }
        .joined(separator: ", ")
      add(
        path, "label_out_of_range",
        "holds \(listed)\(outside.count > 8 ? " and \(outside.count - 8) more" : "") without a class: "
          + sample.labels.legend,
        effect: "training stops there")
    }
    if values.keys.allSatisfy({ sample.labels.reading(of: $0) == .ignored }) {
      add(
        path, "all_ignored", "no pixel has a class: training learns nothing from this image", .note,
        effect: "training learns nothing from the image")
    }
  }
}
