import Coco
import Data
import Files
import Imaging
import Masks

extension ConversionPlan {
  /// YOLO's folders: `images/SPLIT`, `labels/SPLIT` and `data.yaml`. Where any object has a mask, all are polygons, as YOLO
  /// has it: one outline an object, which goes from one part to the next and back.
  ///
  /// - Throws: `DataError` where two pictures would have one name.
  public init(yolo reading: AnnotationReading, out: String) throws {
    var splits: [String] = []
    let hasMasks = reading.sets.contains {
      $0.images.contains { $0.objects.contains { $0.segmentation != nil } }
    }
    for set in reading.sets {
      let split = set.split ?? "train"
      splits.append(split)
      let numbers = Dictionary(set.classes.enumerated().map { ($1, $0) }) { first, _ in first }
      var names: [String: String] = [:]
      for image in set.images {
        let name = relative(image.path, to: set.imageFolder)
        let stem = Folder.splitExtension(name).stem
        if let other = names.updateValue(image.path, forKey: stem) {
          throw DataError(
            file: image.path,
            "would have the labels of \(other): YOLO tells pictures apart by their names without ending")
        }
        var lines: [String] = []
        for object in image.objects {
          do throws(YOLOLoss) {
            lines.append(
              try Self.line(of: object, on: image, number: numbers[object.className] ?? 0, hasMasks: hasMasks)
            )
          } catch {
            faults.append(
              DataFault(
                file: image.source, id: object.id, kind: error.kind,
                message: "\(object.className): \(error.message)",
                effect: "it is not in what is written"))
          }
        }
        let text = lines.map { $0 + "\n" }.joined()
        files.append(PlannedFile(Folder.join(out, "images/\(split)/\(name)"), .copy(of: image.path)))
        files.append(
          PlannedFile(Folder.join(out, "labels/\(split)/\(stem).txt"), .bytes { Array(text.utf8) }))
      }
    }
    let classes = reading.sets.first?.classes ?? []
    var yaml = splits.map { "\($0): images/\($0)\n" }.joined() + "names:\n"
    for (number, name) in classes.enumerated() { yaml += "  \(number): \(name.quotedJSON)\n" }
    let text = yaml
    files.append(PlannedFile(Folder.join(out, "data.yaml"), .bytes { Array(text.utf8) }))
    for split in splits {
      config += """
        \(split)_dataloader:
          dataset: {type: YOLODataset, data_root: \(out.quotedJSON), ann_file: data.yaml, split: \(split)}

        """
    }
  }

  /// Why an object has no line.
  private struct YOLOLoss: Error {
    var kind: String
    var message: String
  }

  private static func line(
    of object: AnnotatedSet.Object, on image: AnnotatedSet.Image, number: Int, hasMasks: Bool
  ) throws(YOLOLoss) -> String {
    guard !object.isCrowd else {
      throw YOLOLoss(kind: "crowd", message: "YOLO has no crowds and no difficult objects")
    }
    guard !object.isIgnored else {
      throw YOLOLoss(kind: "ignored", message: "YOLO has no objects to be ignored")
    }
    guard !object.isStuff else {
      throw YOLOLoss(kind: "no_instances", message: "a region of a class without instances is no object")
    }
    let (width, height) = (Double(image.size.width), Double(image.size.height))
    func share(_ value: Double, of side: Double) -> Double { min(max(value, 0), side) / side }
    let numbers: [Double]
    if hasMasks {
      let outline: [Double]
      switch object.segmentation {
      case .polygons(let parts)?: outline = joined(parts)
      case .some(let segmentation):
        let mask: RunLengthMask
        do { mask = try segmentation.mask(height: image.size.height, width: image.size.width) } catch {
          throw YOLOLoss(kind: "illegal_mask", message: "\(error)")
        }
        outline = joined(mask.outlines())
      case nil: outline = corners(of: object.box)
      }
      guard outline.count >= 6 else { throw YOLOLoss(kind: "empty_mask", message: "its mask has no pixel") }
      numbers = outline.enumerated().map { share($1, of: $0.isMultiple(of: 2) ? width : height) }
    } else {
      let (left, right) = (share(object.box.x, of: width), share(object.box.x + object.box.width, of: width))
      let (top, bottom) = (
        share(object.box.y, of: height), share(object.box.y + object.box.height, of: height)
      )
      guard right > left, bottom > top else {
        throw YOLOLoss(kind: "box_outside_image", message: "its box lies outside its picture")
      }
      numbers = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
    }
    return ([String(number)] + numbers.map { "\($0)" }).joined(separator: " ")
  }
}
