import Configuration
import Data
import Files
import Imaging

/// A folder that label maps are written into, for a submission (`output_dir`): each under the name of its image, with
/// the numbers that the data set's own label maps have.
struct LabelMapFolder {
  /// The folder.
  let path: String
  /// Images by the name of their label map.
  private var written: [String: String] = [:]

  /// - Parameter sources: Images and label maps of the data set, which are not written over.
  /// - Throws: `ConfigurationError` for a folder that holds some of them.
  init(_ folder: Located<String>, sources: [String]) throws {
    path = folder.value
    let identity = FileIdentity(path)
    var seen: Set<String> = []
    for source in sources {
      let place = Folder.split(source).folder
      guard seen.insert(place).inserted, FileIdentity(place.isEmpty ? "." : place) == identity else {
        continue
      }
      throw ConfigurationError(
        location: folder.location, keyPath: folder.keyPath,
        message: "\(path) is a folder of the data set, which holds \(source)", hint: "Name another folder.")
    }
  }

  /// How many label maps there are.
  var count: Int { written.count }

  /// Writes the classes of an image by the numbers of `label_values`, or one higher where the data set's label maps keep 0
  /// for no class, as ADE20K's server takes them.
  ///
  /// - Throws: `FileError` and `ImagingError`; `DataError` for a second image of the same name.
  mutating func write(_ map: LabelMap, of sample: Sample) throws {
    let name = Folder.splitExtension(Folder.split(sample.imagePath).name).stem
    if let other = written.updateValue(sample.imagePath, forKey: name), other != sample.imagePath {
      throw DataError(
        file: sample.imagePath,
        "output_dir holds one label map a name, and \(name).png is that of \(other): give images of one folder only"
      )
    }
    try Folder.makeWritable(path)
    let numbers = (0...max(0, map.pixels.max() ?? 0)).map(sample.labels.stored)
    let stored = LabelMap(
      height: map.height, width: map.width, pixels: map.pixels.map { numbers[Int(max(0, $0))] })
    try stored.writePNG(to: Folder.join(path, name + ".png"))
  }
}
