/// A fault in the files of a data set, as `dense data check` reports it.
public struct DataFault: Sendable, Hashable, Encodable {
  /// The file with the fault: an image, a label map or the annotation file.
  public var file: String
  /// The annotation's or image's id in the annotation file, if it has one.
  public var id: Int?
  /// What kind of fault it is: `missing_file`, `truncated_image`, `zero_area_box`, ...
  public var kind: String
  /// What is wrong, and where a remedy is known, what to do.
  public var message: String

  /// A fault in a file.
  public init(file: String, id: Int? = nil, kind: String, message: String) {
    self.file = file
    self.id = id
    self.kind = kind
    self.message = message
  }
}

/// What a data set's files name, however broken they are: faults are collected, not thrown.
public struct DatasetInventory: Sendable {
  /// Every image that the files name, before the pipeline.
  public var samples: [Sample]
  /// Objects or label maps in all.
  public var annotationCount: Int
  /// What is wrong with the annotations themselves; images are not opened for it.
  public var faults: [DataFault]
  /// Names of the classes of label maps, in the order of their numbers; empty where there are none.
  public var classes: [String]
  /// Whether `imageID` of a sample is the files' own number of it.
  public var identifiesImages: Bool

  /// Images, the number of annotations and the faults found among them.
  public init(
    samples: [Sample], annotationCount: Int, faults: [DataFault], classes: [String] = [],
    identifiesImages: Bool = true
  ) {
    self.samples = samples
    self.annotationCount = annotationCount
    self.faults = faults
    self.classes = classes
    self.identifiesImages = identifiesImages
  }
}
