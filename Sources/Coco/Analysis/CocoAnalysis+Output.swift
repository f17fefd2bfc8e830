import Files
import Foundation

extension CocoAnalysis: Encodable {
  enum CodingKeys: String, CodingKey {
    case errors, calibration, curves
    case worstImages = "worst_images"
    case labelErrors = "likely_label_errors"
    case confusion = "confusion_matrix"
    case crowding = "by_objects"
  }

  /// Writes `errors`, `worst_images`, `likely_label_errors`, `calibration`, `confusion_matrix`, `curves`, `by_objects`.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(errors, forKey: .errors)
    try keys.encode(worstImages, forKey: .worstImages)
    try keys.encode(labelErrors, forKey: .labelErrors)
    try keys.encode(calibration, forKey: .calibration)
    try keys.encode(confusion, forKey: .confusion)
    try keys.encode(curves, forKey: .curves)
    try keys.encode(crowding, forKey: .crowding)
  }
}

extension CocoAnalysis.Suspect: Encodable {
  enum CodingKeys: String, CodingKey {
    case why
    case imageID = "image_id"
    case annotationID = "annotation_id"
  }

  /// Writes `image_id`, `annotation_id` (null where it is about none) and `why`.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(imageID, forKey: .imageID)
    try keys.encode(annotationID, forKey: .annotationID)
    try keys.encode(why, forKey: .why)
  }
}

extension ErrorSplit: Encodable {
  enum CodingKeys: String, CodingKey {
    case classification, localisation, both, duplicate, background, missed, counts
    case falsePositives = "false_positive"
    case falseNegatives = "false_negative"
    case averagePrecision = "AP50"
  }

  /// Writes points by kind, `false_positive`, `false_negative`, `AP50` (as tidecv counts it) and `counts`.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    for kind in Kind.allCases {
      if let key = CodingKeys(rawValue: kind.rawValue) { try keys.encode(gains[kind], forKey: key) }
    }
    try keys.encode(falsePositives, forKey: .falsePositives)
    try keys.encode(falseNegatives, forKey: .falseNegatives)
    try keys.encode(averagePrecision, forKey: .averagePrecision)
    try keys.encode(
      Dictionary(uniqueKeysWithValues: counts.map { ($0.rawValue, $1) }), forKey: .counts)
  }
}

extension CocoAnalysis {
  /// Tables for the terminal.
  public var text: String {
    func points(_ value: Double) -> String { String(format: "%.2f", value) }
    var lines = [
      "AP50 \(points(errors.averagePrecision)) in points; what mending a kind of error alone would add:"
    ]
    let kinds = ErrorSplit.Kind.allCases.map {
      [$0.rawValue, points(errors.gains[$0] ?? 0), "\(errors.counts[$0] ?? 0)"]
    }
    let special = [
      ["all wrong detections last", points(errors.falsePositives)],
      ["all objects found", points(errors.falseNegatives)],
    ]
    lines +=
      TextTable(
        [.left(), .right(), .right()], indent: 1, rows: [["error", "points", "count"]] + kinds + special
      ).lines
    lines += ["", "by the number of objects in an image:"]
    let crowds = crowding.map { group in
      let last = group.to.map { "-\($0)" } ?? " or more"
      return ["\(group.from)\(last)", "\(group.images)", points(group.averagePrecision50)]
    }
    lines +=
      TextTable(
        [.left(), .right(), .right()], indent: 1, rows: [["objects", "images", "AP50"]] + crowds
      ).lines
    lines += ["", "classes that are taken for another, from the score \(Self.leastScore) on:"]
    lines += mistakes
    if let error = calibration.expectedError {
      lines += ["", "scores differ from the share of right detections by \(points(error)) in the mean"]
    }
    lines += list("images with the most faults:", worstImages) + list("likely label errors:", labelErrors)
    return lines.joined(separator: "\n")
  }

  /// The ten most frequent confusions of two classes.
  private var mistakes: [String] {
    var pairs: [(count: Int, text: [String])] = []
    for (row, counts) in confusion.dropLast().enumerated() {
      for (column, count) in counts.dropLast().enumerated() where row != column && count > 0 {
        pairs.append((count, [classes[row].name, "as \(classes[column].name)", "\(count)"]))
      }
    }
    guard !pairs.isEmpty else { return [" none"] }
    let order = pairs.indices.sorted {
      pairs[$0].count != pairs[$1].count ? pairs[$0].count > pairs[$1].count : $0 < $1
    }
    return TextTable([.left(), .left(), .right()], indent: 1, rows: order.prefix(10).map { pairs[$0].text })
      .lines
  }

  private func list(_ title: String, _ suspects: [Suspect]) -> [String] {
    guard !suspects.isEmpty else { return [] }
    return ["", title]
      + suspects.map { suspect in
        " image \(suspect.imageID)" + (suspect.annotationID.map { ", annotation \($0)" } ?? "")
          + ": \(suspect.why)"
      }
  }
}
