import Imaging
import Masks

/// The annotations of one split, in COCO's form of instances.
///
/// Everything is a whole number and every key known: the text is put together here, quickly and always alike.
struct ReefAnnotations {
  private var images: [String] = []
  private var annotations: [String] = []

  /// A picture's entry, and the entries of its animals.
  struct Page: Sendable {
    var image: String
    /// Without the id, which the place in the file decides on.
    var objects: [String]

    init(_ scene: ReefScene, id: Int, fileName: String) {
      image =
        #"{"id":\#(id),"file_name":"\#(fileName)","height":\#(scene.image.height),"width":\#(scene.image.width)}"#
      objects = scene.animals.compactMap { one in
        Self.object(one.mask, category: one.animal, image: id, isCrowd: false)
      }
      if let school = scene.school,
        let object = Self.object(school, category: .fish, image: id, isCrowd: true)
      {
        objects.append(object)
      }
    }

    private static func object(_ mask: Bitmap, category: ReefAnimal, image: Int, isCrowd: Bool) -> String? {
      let runs = RunLengthMask(mask)
      guard runs.area > 0 else { return nil }
      let box = runs.boundingBox
      let segmentation: String
      if !isCrowd, let parts = ReefPolygons.parts(of: mask) {
        segmentation = "\(parts)".filter { $0 != " " }
      } else if isCrowd {
        segmentation =
          #"{"counts":\#("\(runs.counts)".filter { $0 != " " }),"size":[\#(mask.height),\#(mask.width)]}"#
      } else {
        let text = runs.compressed.map { $0 == "\\" ? #"\\"# : String($0) }.joined()
        segmentation = #"{"counts":"\#(text)","size":[\#(mask.height),\#(mask.width)]}"#
      }
      let corners = [box.x, box.y, box.width, box.height].map { String(Int($0)) }.joined(separator: ",")
      return #""image_id":\#(image),"category_id":\#(category.rawValue),"iscrowd":\#(isCrowd ? 1 : 0),"#
        + #""area":\#(runs.area),"bbox":[\#(corners)],"segmentation":\#(segmentation)}"#
    }
  }

  /// Adds a picture and its animals.
  mutating func append(_ page: Page) {
    images.append(page.image)
    for object in page.objects { annotations.append(#"{"id":\#(annotations.count + 1),"# + object) }
  }

  /// The file.
  func text(description: String) -> String {
    let categories = ReefAnimal.allCases
      .map { #"{"id":\#($0.rawValue),"name":"\#($0.name)","supercategory":"animal"}"# }
    func list(_ entries: [String]) -> String { "[\n" + entries.joined(separator: ",\n") + "\n]" }
    return #"{"info":{"description":"\#(description)"},"images":\#(list(images)),"# + "\n"
      + #""annotations":\#(list(annotations)),"# + "\n" + #""categories":\#(list(categories))}"# + "\n"
  }
}
