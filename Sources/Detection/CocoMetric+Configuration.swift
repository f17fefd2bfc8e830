import Coco
import Configuration

extension CocoMetric {
  /// mmdetection's keys.
  public struct Configuration: Decodable, Sendable {
    /// What `metric` may name.
    enum Kind: String, Decodable, CaseIterable, Sendable {
      case bbox, segm, proposal
      case proposalFast = "proposal_fast"

      /// What an evaluator compares; nil for the fast recall, which is no evaluator's.
      var type: CocoIoUType? { CocoIoUType(rawValue: rawValue) }
    }

    var annotationFile: String?
    var metrics: [Kind]
    var isClasswise: Bool
    var proposalLimits: [Int]?
    var thresholds: [Double]?
    var items: [String]?
    var formatsOnly: Bool
    var filePrefix: String?
    /// In front of the figures' names, with its slash.
    var prefix: String

    enum CodingKeys: String, CodingKey {
      case metric, classwise, prefix
      case annotationFile = "ann_file"
      case proposalLimits = "proposal_nums"
      case thresholds = "iou_thrs"
      case items = "metric_items"
      case formatsOnly = "format_only"
      case filePrefix = "outfile_prefix"
      case sortsCategories = "sort_categories"
      case usesProcesses = "use_mp_eval"
      case collectingDevice = "collect_device"
    }

    /// Decodes mmdetection's keys; `metric` and `iou_thrs` are one value or a list.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      annotationFile = try keys.decodeIfPresent(String.self, forKey: .annotationFile)
      if (try? keys.decode(String.self, forKey: .metric)) != nil {
        metrics = [try keys.decode(Kind.self, forKey: .metric)]
      } else {
        metrics = try keys.decodeIfPresent([Kind].self, forKey: .metric) ?? [.bbox]
      }
      guard Set(metrics).count == metrics.count, !metrics.isEmpty else {
        throw keys.refusal(
          "one or more of bbox, segm, proposal, proposal_fast, each once, are wanted", forKey: .metric)
      }
      isClasswise = try keys.decodeIfPresent(Bool.self, forKey: .classwise) ?? false
      proposalLimits = try keys.decodeIfPresent([Int].self, forKey: .proposalLimits)
      if let limits = proposalLimits, limits.count != 3 || limits.contains(where: { $0 < 1 }) {
        throw keys.refusal(
          "three positive numbers are wanted, such as [100, 300, 1000]", forKey: .proposalLimits)
      }
      if let one = try? keys.decode(Double.self, forKey: .thresholds) {
        thresholds = [one]
      } else {
        thresholds = try keys.decodeIfPresent([Double].self, forKey: .thresholds)
      }
      if let thresholds, thresholds.isEmpty || !thresholds.allSatisfy({ (0...1).contains($0) }) {
        throw keys.refusal(
          "one or more numbers from 0 to 1 are wanted, such as [0.5, 0.75]", forKey: .thresholds)
      }
      items = try keys.decodeIfPresent([String].self, forKey: .items)
      if let unknown = items?.first(where: { !CocoIoUType.figureNames.contains($0) }) {
        throw keys.refusal(
          "\(unknown) is no figure; there are \(CocoIoUType.figureNames.joined(separator: ", "))",
          forKey: .items)
      }
      formatsOnly = try keys.decodeIfPresent(Bool.self, forKey: .formatsOnly) ?? false
      filePrefix = try keys.decodeIfPresent(String.self, forKey: .filePrefix)
      guard !formatsOnly || filePrefix != nil else {
        throw keys.refusal("needs outfile_prefix, where the results go", forKey: .formatsOnly)
      }
      if let prefix = filePrefix, prefix.isEmpty || prefix.hasSuffix("/") {
        throw keys.refusal(
          "\(prefix.debugDescription) names no file; DIR/NAME is wanted, for NAME.bbox.json",
          forKey: .filePrefix)
      }
      let name = try keys.decodeIfPresent(String.self, forKey: .prefix) ?? "coco"
      prefix = name.isEmpty ? "" : "\(name)/"
      // Classes are found by their names, whatever the order of the file, and nothing is collected over devices.
      _ = try keys.decodeIfPresent(Bool.self, forKey: .sortsCategories)
      _ = try keys.decodeIfPresent(Bool.self, forKey: .usesProcesses)
      _ = try keys.decodeIfPresent(String.self, forKey: .collectingDevice)
    }

    /// What evaluators compare.
    var types: [CocoIoUType] { metrics.compactMap(\.type) }
    /// How many detections of an image and class count; mmdetection's, for boxes and masks too.
    var limits: [Int] { proposalLimits ?? CocoIoUType.proposal.maximumDetections }

    /// The names of a type's figures, and mmdetection's items that they are.
    func figures(of type: CocoIoUType) -> [(name: String, item: String)] {
      (items ?? type.usualFigures).map { (type == .proposal ? $0 : "\(type.rawValue)_\($0)", $0) }
    }
  }
}
