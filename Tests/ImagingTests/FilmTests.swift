import Foundation
import Imaging
import TestSupport
import Testing

@Suite("films")
struct FilmTests {
  private func film(in folder: TemporaryFolder, frames: Int) throws -> String {
    let pictures = try (0..<frames).map { number in
      // Darker from frame to frame.
      try Image(height: 48, width: 64, colour: [UInt8](repeating: UInt8(240 - 40 * number), count: 3))
        .encodedJPEG()
    }
    return try folder.write(
      MotionJPEG.film(pictures, height: 48, width: 64, rate: 25), as: "film.avi")
  }

  @Test("give their frames in order, their rate, and an end")
  func frames() throws {
    let folder = try TemporaryFolder()
    var film = try Film(file: try film(in: folder, frames: 5))
    #expect(film.rate == 25 && film.frames == 5)
    var brightness: [UInt8] = []
    while let image = try film.next() {
      #expect(image.size == ImageSize(height: 48, width: 64) && image.channels == 3)
      brightness.append(image.pixels[0])
    }
    #expect(brightness.count == 5 && zip(brightness, brightness.dropFirst()).allSatisfy { $0 > $1 })
    #expect(try film.next() == nil)
  }

  @Test("that are none, or missing, are named", arguments: ["text.mp4", "empty.avi", "folder.mkv", "no.mov"])
  func faults(name: String) throws {
    let folder = try TemporaryFolder(["text.mp4": "no film", "empty.avi": "", "folder.mkv/x": ""])
    let path = "\(folder.path)/\(name)"
    let error = #expect(throws: ImagingError.self) {
      var film = try Film(file: path)
      _ = try film.next()
    }
    #expect(error?.description.hasPrefix("\(path): ") == true)
  }

  @Test("are told by their names")
  func names() {
    #expect(Film.isFilm("a/b.MP4") && Film.isFilm("x.avi") && !Film.isFilm("x.jpg") && !Film.isFilm("mp4"))
  }
}
