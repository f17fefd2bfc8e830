import Tensors

/// How a weight lies in memory, against PyTorch's layout in checkpoints.
public enum WeightLayout: Hashable, Sendable {
  /// The same in both.
  case plain
  /// Convolution: `[O, kh, kw, I]` in memory, `[O, I, kh, kw]` in PyTorch. Transposed convolution: `[I, kh, kw, O]`
  /// and `[I, O, kh, kw]`.
  case channelsLast
  /// Weights for a flattened feature map: `[..., H * W * C]` in memory, `[..., C * H * W]` in PyTorch.
  case flattened(channels: Int, height: Int, width: Int)

  /// The shape in PyTorch's layout of a weight that has `shape` in memory.
  public func shapeInPyTorch(_ shape: [Int]) -> [Int] {
    self == .channelsLast ? [shape[0], shape[3], shape[1], shape[2]] : shape
  }

  /// Reorders numbers from PyTorch's layout to memory's.
  public func fromPyTorch(_ tensor: Tensor) -> Tensor {
    switch self {
    case .plain: tensor.detached
    case .channelsLast: withoutGradients { tensor.permuted([0, 2, 3, 1]) }
    case .flattened(let c, let h, let w):
      withoutGradients {
        tensor.reshaped([tensor.count / (c * h * w), c, h, w]).permuted([0, 2, 3, 1]).reshaped(tensor.shape)
      }
    }
  }

  /// Reorders numbers from memory's layout to PyTorch's.
  public func toPyTorch(_ tensor: Tensor) -> Tensor {
    switch self {
    case .plain: tensor.detached
    case .channelsLast: withoutGradients { tensor.permuted([0, 3, 1, 2]) }
    case .flattened(let c, let h, let w):
      withoutGradients {
        tensor.reshaped([tensor.count / (c * h * w), h, w, c]).permuted([0, 3, 1, 2]).reshaped(tensor.shape)
      }
    }
  }
}

/// A weight that training changes: a leaf of the graph with its initial distribution and layout.
///
/// A class, because a model and its optimiser look at the same weight.
public final class Parameter {
  /// The weight as a leaf of the graph; its `gradient` is filled by backward passes.
  public private(set) var value: Tensor {
    get {
      require(half == nil, "the float32 numbers of a weight \(shape) that is kept as bfloat16")
      return numbers
    }
    set { numbers = newValue }
  }
  /// Extent of each axis in memory's layout.
  public let shape: [Int]
  private var numbers: Tensor
  /// How products take the weight in inference, which begins after it is set.
  package var precision = Precision.float32
  /// What is kept in place of the numbers.
  private var half: HalfWeights?
  /// Whether the numbers are there, and not those of bfloat16 alone.
  package var keepsFloat32: Bool { half == nil }
  /// How it lies in memory, against PyTorch's layout.
  public let layout: WeightLayout
  /// How a new model draws it.
  public let initializer: Initializer
  /// Whether training leaves it as it is: no gradient reaches it, so no optimiser moves it.
  public var isFrozen = false { didSet { value = leaf(value) } }

  /// A weight of zeros until `initialize` or `replace` gives it numbers. Its shape is that in memory's layout.
  public init(_ shape: [Int], _ initializer: Initializer, layout: WeightLayout = .plain) {
    numbers = Tensor.zerosWhenAskedFor(shape).withGradient()
    self.shape = shape
    self.layout = layout
    self.initializer = initializer
  }

  /// The summed gradient of the backward passes since it was last cleared.
  public var gradient: Tensor? {
    get { value.gradient }
    set { value.setGradient(newValue) }
  }

  /// Replaces the numbers, given in memory's layout; the gradient is forgotten.
  public func replace(by tensor: Tensor) {
    require(tensor.shape == shape, "a weight of shape \(shape) replaced by shape \(tensor.shape)")
    half = nil
    value = leaf(tensor)
  }

  /// The weight as products in bfloat16 take it, made when inference asks for it first: from then on it is all that is
  /// kept. Nil where products take float32.
  ///
  /// - Parameter make: Makes it from the numbers, or from numbers that a norm is folded into.
  func half(_ make: (Tensor) -> HalfWeights) -> HalfWeights? {
    if let half { return half }
    guard precision == .bfloat16, ForwardMode.current.isInference else { return nil }
    half = make(numbers.detached)
    numbers = Tensor(0)
    return half
  }

  /// Numbers as a leaf of the graph, unless they are frozen.
  private func leaf(_ numbers: Tensor) -> Tensor { isFrozen ? numbers.detached : numbers.withGradient() }

  /// Draws the initial numbers.
  public func initialize(_ generator: inout RandomGenerator) {
    replace(by: initializer.draw(shape: layout.shapeInPyTorch(shape), layout: layout, &generator))
  }

  /// Changes the numbers in place, with the gradient at hand; both in memory's layout.
  package func update(_ body: (inout Tensor, Tensor) -> Void) {
    guard let gradient else { return }
    var numbers = value.detached
    // The leaf lets go of the numbers, so that they are written in place when no graph holds them.
    value = Tensor(0)
    body(&numbers, gradient)
    value = leaf(numbers)
  }
}

/// Numbers that belong to a layer and are not trained, such as running statistics.
public final class Buffer {
  /// The numbers; of a counter its count, rounded beyond 2^24.
  public var value: Tensor {
    get { BufferChanges.current?.values[ObjectIdentifier(self)] ?? own.value }
    set {
      if let changes = BufferChanges.current {
        changes.values[ObjectIdentifier(self)] = newValue
      } else {
        own.value = newValue
      }
    }
  }
  /// What a counter has counted, which checkpoints hold as I64; nil for all other buffers.
  public var count: Int? {
    get { BufferChanges.current?.counts[ObjectIdentifier(self)] ?? own.count }
    set {
      if let changes = BufferChanges.current {
        changes.counts[ObjectIdentifier(self)] = newValue
      } else {
        own.count = newValue
      }
      if let newValue { value = Tensor(Float(newValue)) }
    }
  }
  private var own: (value: Tensor, count: Int?)

  /// Whether checkpoints hold the numbers as I64.
  public let isInteger: Bool

  /// A buffer with its first value.
  public init(_ value: Tensor) { (own, isInteger) = ((value, nil), false) }

  /// A counter, of shape `[]`.
  public init(count: Int) { (own, isInteger) = ((Tensor(Float(count)), count), true) }

  /// Whole numbers below 2^24, such as indices.
  public init(integers: [Int], shape: [Int]) {
    (own, isInteger) = ((Tensor(integers.map { Float($0) }, shape: shape), nil), true)
  }
}
