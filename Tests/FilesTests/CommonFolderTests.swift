import Files
import Testing

@Suite("the folder that paths have in common")
struct CommonFolderTests {
  static let cases: [(paths: [String], folder: String)] = [
    (["/a/b/1.jpg", "/a/b/2.jpg"], "/a/b"), (["/a/fish/1.jpg", "/a/fisher/1.jpg"], "/a"),
    (["/a/1.jpg", "/a/b/c/1.jpg"], "/a"), (["/a/b/1.jpg", "/a/2.jpg"], "/a"),
    (["/a/1.jpg", "/b/1.jpg"], "/"),
    (["1.jpg", "/a/1.jpg"], ""), (["x/1.jpg"], "x"), (["x/1.jpg", "y/1.jpg"], ""), ([], ""),
  ]

  @Test("holds or is above all of them", arguments: cases)
  func common(paths: [String], folder: String) { #expect(Folder.common(of: paths) == folder) }
}
