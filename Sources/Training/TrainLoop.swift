/// How long training goes on and when it validates (mm's `train_cfg`).
public struct TrainLoop: Sendable {
  /// What a loop counts.
  public enum Unit: String, Sendable {
    case epochs
    case iterations
  }

  /// No run has more iterations: so numbers of samples stay far from the largest integer.
  static let mostIterations = 1_000_000_000_000

  /// What `length` and the intervals count.
  public var unit: Unit
  /// `max_epochs` or `max_iters`.
  public var length: Int
  /// `val_interval`: validation every so many, and at the end.
  public var validationInterval: Int
  /// `val_begin`: no validation before so many.
  public var validationBegin: Int

  /// A loop of a length.
  public init(_ unit: Unit, length: Int, validationInterval: Int? = nil, validationBegin: Int = 1) {
    (self.unit, self.length) = (unit, length)
    self.validationInterval = validationInterval ?? (unit == .epochs ? 1 : 1000)
    self.validationBegin = validationBegin
  }

  /// Whether a validation follows when so many are done.
  func validates(after count: Int) -> Bool {
    count >= validationBegin && (count % validationInterval == 0 || count == length)
  }

  /// `EpochBasedTrainLoop`.
  struct EpochConfiguration: Decodable, Sendable {
    let loop: TrainLoop

    enum CodingKeys: String, CodingKey {
      case length = "max_epochs"
      case validationInterval = "val_interval"
      case validationBegin = "val_begin"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      loop = TrainLoop(
        .epochs, length: try keys.decode(Int.self, forKey: .length, in: 1...1_000_000),
        validationInterval: try keys.decodeIfPresent(
          Int.self, forKey: .validationInterval, in: 1...1_000_000),
        validationBegin: try keys.decodeIfPresent(Int.self, forKey: .validationBegin, in: 0...1_000_000) ?? 1)
    }
  }

  /// `IterBasedTrainLoop`.
  struct IterationConfiguration: Decodable, Sendable {
    let loop: TrainLoop

    enum CodingKeys: String, CodingKey {
      case length = "max_iters"
      case validationInterval = "val_interval"
      case validationBegin = "val_begin"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      let range = 1...1_000_000_000
      loop = TrainLoop(
        .iterations, length: try keys.decode(Int.self, forKey: .length, in: range),
        validationInterval: try keys.decodeIfPresent(Int.self, forKey: .validationInterval, in: range),
        validationBegin: try keys.decodeIfPresent(Int.self, forKey: .validationBegin, in: 0...1_000_000_000)
          ?? 1)
    }
  }

  /// `ValLoop`.
  struct ValidationConfiguration: Decodable, Sendable {
    let loop: EvaluationLoop

    enum CodingKeys: String, CodingKey { case countsLosses = "loss" }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      loop = EvaluationLoop(
        countsLosses: try keys.decodeIfPresent(Bool.self, forKey: .countsLosses) ?? false)
    }
  }

  /// `TestLoop`: no settings but its type.
  struct TestConfiguration: Decodable, Sendable {
    init(from decoder: any Decoder) throws {
      enum NoKeys: CodingKey {}
      _ = try decoder.container(keyedBy: NoKeys.self)
    }
  }
}

/// How a validation or test goes over its data: every sample once.
public struct EvaluationLoop: Sendable {
  /// `loss`: whether the means of the model's losses are taken, too.
  public var countsLosses: Bool

  /// A loop.
  public init(countsLosses: Bool = false) { self.countsLosses = countsLosses }
}
