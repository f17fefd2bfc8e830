import Data
import Foundation
import Imaging
import Modeling
import Training

/// Predicts inputs one after the other, films frame by frame, and writes what belongs to each image.
public struct PredictionRun {
  /// What an image, a frame or an input came to.
  public struct Outcome: Codable, Sendable {
    /// The input, from 0.
    public var number: Int
    /// What was predicted; nil where it could not be.
    public var image: PredictedImage?
    /// Why not.
    public var message: String?
    /// Of a film that is over: where its pictures are.
    public var note: String?
    /// A small picture for a sheet, as the bytes of a PNG file.
    public var thumbnail: Foundation.Data?
  }

  /// How images are predicted.
  public struct Manner: Sendable {
    /// Rows and columns of the tiles that images are cut into; nil: as a whole.
    public var tile: Int?
    /// The share of a tile's side that neighbours have in common.
    public var overlap = 0.2
    /// How many images go through the model together, where they have one size there.
    public var batch = 1
    /// Pixels of the square that small pictures fit; nil: none are made.
    public var thumbnail: Int?

    /// Each image by itself, as a whole.
    public init() {}
  }

  private let predictor: Predictor
  private let inputs: [InputImages.Input]
  private let manner: Manner
  private let shown: ShownPart
  private var files: PredictionFiles
  private var thumbnails = 0
  /// Images that wait for others to be predicted with.
  private var pending: [Pending] = []
  private var ready: [Outcome] = []

  private struct Pending {
    var number: Int
    var frame: Int?
    var image: Predictor.PreparedImage
  }

  /// A run over inputs.
  public init(
    _ predictor: Predictor, _ inputs: [InputImages.Input], _ manner: Manner, showing shown: ShownPart,
    files: PredictionFiles
  ) {
    (self.predictor, self.inputs, self.manner) = (predictor, inputs, manner)
    (self.shown, self.files) = (shown, files)
  }

  /// Predicts some of the inputs. One that fails is an outcome with a message, and the others go on.
  ///
  /// - Parameters:
  ///   - numbers: Of the inputs, from 0.
  ///   - told: Is told of every outcome, in the order of the inputs.
  /// - Throws: Errors of writing, and what `told` throws; where there is one input alone, why it fails.
  public mutating func run(_ numbers: some Sequence<Int>, _ told: (Outcome) throws -> Void) throws {
    for number in numbers {
      let path = inputs[number].path
      do {
        if Film.isFilm(path) {
          try predictFilm(number, told)
        } else if manner.tile == nil {
          let image: Predictor.PreparedImage
          do {
            image = try PartTimes.measure("image: decoded and resized") { try predictor.prepare(file: path) }
          } catch { throw Unpredicted(reason: error) }
          try take(Pending(number: number, frame: nil, image: image))
        } else {
          let image: Image
          do { image = try Image.decode(file: path) } catch { throw Unpredicted(reason: error) }
          try takeTiled(image, number, frame: nil)
        }
      } catch let failure as Unpredicted {
        // Those before it first: the order is that of the inputs.
        try flush()
        try fail(number, failure.reason)
      }
      try deliver(told)
    }
    try flush()
    try deliver(told)
  }

  /// An input that cannot be predicted, told from what ends the run.
  private struct Unpredicted: Error {
    var reason: any Error
  }

  private mutating func fail(_ number: Int, _ reason: any Error) throws {
    guard inputs.count > 1 else { throw reason }
    ready.append(Outcome(number: number, message: "\(reason)"))
  }

  private mutating func deliver(_ told: (Outcome) throws -> Void) throws {
    let outcomes = ready
    ready = []
    for outcome in outcomes { try told(outcome) }
  }

  private mutating func predictFilm(_ number: Int, _ told: (Outcome) throws -> Void) throws {
    let path = inputs[number].path
    var film: Film
    do { film = try Film(file: path) } catch { throw Unpredicted(reason: error) }
    var frame = 0
    while true {
      let image: Image?
      do { image = try film.next() } catch { throw Unpredicted(reason: error) }
      guard let image else { break }
      frame += 1
      if manner.tile == nil {
        let prepared: Predictor.PreparedImage
        do { prepared = try predictor.prepare(image, named: path) } catch { throw Unpredicted(reason: error) }
        try take(Pending(number: number, frame: frame, image: prepared))
      } else {
        try takeTiled(image, number, frame: frame)
      }
      try deliver(told)
    }
    try flush()
    let rate = film.rate.map { String(format: "%.5g", $0) }
    let place = files.frames(ofInput: number).map {
      ": ffmpeg" + (rate.map { " -framerate \($0)" } ?? "") + " -i \($0)"
    }
    ready.append(
      Outcome(
        number: number,
        note: "\(frame) frames" + (rate.map { ", \($0) a second" } ?? "") + (place ?? "")))
  }

  private mutating func takeTiled(_ image: Image, _ number: Int, frame: Int?) throws {
    guard let side = manner.tile else { return }
    let prediction: Prediction
    do {
      prediction = try predictor.predict(
        image, named: inputs[number].path, tile: side, overlap: manner.overlap)
    } catch { throw Unpredicted(reason: error) }
    try finish(prediction, on: image, number, frame: frame)
  }

  /// Predicts an image when enough of its size have come together.
  private mutating func take(_ image: Pending) throws {
    if let first = pending.first, first.image.sizeForModel != image.image.sizeForModel { try flush() }
    pending.append(image)
    if pending.count >= manner.batch { try flush() }
  }

  private mutating func flush() throws {
    let images = pending
    pending = []
    guard !images.isEmpty else { return }
    if images.count > 1, let predictions = try? predictor.predict(images.map(\.image)) {
      for (image, prediction) in zip(images, predictions) {
        try finish(prediction, on: image.image.image, image.number, frame: image.frame)
      }
      return
    }
    // Alone, or the one to blame is looked for.
    for image in images {
      let prediction: Prediction
      do {
        prediction = try PartTimes.measure("image: predicted") { try predictor.predict(image.image) }
      } catch {
        try fail(image.number, error)
        continue
      }
      try finish(prediction, on: image.image.image, image.number, frame: image.frame)
    }
  }

  private mutating func finish(
    _ prediction: Prediction, on image: Image, _ number: Int, frame: Int?
  ) throws {
    var outcome = Outcome(number: number)
    outcome.image = PredictedImage(
      file: inputs[number].path, frame: frame, size: image.size, prediction, metainfo: predictor.metainfo,
      showing: shown)
    let wantsThumbnail = manner.thumbnail != nil && thumbnails < ContactSheet.most
    if files.writes || wantsThumbnail {
      let (picture, labelMap) = try PartTimes.measure("picture: drawn and written") {
        try files.write(prediction, on: image, input: number, frame: frame)
      }
      outcome.image?.labelMap = labelMap
      if wantsThumbnail, let side = manner.thumbnail {
        thumbnails += 1
        outcome.thumbnail = Foundation.Data(try picture.image.fitting(side).encodedPNG())
      }
    }
    ready.append(outcome)
  }
}
