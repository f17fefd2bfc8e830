import Data
import Files

extension DatasetInventory {
  /// What class folders or a list name, for `dense data check`: all pictures, whatever `indices` says.
  init(_ settings: ClassificationSettings) throws {
    let list = try PictureList(settings)
    let place = settings.listFile ?? list.folder
    var faults: [DataFault] = []
    var places: [String: Int] = [:]
    var samples: [Sample] = []
    for index in list.names.indices {
      let sample = list.sample(index, at: samples.count, onBrokenImage: settings.shared.onBrokenImage)
      if let first = places.updateValue(index, forKey: list.names[index]) {
        let classes = list.labels.isEmpty ? [] : [first, index].map { list.classes[list.labels[$0]] }
        faults.append(
          DataFault(
            file: place, kind: "duplicate_name",
            message: "lists \(list.names[index]) more than once"
              + (Set(classes).count > 1 ? ", as \(classes[0]) and as \(classes[1])" : ""),
            effect: "training sees the picture several times"))
      } else {
        samples.append(sample)
      }
    }
    faults += list.emptyClasses.map {
      DataFault(
        file: place, kind: "empty_class", message: "there is no picture of class \($0)", severity: .note,
        effect: "training never sees the class")
    }
    faults += Self.samePictures(samples, classes: list.classes)
    self.init(
      samples: samples, annotationCount: list.labels.isEmpty ? 0 : samples.count, faults: faults,
      classes: list.labels.isEmpty ? [] : list.classes, identifiesImages: false)
  }

  /// Files of the same bytes: in two classes an error, since one of them is wrong; in one class a note.
  private static func samePictures(_ samples: [Sample], classes: [String]) -> [DataFault] {
    // Only files of one length are read.
    var bySize: [Int: [Int]] = [:]
    for (index, sample) in samples.enumerated() {
      guard let size = try? RegularFile(sample.imagePath).size, size > 0 else { continue }
      bySize[size, default: []].append(index)
    }
    var faults: [DataFault] = []
    for (_, candidates) in bySize.sorted(by: { $0.key < $1.key }) where candidates.count > 1 {
      // By a hash, so that few files are held at once.
      var seen: [Int: [Int]] = [:]
      for index in candidates {
        guard let bytes = contents(of: samples[index]) else { continue }
        let hash = bytes.hashValue
        guard let other = seen[hash]?.first(where: { contents(of: samples[$0]) == bytes }) else {
          seen[hash, default: []].append(index)
          continue
        }
        let (one, two) = (samples[other], samples[index])
        let names = [one, two].map { $0.classLabel.map { classes[$0] } ?? "" }
        if names[0] != names[1] {
          faults.append(
            DataFault(
              file: two.imagePath, kind: "same_picture_in_two_classes",
              message: "is \(names[1]) here, and \(names[0]) in \(one.imagePath): the files are the same",
              effect: "training learns both classes for one picture"))
        } else {
          faults.append(
            DataFault(
              file: two.imagePath, kind: "same_picture_twice",
              message: "is the same file as \(one.imagePath)",
              severity: .note, effect: "training sees the picture twice"))
        }
      }
    }
    return faults
  }

  private static func contents(of sample: Sample) -> [UInt8]? { try? RegularFile(sample.imagePath).whole() }
}
