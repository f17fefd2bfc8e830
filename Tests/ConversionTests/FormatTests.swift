import Coco
import Conversion
import Data
import Imaging
import Masks
import TestSupport
import Testing

@Suite("Annotation formats")
struct FormatTests {
  private static func xml(
    _ objects: String, size: String = "<size><width>50</width><height>40</height></size>"
  ) -> String {
    "<?xml version=\"1.0\"?><!-- made by hand -->\n<annotation><filename>a.png</filename>\(size)\(objects)</annotation>"
  }

  private static func object(_ name: String, _ box: [Int], _ more: String = "") -> String {
    "<object><name>\(name)</name>\(more)<bndbox><xmin>\(box[0])</xmin><ymin>\(box[1])</ymin><xmax>\(box[2])</xmax>"
      + "<ymax>\(box[3])</ymax></bndbox></object>"
  }

  @Test(
    "voc: mm's boxes, difficult objects as crowds, splits; what cannot be read is listed with file and id")
  func voc() throws {
    let folder = try TemporaryFolder([
      "Annotations/a.xml": Self.xml(
        Self.object("cat", [1, 1, 11, 21])
          + Self.object("a &amp; b", [3, 4, 9, 9], "<difficult>1</difficult>")
          + Self.object("cat", [9, 9, 5, 12]) + "<object><name>dog</name></object>"),
      "Annotations/b.xml": Self.xml(Self.object("dog", [5, 5, 45, 35])), "Annotations/c.xml": "<annotation>",
      "Annotations/d.xml": Self.xml(""), "ImageSets/Main/train.txt": "a\nc\n",
      "ImageSets/Main/val.txt": "b\n",
      "ImageSets/Main/trainval.txt": "a\nb\nc\n",
    ])
    for name in ["a", "b", "c", "d"] { try folder.picture("JPEGImages/\(name).png") }
    let reading = try AnnotationFormat.voc.read(folder, "")
    #expect(reading.sets.map(\.split) == ["train", "val"])
    #expect(reading.sets[0].classes == ["a & b", "cat", "dog"])
    #expect(
      reading.boxes == [
        "cat [0.0, 0.0, 10.0, 20.0]", "a & b [2.0, 3.0, 6.0, 5.0]", "dog [4.0, 4.0, 40.0, 30.0]",
      ])
    #expect(reading.sets[0].images[0].objects.map(\.isCrowd) == [false, true])
    #expect(reading.faultKinds == ["no_box 4", "negative_box 3", "unreadable_file", "in_no_list"])
    #expect(
      reading.faults[2].file.hasSuffix("c.xml")
        && reading.faults[2].message.contains("the file ends within <annotation>"))
  }

  @Test("voc: maps of objects go to the boxes that they fit; a picture that is missing, another size")
  func vocMasks() throws {
    let folder = try TemporaryFolder([
      "Annotations/a.xml": Self.xml(
        Self.object("cat", [30, 10, 40, 20]) + Self.object("dog", [1, 1, 11, 21])),
      "Annotations/b.xml": Self.xml("", size: "<size><width>9</width><height>9</height></size>"),
      "Annotations/gone.xml": Self.xml("").replacing("a.png", with: "gone.png"),
    ])
    try folder.picture("JPEGImages/a.png")
    try folder.picture("JPEGImages/b.png")
    try folder.map("SegmentationObject/a.png") { row, column in
      row < 20 && column < 10
        ? 1 : (9..<20).contains(row) && (29..<40).contains(column) ? 2 : row == 39 ? 3 : 0
    }
    let reading = try AnnotationFormat.voc.read(folder, "")
    let objects = reading.sets[0].images[0].objects
    #expect(try objects.map { try $0.segmentation?.mask(height: 40, width: 50).area } == [121, 200])
    #expect(reading.faultKinds.sorted() == ["mask_without_box 3", "size_mismatch", "unreadable_file"])
  }

  @Test("yolo: boxes, polygons, names with gaps; lines that are none are listed with their number")
  func yolo() throws {
    let folder = try TemporaryFolder([
      "data.yaml": "path: .\ntrain: images/train\nval: images/val\nnames: {0: cat, 7: dog}\n",
      "labels/train/a.txt":
        "0 0.5 0.5 0.2 0.5\n7 0 0 0.5 0 0.5 0.5\n3 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.1\n0 5 5 1 1\n"
        + "0 0.5 0.5 0.1 0.1 0.9\n",
      "labels/train/lost.txt": "0 0.5 0.5 0.1 0.1\n", "labels/val/c.txt": "",
    ])
    for name in ["train/a", "train/b", "val/c"] { try folder.picture("images/\(name).png") }
    let reading = try AnnotationFormat.yolo.read(folder, "data.yaml")
    #expect(reading.sets.map(\.split) == ["train", "val"] && reading.sets[0].classes == ["cat", "dog"])
    #expect(reading.boxes == ["cat [20.0, 10.0, 10.0, 20.0]", "dog [0.0, 0.0, 25.0, 20.0]"])
    #expect(reading.sets[0].images[0].objects[1].segmentation == .polygons([[0, 0, 25, 0, 25, 20]]))
    #expect(
      reading.faultKinds == [
        "illegal_line 3", "illegal_line 4", "illegal_line 5", "illegal_line 6", "no_label_file",
        "labels_without_image",
      ])
    #expect(try AnnotationFormat.yolo.read(folder, "").boxes == reading.boxes)
  }

  @Test("labelme: all shapes, groups; points are listed")
  func labelMe() throws {
    let window = try LabelMap(height: 2, width: 3, pixels: [1, 1, 0, 1, 1, 1]).encodedPNG()
    let folder = try TemporaryFolder([
      "a.json": """
      {"imagePath": "..\\\\pictures\\\\a.png", "imageHeight": 40, "imageWidth": 50, "shapes": [
       {"label": "cat", "points": [[1, 1], [11, 1], [11, 21]], "shape_type": "polygon", "group_id": 4},
       {"label": "cat", "points": [[20, 1], [30, 1], [30, 21]], "group_id": 4},
       {"label": "dog", "points": [[9, 8], [4, 2]], "shape_type": "rectangle"},
       {"label": "dog", "points": [[20, 20], [20, 30]], "shape_type": "circle"},
       {"label": "dog", "points": [[5, 6], [7, 7]], "shape_type": "mask", "mask": "\(base64(window))"},
       {"label": "dog", "points": [[5, 6]], "shape_type": "point"}]}
      """
    ])
    try folder.picture("a.png")
    let reading = try AnnotationFormat.labelme.read(folder, "")
    #expect(
      reading.boxes == [
        "cat [1.0, 1.0, 29.0, 20.0]", "dog [4.0, 2.0, 5.0, 6.0]", "dog [10.0, 10.0, 20.0, 20.0]",
        "dog [5.0, 6.0, 3.0, 2.0]",
      ])
    #expect(reading.faultKinds == ["unknown_shape 6"])
    let circle = try #require(reading.sets[0].images[0].objects[2].segmentation).mask(height: 40, width: 50)
    #expect(abs(Double(circle.area) - 314.16) < 12)
  }

  private func base64(_ bytes: [UInt8]) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    return stride(from: 0, to: bytes.count, by: 3).map { start in
      let part = bytes[start..<min(start + 3, bytes.count)]
      let word = (part + [0, 0]).prefix(3).reduce(0) { $0 << 8 | Int($1) }
      let text = [18, 12, 6, 0].map { letters[word >> $0 & 63] }.prefix(part.count + 1)
      return String(text) + String(repeating: "=", count: 3 - part.count)
    }.joined()
  }

  @Test("via: exports of both versions and projects; several attributes need a name")
  func via() throws {
    let regions = """
      {"shape_attributes": {"name": "rect", "x": 1, "y": 2, "width": "10", "height": 20}, "region_attributes": {"kind": "cat"}},
      {"shape_attributes": {"name": "polygon", "all_points_x": [1, 9, 9], "all_points_y": [1, 1, 9]},
       "region_attributes": {"kind": {"dog": true, "cat": false}}},
      {"shape_attributes": {"name": "ellipse", "cx": 20, "cy": 20, "rx": 10, "ry": 5}, "region_attributes": {"kind": "dog"}},
      {"shape_attributes": {"name": "point", "cx": 1, "cy": 1}, "region_attributes": {"kind": "dog"}}
      """
    let picture = "{\"a.png9\": {\"filename\": \"a.png\", \"size\": 9, \"regions\": [\(regions)]}}"
    let folder = try TemporaryFolder([
      "export.json": picture, "project.json": "{\"_via_settings\": {}, \"_via_img_metadata\": \(picture)}",
      "old.json":
        "{\"a.png9\": {\"filename\": \"a.png\", \"regions\": {\"0\": {\"shape_attributes\": {\"name\": \"rect\", \"x\": 1, "
        + "\"y\": 2, \"width\": 3, \"height\": 4}, \"region_attributes\": {}}}}}",
      "two.json": picture.replacing("{\"kind\": \"cat\"}", with: "{\"kind\": \"cat\", \"age\": \"3\"}"),
    ])
    try folder.picture("a.png")
    let wanted = ["cat [1.0, 2.0, 10.0, 20.0]", "dog [1.0, 1.0, 8.0, 8.0]", "dog [10.0, 15.0, 20.0, 10.0]"]
    for file in ["export.json", "project.json"] {
      let reading = try AnnotationFormat.via.read(folder, file)
      #expect(reading.boxes == wanted && reading.faultKinds == ["unknown_shape 4"], "\(file)")
    }
    #expect(try AnnotationFormat.via.read(folder, "old.json").boxes == ["object [1.0, 2.0, 3.0, 4.0]"])
    let error = #expect(throws: DataError.self) { try AnnotationFormat.via.read(folder, "two.json") }
    #expect(error?.message.contains("--attribute: age, kind") == true)
    #expect(
      try AnnotationFormat.via.read(folder, "two.json") { $0.attribute = "kind" }.boxes == wanted)
  }

  @Test("via: CSV exports of both versions; rows that are none are listed with their line")
  func viaTables() throws {
    let header =
      "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"
    func row(_ name: String, _ id: Int, _ shape: String, _ kind: String) -> String {
      let cells = [shape, kind].map { "\"\($0.replacing("'", with: "\"\""))\"" }
      return "\(name),9,\"{}\",4,\(id),\(cells.joined(separator: ","))\r\n"
    }
    let rows =
      row("\"ü, a.png\"", 0, "{'name':'rect','x':1,'y':2,'width':10,'height':20}", "{'kind':'cat'}")
      + row("b.png", 0, "{}", "{}")
      + row(
        "\"ü, a.png\"", 1, "{'name':'polygon','all_points_x':[1,9,9],\n'all_points_y':[1,1,9]}",
        "{'kind':{'dog':true}}")
    let folder = try TemporaryFolder([
      "two.csv": header + "\r\n" + rows, "one.csv": "#" + header + "\n" + rows.replacing("\r", with: ""),
      "bad.csv": header + "\n" + rows + "b.png,9\n" + row("b.png", 1, "{'name'", "{'kind':'cat'}")
        + row("b.png", 2, "{'name':'point','cx':1,'cy':1}", "{'kind':'cat'}")
        + row("c.png", 0, "{}", "{}"), "cut.csv": header + "\n" + rows.dropLast(4), "empty.csv": "",
      "three.csv":
        "# CSV_HEADER = metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata\n",
    ])
    for name in ["ü, a.png", "b.png"] { try folder.picture(name) }
    let wanted = ["cat [1.0, 2.0, 10.0, 20.0]", "dog [1.0, 1.0, 8.0, 8.0]"]
    for file in ["one.csv", "two.csv"] {
      let reading = try AnnotationFormat.via.read(folder, file)
      #expect(reading.boxes == wanted && reading.faults.isEmpty, "\(file): \(reading.faults)")
      #expect(reading.sets[0].images.count == 2)
    }
    let bad = try AnnotationFormat.via.read(folder, "bad.csv")
    #expect(bad.boxes == wanted)
    #expect(bad.faultKinds == ["illegal_line 6", "illegal_line 7", "unknown_shape 3", "missing_image"])
    for (file, message) in [
      ("cut.csv", "line 4: the file ends within a cell"), ("empty.csv", "is empty"),
      ("three.csv", "Annotator 3"),
    ] {
      let error = #expect(throws: DataError.self) { try AnnotationFormat.via.read(folder, file) }
      #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }
  }

  @Test("cvat: boxes, turned ones, polygons, masks, groups, subsets; tracks are refused")
  func cvat() throws {
    let folder = try TemporaryFolder([
      "annotations.xml": """
      <annotations><version>1.1</version><meta><task><labels><label><name>dog</name></label><label><name>cat</name></label>
      </labels></task></meta>
      <image id="7" name="a.png" width="50" height="40" subset="Train">
        <box label="cat" xtl="1.5" ytl="2" xbr="11.5" ybr="22"/>
        <box label="cat" xtl="10" ytl="10" xbr="30" ybr="20" rotation="90"/>
        <polygon label="dog" points="1,1;9,1;9,9" group_id="2"/><polygon label="dog" points="11,1;19,1;19,9" group_id="2"/>
        <mask label="dog" rle="1, 2, 3" left="4" top="5" width="3" height="2"/>
        <points label="dog" points="1,1"/>
      </image><image id="8" name="none.png" width="50" height="40"/></annotations>
      """,
      "video.xml": "<annotations><track id=\"0\" label=\"cat\"/></annotations>",
    ])
    try folder.picture("a.png")
    let reading = try AnnotationFormat.cvat.read(folder, "annotations.xml")
    #expect(reading.sets[0].classes == ["dog", "cat"] && reading.sets[0].split == "train")
    #expect(
      reading.boxes == [
        "cat [1.5, 2.0, 10.0, 20.0]", "cat [15.0, 5.0, 10.0, 20.0]", "dog [1.0, 1.0, 18.0, 8.0]",
        "dog [5.0, 5.0, 2.0, 1.0]",
      ])
    #expect(reading.faultKinds == ["unknown_shape 7", "missing_image 8"])
    #expect(throws: DataError.self) { try AnnotationFormat.cvat.read(folder, "video.xml") }
  }

  @Test("label-studio: hundredths of the sides, the server's names; brushes; a second annotator is told")
  func labelStudio() throws {
    let folder = try TemporaryFolder([
      "export.json": """
      [{"id": 5, "data": {"image": "/data/upload/1/0a1b2c3d-a.png", "n": 3}, "annotations": [{"result": [
        {"type": "rectanglelabels", "original_width": 50, "original_height": 40,
         "value": {"x": 10, "y": 10, "width": 20, "height": 50, "rotation": 0, "rectanglelabels": ["cat"]}},
        {"type": "polygonlabels", "value": {"points": [[0, 0], [50, 0], [50, 50]], "polygonlabels": ["dog"]}},
        {"type": "keypointlabels", "value": {"x": 1, "y": 1, "keypointlabels": ["dog"]}},
        {"type": "choices", "value": {"choices": ["good"]}}]}, {"result": []}, {"was_cancelled": true, "result": []}]},
       {"id": 6, "data": {"image": "b.png"}, "annotations": []}]
      """
    ])
    try folder.picture("a.png")
    let reading = try AnnotationFormat.labelStudio.read(folder, "export.json")
    #expect(reading.boxes == ["cat [5.0, 4.0, 10.0, 20.0]", "dog [0.0, 0.0, 25.0, 20.0]"])
    #expect(reading.faultKinds == ["several_annotations 5", "unknown_shape 5", "missing_image 6"])
  }

  @Test("roboflow: folders of a split each, ids stay, and the group without objects is no class")
  func roboflow() throws {
    let text = """
      {"images": [{"id": 3, "file_name": "a.png", "height": 40, "width": 50}],
       "annotations": [{"id": 9, "image_id": 3, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12, "iscrowd": 0,
        "segmentation": []}, {"id": 10, "image_id": 4, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12}],
       "categories": [{"id": 0, "name": "cells", "supercategory": "none"}, {"id": 1, "name": "cells"}]}
      """
    let folder = try TemporaryFolder([
      "train/_annotations.coco.json": text, "valid/_annotations.coco.json": text,
    ])
    try folder.picture("train/a.png")
    try folder.picture("valid/a.png")
    let reading = try AnnotationFormat.roboflow.read(folder, "")
    #expect(reading.sets.map(\.split) == ["train", "val"] && reading.sets[0].classes == ["cells"])
    #expect(reading.sets[0].categoryIDs == [1] && reading.sets[0].images[0].id == 3)
    #expect(reading.faultKinds == ["unknown_image 10", "unknown_image 10"])
  }

  @Test("cityscapes: instances, crowds, and classes without instances")
  func cityscapes() throws {
    let folder = try TemporaryFolder()
    try folder.map("gtFine/val/x/x_1_2_gtFine_instanceIds.png") { row, column in
      row < 10 ? 23 : row < 20 ? (column < 25 ? 26_000 : 26_001) : row < 30 ? 24 : 3
    }
    try folder.picture("leftImg8bit/val/x/x_1_2_leftImg8bit.png")
    let reading = try AnnotationFormat.cityscapes.read(folder, "")
    let objects = reading.sets[0].images[0].objects
    #expect(objects.map(\.className) == ["sky", "person", "car", "car"])
    #expect(
      objects.map(\.isStuff) == [true, false, false, false]
        && objects.map(\.isCrowd) == [false, true, false, false])
    let out = folder.at("out.json")
    let plan = try ConversionPlan(coco: reading, out: out)
    try plan.write()
    let coco = try CocoAnnotations(contentsOf: out)
    #expect(
      coco.annotations.map(\.categoryID) == [24, 26, 26] && plan.faults.map(\.kind) == ["no_instances"])
  }

  @Test("masks: a file an object, in either layout, and maps of numbered objects")
  func masks() throws {
    let folder = try TemporaryFolder()
    try folder.picture("bowl/x/images/x.png")
    try folder.map("bowl/x/masks/1.png") { row, column in row < 10 && column < 10 ? 255 : 0 }
    try folder.map("bowl/x/masks/2.png") { row, column in row >= 20 && column >= 20 ? 255 : 0 }
    try folder.map("bowl/x/masks/3.png") { _, _ in 0 }
    let reading = try AnnotationFormat.masks.read(folder, "bowl") { $0.classes = ["nucleus"] }
    #expect(reading.boxes == ["nucleus [0.0, 0.0, 10.0, 10.0]", "nucleus [20.0, 20.0, 30.0, 20.0]"])
    #expect(reading.faultKinds == ["empty_mask"])
    try folder.picture("images/a.png")
    try folder.picture("images/b.png")
    try folder.map("masks/a_1.png") { row, _ in row < 10 ? 1 : 0 }
    try folder.map("masks/a_2.png") { row, _ in row > 30 ? 1 : 0 }
    try folder.map("masks/b.png") { row, _ in row < 10 ? 1 : row < 20 ? 2 : 0 }
    try folder.map("masks/zzz.png") { _, _ in 1 }
    let others = try AnnotationFormat.masks.read(folder, "images", "masks")
    #expect(others.sets[0].images.map { $0.objects.count } == [2, 2])
    #expect(others.faultKinds == ["mask_without_image"])
  }

  @Test("colours: a table of any form; connected regions are objects; other colours are listed")
  func colours() throws {
    let folder = try TemporaryFolder([
      "camvid.txt": "255 0 0\tred car\n0 0 255\tsky\n",
      "csv.txt": "name,r,g,b\nred car,255,0,0\nsky,0,0,255\n",
      "cvat.txt": "# label:color_rgb:parts:actions\nred car:255,0,0::\nsky:0,0,255::\n",
      "hex.txt": "#ff0000 red car\nsky #0000ff\n",
      "twice.txt": "255 0 0 a\n255 0 0 b\n",
    ])
    try folder.picture("images/a.png")
    var image = Image(height: 40, width: 50, colour: [255, 0, 0])
    for place in 0..<40 * 50 {
      let (row, column) = (place / 50, place % 50)
      if row < 10, column < 10 || column > 40 {
        image.pixels.replaceSubrange(3 * place..<3 * place + 3, with: [0, 0, 255])
      }
      if row == 39 { image.pixels.replaceSubrange(3 * place..<3 * place + 3, with: [1, 2, 3]) }
    }
    try folder.write(try image.encodedPNG(), as: "maps/a.png")
    for table in ["camvid.txt", "csv.txt", "cvat.txt", "hex.txt"] {
      let reading = try AnnotationFormat.colours.read(folder, "images", "maps") {
        $0.table = folder.at(table)
      }
      #expect(
        reading.boxes.sorted() == [
          "red car [0.0, 0.0, 10.0, 10.0]", "red car [41.0, 0.0, 9.0, 10.0]", "sky [0.0, 0.0, 50.0, 39.0]",
        ], "\(table)")
      #expect(
        reading.faultKinds == ["unlisted_colour"]
          && reading.faults[0].message.contains("[3, 2, 1] (50 pixels)"))
    }
    #expect(throws: DataError.self) {
      try AnnotationFormat.colours.read(folder, "images", "maps") { $0.table = folder.at("twice.txt") }
    }
    #expect(throws: DataError.self) { try AnnotationFormat.colours.read(folder, "images", "maps") }
  }

  @Test("panoptic: segments by number; what the file or the map alone knows is listed")
  func panoptic() throws {
    let folder = try TemporaryFolder([
      "panoptic_val.json": """
      {"images": [{"id": 2, "file_name": "a.png", "height": 40, "width": 50}],
       "annotations": [{"image_id": 2, "file_name": "a.png", "segments_info": [
         {"id": 66051, "category_id": 5, "iscrowd": 0}, {"id": 7, "category_id": 9}, {"id": 99, "category_id": 9}]}],
       "categories": [{"id": 5, "name": "cat", "isthing": 1}, {"id": 9, "name": "sky", "isthing": 0}]}
      """
    ])
    try folder.picture("images/a.png")
    var image = Image(height: 40, width: 50, colour: [0, 0, 7])
    // 66051 is 3 + 256 * 2 + 65536 * 1: red 3, green 2, blue 1.
    for place in 0..<10 * 50 { image.pixels.replaceSubrange(3 * place..<3 * place + 3, with: [1, 2, 3]) }
    image.pixels.replaceSubrange(3 * 39 * 50..<3 * 39 * 50 + 3, with: [0, 0, 8])
    try folder.write(try image.encodedPNG(), as: "panoptic_val/a.png")
    let reading = try AnnotationFormat.panoptic.read(folder, "panoptic_val.json") {
      $0.images = folder.at("images")
    }
    #expect(reading.sets[0].split == "val" && reading.boxes.count == 2)
    #expect(reading.faultKinds == ["unknown_segment 99", "unknown_segment 8"])
    try ConversionPlan(labelMaps: reading, out: folder.at("out")).write()
    let map = try LabelMap.read(file: folder.at("out/label_maps/val/a.png"))
    #expect(map.pixels[0] == 0 && map.pixels[500] == 1 && map.pixels[39 * 50] == 255)
  }
}
