import Reporting
import Testing

@Suite("names of images below the folder that all are in")
struct CommonFolderTests {
  static let cases: [(paths: [String], names: [String])] = [
    (["/a/b/1.jpg", "/a/b/2.jpg"], ["1.jpg", "2.jpg"]),
    (["/a/fish/1.jpg", "/a/crab/1.jpg"], ["fish/1.jpg", "crab/1.jpg"]),
    (["/a/fish/1.jpg", "/a/fisher/1.jpg", "/a/fish/2.jpg"], ["fish/1.jpg", "fisher/1.jpg", "fish/2.jpg"]),
    (["/a/1.jpg", "/a/b/c/1.jpg"], ["1.jpg", "b/c/1.jpg"]),
    (["/a/b/1.jpg", "/a/2.jpg"], ["b/1.jpg", "2.jpg"]),
    (["1.jpg", "/a/1.jpg"], ["1.jpg", "/a/1.jpg"]), (["/a/1.jpg", "/b/1.jpg"], ["a/1.jpg", "b/1.jpg"]),
    (["x/1.jpg"], ["1.jpg"]), ([], []),
  ]

  @Test("the part that all have in common is left out", arguments: cases)
  func names(paths: [String], names: [String]) {
    var folder = CommonFolder()
    for path in paths { folder.add(path) }
    #expect(paths.map(folder.name(of:)) == names)
  }
}
