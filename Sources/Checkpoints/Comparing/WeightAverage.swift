import Files
import Foundation

/// The mean of the weights of several checkpoints of one model.
public enum WeightAverage {
  /// The mean of each number, worked out in double precision. Halves and bfloat16 become float32; whole numbers (a batch
  /// norm's counter, an index) are those of the last file.
  ///
  /// - Parameter files: Their weights have the same names and shapes.
  /// - Throws: `CheckpointError` that names the file and what differs from the first, or what is not finite.
  public static func mean(of files: [Checkpoint]) throws -> [String: StoredTensor] {
    guard let first = files.first, let last = files.last else { return [:] }
    for other in files.dropFirst() { try requireSameForm(first, other) }
    return try first.weights.reduce(into: [:]) { means, entry in
      let (name, tensor) = entry
      guard tensor.type.isFloatingPoint else {
        means[name] = last.weights[name]
        return
      }
      var sums = [Double](repeating: 0, count: tensor.shape.reduce(1, *))
      for file in files {
        guard let numbers = file.weights[name]?.doubles, numbers.count == sums.count else { continue }
        for index in sums.indices { sums[index] += numbers[index] }
        guard numbers.allSatisfy(\.isFinite) else {
          throw CheckpointError(
            file: file.file, "its tensor '\(name.printed)' has numbers that are not finite")
        }
      }
      means[name] = StoredTensor(
        doubles: sums.map { $0 / Double(files.count) }, type: tensor.type == .float64 ? .float64 : .float32,
        shape: tensor.shape)
    }
  }

  /// Whether two files hold weights of one model.
  private static func requireSameForm(_ first: Checkpoint, _ other: Checkpoint) throws {
    let difference = WeightDifference(first.weights, other.weights, looksAtNumbers: false)
    let rows = difference.formRows
    guard rows.isEmpty else {
      let table = TextTable(
        [.left(), .left(), .left()], indent: 2, rows: [["", "the first", "this file"]] + rows.prefix(20))
      throw CheckpointError(
        file: other.file,
        "holds other weights than \(first.file.printed): \(rows.count) of \(difference.count) tensors differ\n"
          + table.text + (rows.count > 20 ? "\n  … and \(rows.count - 20) more" : ""))
    }
    let classes = (try first.classes(), try other.classes())
    if let a = classes.0, let b = classes.1, a != b {
      throw CheckpointError(file: other.file, "was trained with other classes than \(first.file.printed)")
    }
  }
}
