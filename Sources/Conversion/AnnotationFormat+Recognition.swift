import Files
import Foundation

extension AnnotationFormat {
  /// The format of what a command is given in place of COCO's files, label maps or folders of classes, by how its files
  /// lie and what they hold; nil where it is none that can be told.
  ///
  /// - Returns: The format, and the input that `dense data convert` wants.
  public static func recognised(_ inputs: [String]) -> (format: AnnotationFormat, input: String)? {
    let inputs = inputs.map { path in
      var path = path
      while path.hasSuffix("/"), path.count > 1 { path.removeLast() }
      return path
    }
    guard let last = inputs.last, let first = inputs.first else { return nil }
    guard inputs.count == 1 else {
      // Pictures and annotations, each in a folder of its own.
      let parent = Folder.split(last).folder
      return recognised(folder: parent.isEmpty ? "." : parent, of: last)
    }
    if Folder.isFolder(first) { return recognised(folder: first).map { ($0, first) } }
    guard let format = recognised(file: first) else { return nil }
    guard format == .voc else { return (format, first) }
    // A file a picture: their folder, or the one in which Annotations is.
    let folder = Folder.split(first).folder
    let above = Folder.split(folder)
    let input = above.name == "Annotations" ? above.folder : folder
    return (format, input.isEmpty ? "." : input)
  }

  /// The command line that converts an input.
  public func conversion(of input: String, to out: String) -> String {
    let needsPictures = [.via, .cvat, .labelStudio, .panoptic].contains(self)
    return "dense data convert \(rawValue) \(input.quotedForShell)"
      + (needsPictures ? " --images FOLDER" : "")
      + " --out \(out.quotedForShell)"
  }

  /// What a folder is of whose own one holds no label maps but another kind of file.
  private static func recognised(
    folder: String, of annotations: String
  ) -> (format: AnnotationFormat, input: String)? {
    guard let files = try? Folder.files(below: annotations), !files.contains(where: PictureIndex.isPicture)
    else {
      return nil
    }
    if let format = recognised(folder: folder), [.voc, .yolo, .cityscapes].contains(format) {
      return (format, folder)
    }
    return recognised(folder: annotations).map { ($0, annotations) }
  }

  private static func recognised(folder: String) -> AnnotationFormat? {
    guard let entries = try? Folder.contents(of: folder) else { return nil }
    let folders = Set(entries.filter(\.isFolder).map(\.name))
    let files = entries.filter { !$0.isFolder }.map(\.name)
    if folders.contains("gtFine") { return .cityscapes }
    if folders.contains("Annotations"), holds("xml", below: Folder.join(folder, "Annotations")) {
      return .voc
    }
    if files.contains(where: { ["data.yaml", "dataset.yaml", "data.yml"].contains($0) }) { return .yolo }
    if folders.isSuperset(of: ["images", "labels"]), holds("txt", below: Folder.join(folder, "labels")) {
      return .yolo
    }
    if folders.contains(where: { files in
      FileIdentity(Folder.join(Folder.join(folder, files), "_annotations.coco.json")).exists
    }) {
      return .roboflow
    }
    for ending in ["json", "xml"] {
      guard let name = files.first(where: { self.ending(of: $0) == ending }),
        let format = recognised(file: Folder.join(folder, name)), format == .labelme || format == .voc
      else { continue }
      return format
    }
    let hasMasks = folders.contains { name in
      ["images", "masks"].allSatisfy { Folder.isFolder(Folder.join(Folder.join(folder, name), $0)) }
    }
    return hasMasks ? .masks : nil
  }

  private static func ending(of name: String) -> String { Folder.splitExtension(name).extension.lowercased() }

  /// Whether a folder, or one in it, has a file with this ending.
  private static func holds(_ ending: String, below folder: String) -> Bool {
    ((try? Folder.files(below: folder)) ?? []).contains { self.ending(of: $0) == ending }
  }

  private static func recognised(file: String) -> AnnotationFormat? {
    let ending = ending(of: Folder.split(file).name)
    guard ["json", "xml", "csv", "yaml", "yml"].contains(ending),
      let bytes = try? RegularFile(file).whole()
    else { return nil }
    let data = Data(bytes)
    func has(_ names: String...) -> Bool { names.allSatisfy { data.range(of: Data($0.utf8)) != nil } }
    switch ending {
    case "xml": return has("<annotations>") ? .cvat : has("<annotation>") ? .voc : nil
    case "csv": return has("region_shape_attributes") ? .via : nil
    case "yaml", "yml":
      let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
      let keys = Set(lines.map { $0.prefix { $0 != ":" } })
      return keys.contains("names") && !keys.isDisjoint(with: ["train", "val", "test"]) ? .yolo : nil
    default:
      if has("\"segments_info\"") { return .panoptic }
      if has("\"images\"", "\"categories\"") { return nil }
      if has("\"_via_img_metadata\"") || has("\"regions\"", "\"filename\"") { return .via }
      if has("\"shapes\"", "\"imagePath\"") { return .labelme }
      let isList = data.first { ![0x20, 0x0A, 0x0D, 0x09].contains($0) } == UInt8(ascii: "[")
      return isList && has("\"data\"") && (has("\"annotations\"") || has("\"completions\""))
        ? .labelStudio : nil
    }
  }
}
