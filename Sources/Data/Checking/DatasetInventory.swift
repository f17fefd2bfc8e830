import Configuration

/// A fault in the files of a data set, as `dense data check` reports it.
public struct DataFault: Sendable, Hashable, Encodable {
  /// What a fault comes to.
  public enum Severity: String, Sendable, Encodable {
    /// A run stops there, or does not learn or judge what it should: exit status 1.
    case error
    /// Worth knowing; training does with it what it should.
    case note
  }

  /// The file with the fault: an image, a label map or the annotation file.
  public var file: String
  /// The annotation's or image's id in the annotation file, if it has one.
  public var id: Int?
  /// What kind of fault it is: `missing_file`, `truncated_image`, `zero_area_box`, ...
  public var kind: String
  /// What is wrong, and where a remedy is known, what to do.
  public var message: String
  /// What it comes to.
  public var severity: Severity
  /// What training does with it; empty where that is not said. Told once a kind, and not in JSON.
  public var effect: String

  enum CodingKeys: String, CodingKey { case file, id, kind, message, severity }

  /// A fault in a file.
  public init(
    file: String, id: Int? = nil, kind: String, message: String, severity: Severity = .error,
    effect: String = ""
  ) {
    self.file = file
    self.id = id
    self.kind = kind
    self.message = message
    self.severity = severity
    self.effect = effect
  }
}

/// What a data set's files name, however broken they are: faults are collected, not thrown.
public struct DatasetInventory: Sendable {
  /// Every image that the files name, before the pipeline.
  public var samples: [Sample]
  /// Objects, label maps, or images with a class in all.
  public var annotationCount: Int
  /// What is wrong with the annotations themselves; images are not opened for it.
  public var faults: [DataFault]
  /// What is wrong only where the pipeline loads the masks of objects.
  public var maskFaults: [DataFault]
  /// Names of the classes of label maps and of whole images, in the order of their numbers; empty where there are none.
  public var classes: [String]
  /// Whether `imageID` of a sample is the files' own number of it.
  public var identifiesImages: Bool
  /// The data sets that this one is made of, each of which is checked by itself.
  public var parts: [ComponentConfiguration] = []

  /// What a data set that is made of others names: nothing of its own.
  public init(parts: [ComponentConfiguration]) {
    self.init(samples: [], annotationCount: 0, faults: [])
    self.parts = parts
  }

  /// Images, the number of annotations and the faults found among them.
  public init(
    samples: [Sample], annotationCount: Int, faults: [DataFault], maskFaults: [DataFault] = [],
    classes: [String] = [], identifiesImages: Bool = true
  ) {
    self.samples = samples
    self.annotationCount = annotationCount
    self.faults = faults
    self.maskFaults = maskFaults
    self.classes = classes
    self.identifiesImages = identifiesImages
  }
}
