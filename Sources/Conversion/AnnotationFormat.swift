import Data

/// The formats that annotations are read from: a new one is a file in `Formats`, a case and a line here.
public enum AnnotationFormat: String, CaseIterable, Sendable {
  /// COCO's instances.
  case coco
  /// Pascal VOC's XML files, and its masks of objects.
  case voc
  /// Text files of boxes or polygons, and a `data.yaml`.
  case yolo
  /// LabelMe's JSON files.
  case labelme
  /// VGG Image Annotator's JSON and CSV.
  case via
  /// CVAT's XML "for images".
  case cvat
  /// Label Studio's JSON.
  case labelStudio = "label-studio"
  /// COCO as Roboflow writes it.
  case roboflow
  /// Cityscapes' maps of instances.
  case cityscapes
  /// A file a mask, or maps of numbered objects.
  case masks
  /// A colour a class.
  case colours
  /// COCO's panoptic maps.
  case panoptic

  /// What the inputs are, for help texts.
  public var inputs: String {
    switch self {
    case .coco: "annotation files of COCO (--images: their pictures)"
    case .voc: "folders with Annotations/*.xml, JPEGImages and perhaps ImageSets and SegmentationObject"
    case .yolo: "data.yaml, or a folder with images/ and labels/ (boxes or polygons)"
    case .labelme: "folders of LabelMe's JSON files"
    case .via: "JSON or CSV files of VGG Image Annotator (--images: their pictures)"
    case .cvat: "XML files 'CVAT for images' (--images: their pictures)"
    case .labelStudio: "JSON files of Label Studio (--images: their pictures)"
    case .roboflow: "folders with {train,valid,test}/_annotations.coco.json, as Roboflow writes them"
    case .cityscapes: "the folder with gtFine/ and leftImg8bit/"
    case .masks: "a folder of PICTURE/{images,masks}, or the pictures' folder and the masks' folder"
    case .colours:
      "the pictures' folder and the folder of the coloured maps (--table: which colour is which class)"
    case .panoptic: "panoptic_*.json, whose maps lie in the folder of its name (--images: their pictures)"
    }
  }

  /// Whether training reads the files as they are.
  public var isReadDirectly: Bool { self == .coco || self == .roboflow }

  /// Reads annotations. What cannot be read of them is in the result, with file and id.
  ///
  /// - Throws: `DataError` and `FileError` where an input is not of the format at all.
  public func read(_ inputs: [String], options: ReadingOptions = ReadingOptions()) throws -> AnnotationReading
  {
    guard let first = inputs.first else { throw DataError(file: nil, "no input: \(self.inputs)") }
    var collector = AnnotationCollector(options)
    switch self {
    case .coco: try CocoFiles.read(inputs, &collector)
    case .voc: try PascalVOC.read(inputs, &collector)
    case .yolo: try YOLO.read(inputs, &collector)
    case .labelme: try LabelMe.read(inputs, &collector)
    case .via: try VIA.read(inputs, &collector)
    case .cvat: try CVAT.read(inputs, &collector)
    case .labelStudio: try LabelStudio.read(inputs, &collector)
    case .roboflow: try CocoFiles.readRoboflow(inputs, &collector)
    case .cityscapes: try Cityscapes.read(inputs, &collector)
    case .masks: try MaskFolders.read(inputs, &collector)
    case .colours: try ColourMaps.read(inputs, &collector)
    case .panoptic: try Panoptic.read(inputs, &collector)
    }
    return try collector.finished(first)
  }
}
