import Coco
import TestSupport
import Testing

@Suite("The text of an annotation file")
struct CocoFileTextTests {
  private static let text = """
     { "i\\u006dages" : [ {"id":1,"height":2,"width":2,"file_name":"a\\"],[{\\\\","k":null,"g":{"a":[1,"]"]}} ,
      {"id":2,"height":2,"width":2,"g":7.50},{"width":2,"height":2,"id":3}],"more":[[],{},"x"], "annotations":[
      {"id":5,"image_id":2,"category_id":1,"bbox":[0,0,1,1],"area":1},{"id":6,"image_id":1,"category_id":1,
      "bbox":[0,0,1,1],"area":1e0,"segmentation":{"counts":"}]","size":[2,2]}}], "categories":[{"id":1,"name":"c"}],"n":-1}
    """

  @Test("parts are the file's own bytes, in its order, with all else that it holds")
  func parts() throws {
    let folder = try TemporaryFolder(["a.json": Self.text])
    let file = try CocoFileText(contentsOf: folder.path + "/a.json")
    #expect(file.annotations.images.map(\.id) == [1, 2, 3])
    #expect(
      String(decoding: file.encoded(images: [2, 0]), as: UTF8.self) == """
        {"images": [
        {"id":1,"height":2,"width":2,"file_name":"a\\"],[{\\\\","k":null,"g":{"a":[1,"]"]}},
        {"width":2,"height":2,"id":3}],
        "more": [[],{},"x"],
        "annotations": [
        {"id":6,"image_id":1,"category_id":1,
          "bbox":[0,0,1,1],"area":1e0,"segmentation":{"counts":"}]","size":[2,2]}}],
        "categories": [{"id":1,"name":"c"}],
        "n": -1}

        """)
    let none = String(decoding: file.encoded(images: [9]), as: UTF8.self)
    #expect(none.hasPrefix("{\"images\": [],\n") && none.contains("\"annotations\": [],"))
  }

  @Test("a key of an image is its text, or nothing")
  func values() throws {
    let folder = try TemporaryFolder(["a.json": Self.text])
    let file = try CocoFileText(contentsOf: folder.path + "/a.json")
    #expect(
      file.value(of: "g", ofImage: 1) == "7.50" && file.value(of: "g", ofImage: 0) == "{\"a\":[1,\"]\"]}")
    #expect(file.value(of: "k", ofImage: 0) == nil && file.value(of: "g", ofImage: 2) == nil)
    #expect(file.value(of: "file_name", ofImage: 0) == "a\"],[{\\" && file.value(of: "g", ofImage: 8) == nil)
    #expect(file.keys(ofImage: 2) == ["width", "height", "id"])
  }
}
