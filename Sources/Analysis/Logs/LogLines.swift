import Foundation

/// What single lines of logs tell, of several toolkits.
struct LogLines {
  /// Figures of one moment.
  struct Moment {
    var step: Double
    var isOfValidation: Bool
    var values: [(name: String, value: Double)]
  }

  /// The newest iteration of training.
  var lastStep = 0.0
  /// Iterations of an epoch, as far as lines have told it.
  private var epochLength = 0.0

  /// Nil for a line without figures.
  mutating func moment(of line: Substring) -> Moment? {
    let line = line.drop { $0 == " " }
    return line.first == "{" ? object(line) : text(line)
  }

  // MARK: JSON lines

  /// Figures that say where a line stands, or how fast it was made.
  private static let places: Set<String> = ["step", "iter", "iteration", "epoch", "mode"]

  private mutating func object(_ line: Substring) -> Moment? {
    guard
      let fields = try? JSONDecoder().decode([String: Field].self, from: Foundation.Data(line.utf8))
    else { return nil }
    func number(_ name: String) -> Double? { fields[name]?.number }
    let mode = fields["mode"]?.text
    let isOfValidation =
      mode.map { $0 == "val" } ?? (number("iteration") == nil && number("iter") == nil && number("lr") == nil)
    let step: Double
    if let iteration = number("iteration") {
      step = iteration + 1
    } else if mode != nil, let epoch = number("epoch"), let within = number("iter") {
      if !isOfValidation { epochLength = max(epochLength, within) }
      step = isOfValidation ? lastStep : (epoch - 1) * epochLength + within
    } else if let iteration = number("iter") {
      step = iteration
    } else if let own = number("step") {
      // A loop that counts epochs gives those as the step of a validation.
      step = isOfValidation && lastStep > 0 ? lastStep : own
    } else {
      return nil
    }
    let values = fields.filter { !Self.places.contains($0.key) }.compactMap { name, field in
      field.number.map { (name: name, value: $0) }
    }
    return Moment(
      step: step, isOfValidation: isOfValidation,
      values: Self.split(values.sorted { $0.name < $1.name }, isOfValidation: isOfValidation))
  }

  /// Of a validation only its figures.
  private static func split(
    _ values: [(name: String, value: Double)], isOfValidation: Bool
  ) -> [(name: String, value: Double)] {
    isOfValidation
      ? values.filter { !["time", "data_time", "lr", "memory", "eta"].contains($0.name) } : values
  }

  private enum Field: Decodable {
    case number(Double)
    case text(String)
    case other

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let number = try? value.decode(Double.self) {
        self = .number(number)
      } else if let text = try? value.decode(String.self) {
        self = .text(text)
      } else {
        self = .other
      }
    }

    var number: Double? { if case .number(let number) = self { number } else { nil } }
    var text: String? { if case .text(let text) = self { text } else { nil } }
  }

  // MARK: Text

  private mutating func text(_ line: Substring) -> Moment? {
    if let range = line.range(of: "Train: [") { return swin(line[line.index(before: range.upperBound)...]) }
    if let range = line.range(of: "* Acc@1 ") { return swinValidation(line[range.lowerBound...]) }
    for (word, isOfValidation) in [
      ("Epoch(train)", false), ("Iter(train)", false), ("Epoch(val)", true), ("Iter(val)", true),
      ("Epoch [", false), ("Iter [", false),
    ] {
      guard let range = line.range(of: word) else { continue }
      let countsEpochs = word.hasPrefix("Epoch")
      let rest = line[(word.hasSuffix("[") ? line.index(before: range.upperBound) : range.upperBound)...]
      return mm(rest, countsEpochs: countsEpochs, isOfValidation: isOfValidation)
    }
    let values = Self.pairs(line)
    guard let iteration = values.first(where: { $0.name == "iter" })?.value,
      values.contains(where: { $0.name == "total_loss" })
    else { return nil }
    return Moment(
      step: iteration + 1, isOfValidation: false, values: values.filter { $0.name != "iter" })
  }

  /// `[1][  50/7330]  lr: 1.0000e-04  loss: 1.2`, `[  50/1800]  loss: 1.2`
  private mutating func mm(_ line: Substring, countsEpochs: Bool, isOfValidation: Bool) -> Moment? {
    let (groups, rest) = Self.brackets(line)
    let values = Self.split(Self.pairs(rest), isOfValidation: isOfValidation)
    guard let first = groups.first, !values.isEmpty else { return nil }
    if isOfValidation { return Moment(step: lastStep, isOfValidation: true, values: values) }
    var step = first[0]
    if countsEpochs {
      guard groups.count > 1 else { return nil }
      if groups[1].count > 1 { epochLength = groups[1][1] }
      step = (first[0] - 1) * epochLength + groups[1][0]
    }
    return Moment(step: step, isOfValidation: false, values: values)
  }

  /// `[12/300][100/1251]	eta 0:05:00 lr 0.0001	loss 4.1 (4.2)`: the value at hand, not the mean behind it.
  private mutating func swin(_ line: Substring) -> Moment? {
    let (groups, rest) = Self.brackets(line)
    guard groups.count == 2, groups[1].count == 2 else { return nil }
    epochLength = groups[1][1]
    var values: [(name: String, value: Double)] = []
    var name: String?
    for word in rest.split(whereSeparator: { $0.isWhitespace || $0 == "," }) {
      if let value = Double(word), let found = name {
        values.append((found, value))
        name = nil
      } else {
        name = word.first?.isLetter == true && !word.contains(":") ? String(word) : nil
      }
    }
    return values.isEmpty
      ? nil
      : Moment(step: groups[0][0] * epochLength + groups[1][0] + 1, isOfValidation: false, values: values)
  }

  /// `* Acc@1 81.2 Acc@5 95.5`
  private func swinValidation(_ line: Substring) -> Moment {
    let words = line.split(whereSeparator: \.isWhitespace)
    let values = zip(words, words.dropFirst()).compactMap { name, value in
      name.hasPrefix("Acc@") ? Double(value).map { (name: String(name), value: $0) } : nil
    }
    return Moment(step: lastStep, isOfValidation: true, values: values)
  }

  /// The numbers in the brackets that a line begins with, and what is behind them.
  private static func brackets(_ line: Substring) -> (groups: [[Double]], rest: Substring) {
    var groups: [[Double]] = []
    var rest = line.drop { $0 == " " }
    while rest.first == "[", let end = rest.firstIndex(of: "]") {
      let numbers = rest[rest.index(after: rest.startIndex)..<end].split(separator: "/")
        .compactMap { Double($0.trimmingCharacters(in: .whitespaces)) }
      guard !numbers.isEmpty else { break }
      groups.append(numbers)
      rest = rest[rest.index(after: end)...].drop { $0 == " " }
    }
    return (groups, rest)
  }

  /// `name: 1.5  other: 2e-3`; a unit behind a number is passed over.
  private static func pairs(_ line: Substring) -> [(name: String, value: Double)] {
    let words = line.split(whereSeparator: { $0.isWhitespace || $0 == "," })
    return zip(words, words.dropFirst()).compactMap { name, value in
      guard name.count > 1, name.hasSuffix(":"), name != "eta:" else { return nil }
      return (Double(value) ?? Double(value.prefix { !$0.isLetter })).map {
        (name: String(name.dropLast()), value: $0)
      }
    }
  }
}
