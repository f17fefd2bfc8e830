import Files
import Imaging

extension Image {
  /// Writes the picture: as JPEG where the name ends in .jpg or .jpeg, else as PNG.
  package func write(to path: String) throws(ImagingError) {
    if ["jpg", "jpeg"].contains(Folder.splitExtension(path).extension.lowercased()) {
      try writeJPEG(to: path, quality: 92)
    } else {
      try writePNG(to: path)
    }
  }
}
