import Configuration
import Data
import Imaging
import Layers
import Modeling
import Tensors
import Training

/// Measures a whole model against the machine's product rate P, in the same run.
public struct ModelBenchmark {
  /// What is measured.
  public enum Mode: String, CaseIterable, Sendable, Codable {
    /// From pixels to predictions.
    case forward
    /// From samples to the gradients of all weights; the optimiser's update is not part of it.
    case train
    /// As `forward`, to be read as images a second (VMamba's `--throughput`).
    case throughput
  }

  private let subject: StandaloneModel
  let mode: Mode
  let size: ImageSize
  let batch: Int
  private let multiplyAccumulates: Int?
  private let precision: PrecisionChoice

  /// A benchmark on random pictures.
  ///
  /// - Parameters:
  ///   - subject: The model; for `train` one that was built to be trained.
  ///   - mode: Whether predictions or gradients are measured.
  ///   - size: Of each picture; nil: the model's usual one.
  ///   - batch: Pictures a run; nil: as few as the mode and the model allow, 32 for the throughput.
  ///   - half: Whether products are taken in bfloat16, whatever the config's `precision` says; not in training.
  ///   - multiplyAccumulates: Of the model for one picture of a size; nil where that is not known.
  /// - Throws: `ConfigurationError` for a batch that the model cannot learn from.
  public init(
    _ subject: StandaloneModel, mode: Mode, size: ImageSize? = nil, batch: Int? = nil,
    half: Bool = false,
    multiplyAccumulates: (any Model, ImageSize) throws -> Int?
  ) throws {
    let least = mode == .train ? subject.model.minimumBatch : 1
    self.batch = batch ?? (mode == .throughput ? 32 : least)
    guard self.batch >= least else {
      throw ConfigurationError(
        keyPath: "--batch",
        message: "\(self.batch): the model learns from \(least) pictures or more at a time")
    }
    (self.subject, self.mode) = (subject, mode)
    self.size = size ?? subject.defaultSize
    self.multiplyAccumulates = try multiplyAccumulates(subject.model, self.size)
    precision = PrecisionChoice(asked: mode == .train ? .float32 : half ? .bfloat16 : subject.precision)
    subject.model.multiply(in: precision.precision)
  }

  /// Runs the model.
  ///
  /// Each round measures P and the model once, because the machine's state changes while a benchmark runs; what counts
  /// is the median.
  ///
  /// - Parameters:
  ///   - warmUp: Runs that do not count, of which the peak of memory is taken: one at least.
  ///   - rounds: Runs that count.
  /// - Throws: What the model says of the pictures.
  public func run(warmUp: Int, rounds: Int) throws -> ModelBenchmarkReport {
    precondition(warmUp > 0 && rounds > 0, "\(warmUp) runs to warm up, \(rounds) rounds")
    let samples = samples
    let start = ContinuousClock.now
    try runOnce(samples, step: 0)
    let first = (ContinuousClock.now - start) / .seconds(1)
    var remaining = 1..<warmUp
    if precision.precision != .float32 {
      // Weights are rounded as they are used first, and what they took before is not what the model takes.
      BufferPool.shared.forgetPeak()
      remaining = 0..<warmUp
    }
    for step in remaining { try runOnce(samples, step: step) }
    let memory = (tensors: TensorMemory.current.peak, process: ProcessMemory.peak)
    let product = BenchmarkedOperation.product(size: 2048)
    _ = product.seconds()
    var (times, products): ([Double], [Double]) = ([], [])
    let entries = try OperationProfile.collect {
      for round in 0..<rounds {
        products.append(product.seconds())
        let start = ContinuousClock.now
        try runOnce(samples, step: warmUp + round)
        times.append((ContinuousClock.now - start) / .seconds(1))
      }
    }
    let seconds = times.median
    // Counted are two operations a multiply-accumulate, and twice as many backward as forward.
    let work = multiplyAccumulates.map { 2 * $0 * batch * (mode == .train ? 3 : 1) }
    let rate = product.work / products.median
    return ModelBenchmarkReport(
      mode: mode, batch: batch, shape: [size.height, size.width], threads: Threads.count,
      simd: ComputeFacts.current.kernels, blas: BLAS.processorKernels, milliseconds: 1000 * seconds,
      firstMilliseconds: 1000 * first,
      peakMemory: memory.tensors, processMemory: memory.process, flops: work, productRate: rate,
      ratio: work.map { Double($0) / seconds / rate },
      operations: entries.prefix(10).map {
        ModelBenchmarkReport.Operation(
          name: $0.name, milliseconds: 1000 * $0.seconds / Double(rounds), count: $0.calls / rounds)
      },
      precision: precision.precision, note: precision.note,
      imagesPerSecond: mode == .throughput ? Double(batch * rounds) / times.reduce(0, +) : nil)
  }

  /// Random pictures of a run.
  var samples: [Sample] {
    RandomSamples(size: size, classes: subject.classes, kinds: subject.model.requirements.kinds).batch(batch)
  }

  func runOnce(_ samples: [Sample], step: Int) throws {
    let model = subject.model
    guard mode == .train else {
      try ForwardMode.evaluation { _ = try model.predict(samples) }
      return
    }
    for (_, parameter) in model.parameters { parameter.gradient = nil }
    try ForwardMode.training(ForwardMode.Step(seed: 0, step: step, samples: samples.map(\.number))) {
      try model.losses(samples).total.backward()
    }
  }
}
