import Checkpoints
import Configuration
import Layers
import Tensors

/// Single layers and functions.
let layerCases: [String: CaseRunner] = [
  "layer": { golden in
    let layer = LayerCase(golden)
    let name = try layer.text("op")
    if name == "batch_norm" { return try layer.runBatchNorm() }
    if name == "max" { return try layer.runMaximum() }
    guard let function = LayerCase.functions[name] else { throw NotBuiltYet(what: name) }
    let y = try function(layer)
    var results = CaseResults()
    results.add("output.y", y)
    results.differentiate(golden, outputs: ["y": y], inputs: layer.inputs.mapValues { ($0, { $0 }) })
    for (name, weight) in layer.weights {
      if let gradient = weight.gradient { results.add("grad.\(name)", gradient) }
    }
    return results
  }
]

/// A case with its tensors, in PyTorch's layouts, as leaves where the file has gradients of them.
private struct LayerCase {
  let golden: GoldenCase
  let inputs: [String: Tensor]
  let weights: [String: Tensor]

  init(_ golden: GoldenCase) {
    func leaves(_ group: String, gradients: String) -> [String: Tensor] {
      var leaves: [String: Tensor] = [:]
      for (name, stored) in golden.group(group) where !name.hasPrefix("cotangent.") && stored.type == .float32
      {
        let isLeaf = golden.tensors["\(gradients).\(name)"] != nil
        leaves[name] = isLeaf ? stored.tensor.withGradient() : stored.tensor
      }
      return leaves
    }
    self.golden = golden
    inputs = leaves("input", gradients: "inputgrad")
    weights = leaves("state", gradients: "grad")
  }

  /// Functions with one output `y`, by PyTorch's names.
  static let functions: [String: @Sendable (LayerCase) throws -> Tensor] =
    elementwise.merging(shaping) { $1 }.merging(layers) { $1 }.merging(losses) { $1 }

  private static let elementwise: [String: @Sendable (LayerCase) throws -> Tensor] = [
    "add": { try $0.input("x") + $0.input("other") },
    "sub": { try $0.input("x") - $0.input("other") },
    "mul": { try $0.input("x") * $0.input("other") },
    "div": { try $0.input("x") / $0.input("other") },
    "exp": { try $0.input("x").exp() },
    "log": { try $0.input("x").log() },
    "sqrt": { try $0.input("x").sqrt() },
    "abs": { try $0.input("x").abs() },
    "tanh": { try $0.input("x").tanh() },
    "clamp": {
      let range = (Float(try $0.real("min")), Float(try $0.real("max")))
      return try $0.input("x").clamped(to: range.0...range.1)
    },
    "sigmoid": { try $0.input("x").sigmoid() },
    "relu": { try $0.input("x").relu() },
    "gelu": { try $0.input("x").gelu() },
    "silu": { try $0.input("x").silu() },
    "softplus": { try $0.input("x").softplus() },
    "sum": { try $0.input("x").sum(axes: $0.numbers("dim"), keepingAxes: $0.flag("keepdim")) },
    "mean": { try $0.input("x").mean(axes: $0.numbers("dim"), keepingAxes: $0.flag("keepdim")) },
    "amax": { try $0.input("x").maximum(axes: $0.numbers("dim"), keepingAxes: $0.flag("keepdim")) },
    "matmul": { try matmul($0.input("x"), $0.input("other")) },
    "softmax": { try $0.input("x").softmax(axis: $0.number("dim")) },
    "log_softmax": { try $0.input("x").logSoftmax(axis: $0.number("dim")) },
  ]

  private static let shaping: [String: @Sendable (LayerCase) throws -> Tensor] = [
    "permute": { try $0.input("x").permuted($0.numbers("dims")) },
    "slice": {
      try $0.input("x").sliced(
        axis: $0.number("dim"), from: $0.number("start"), to: $0.number("end"), step: $0.number("step"))
    },
    "cat": { layer in
      let parts = layer.inputs.keys.count { $0.hasPrefix("x") }
      return concatenated(try (0..<parts).map { try layer.input("x\($0)") }, axis: try layer.number("dim"))
    },
    "roll": { try $0.input("x").rolled($0.numbers("shifts"), axes: $0.numbers("dims")) },
    "pad": { layer in
      let x = try layer.input("x")
      let pairs = try layer.numbers("pad")
      // The last axis comes first.
      var amounts = [(before: Int, after: Int)](repeating: (0, 0), count: x.rank)
      for index in 0..<pairs.count / 2 {
        amounts[x.rank - 1 - index] = (pairs[2 * index], pairs[2 * index + 1])
      }
      return x.padded(amounts, value: Float(try layer.real("value")))
    },
    "gather": { layer in
      let index = try layer.golden.input("index")
      return try layer.input("x").gathered(
        axis: layer.number("dim"), indices: index.integers.map { Int32($0) }, shape: index.shape)
    },
    "index_select": {
      try $0.input("x").rows($0.golden.input("index").integers, axis: $0.number("dim"))
    },
    "embedding": { layer in
      let index = try layer.golden.input("index")
      return embedding(index.integers, shape: index.shape, table: try layer.weight("weight"))
    },
    "interpolate": { layer in
      let x = try layer.input("x").channelsLast
      let size = try layer.numbers("size")
      switch try layer.text("mode") {
      case "nearest": return x.resizedNearest(height: size[0], width: size[1]).channelsFirst
      case "bilinear":
        return x.resizedBilinear(
          height: size[0], width: size[1], alignCorners: try layer.flag("align_corners")
        ).channelsFirst
      case let mode: throw NotBuiltYet(what: "interpolation '\(mode)'")
      }
    },
  ]

  private static let layers: [String: @Sendable (LayerCase) throws -> Tensor] = [
    "linear": { layer in
      let activation: Activation? =
        switch layer.golden.config["activation"]?.string {
        case nil: nil
        case "relu": .relu
        case "gelu": .gelu
        case "silu": .silu
        case let name?: throw NotBuiltYet(what: "activation '\(name)'")
        }
      return linear(
        try layer.input("x"), weight: try layer.weight("weight"), bias: layer.weights["bias"],
        activation: activation)
    },
    "layer_norm": {
      layerNorm(
        try $0.input("x"), weight: $0.weights["weight"], bias: $0.weights["bias"],
        epsilon: Float(try $0.real("eps")))
    },
    "group_norm": {
      groupNorm(
        try $0.input("x").channelsLast, groups: try $0.number("num_groups"), weight: $0.weights["weight"],
        bias: $0.weights["bias"], epsilon: Float(try $0.real("eps"))
      ).channelsFirst
    },
    "conv2d": {
      conv2d(
        try $0.input("x").channelsLast, weight: try $0.weight("weight").channelsLast,
        bias: $0.weights["bias"],
        stride: try $0.pair("stride"), padding: try $0.pair("padding"), dilation: try $0.pair("dilation"),
        groups: try $0.number("groups")
      ).channelsFirst
    },
    "conv_transpose2d": {
      convTranspose2d(
        try $0.input("x").channelsLast, weight: try $0.weight("weight").channelsLast,
        bias: $0.weights["bias"],
        stride: try $0.pair("stride"), padding: try $0.pair("padding"),
        outputPadding: try $0.pair("output_padding")
      ).channelsFirst
    },
    "max_pool2d": {
      maxPool2d(
        try $0.input("x").channelsLast, kernel: try $0.pair("kernel_size"), stride: try $0.pair("stride"),
        padding: try $0.pair("padding")
      ).channelsFirst
    },
    "avg_pool2d": {
      averagePool2d(
        try $0.input("x").channelsLast, kernel: try $0.pair("kernel_size"), stride: try $0.pair("stride"),
        padding: try $0.pair("padding")
      ).channelsFirst
    },
    "grid_sample": {
      gridSample(
        try $0.input("x").channelsLast, grid: try $0.input("grid"),
        alignCorners: try $0.flag("align_corners")
      ).channelsFirst
    },
    "adaptive_avg_pool2d": {
      let size = try $0.pair("output_size")
      return adaptiveAveragePool2d(try $0.input("x").channelsLast, height: size.0, width: size.1)
        .channelsFirst
    },
  ]

  private static let losses: [String: @Sendable (LayerCase) throws -> Tensor] = [
    "cross_entropy": { layer in
      let x = try layer.input("x")
      return crossEntropy(
        x.permuted([0] + Array(2..<x.rank) + [1]),
        labels: try layer.golden.input("label").integers.map { Int32($0) },
        ignoreIndex: layer.golden.config["ignore_index"]?.int.map { Int32($0) },
        classWeights: layer.inputs["weight"]?.values,
        labelSmoothing: Float(layer.golden.config["label_smoothing"]?.double ?? 0))
    },
    "binary_cross_entropy_with_logits": {
      binaryCrossEntropy(logits: try $0.input("x"), targets: try $0.input("target"))
    },
    "l1": { l1(try $0.input("x"), try $0.input("target")) },
    "smooth_l1": { smoothL1(try $0.input("x"), try $0.input("target"), beta: Float(try $0.real("beta"))) },
  ]

  /// The layer itself, for its running statistics.
  func runBatchNorm() throws -> CaseResults {
    let layer = BatchNorm2d(
      try number("num_features"), epsilon: Float(try real("eps")), momentum: Float(try real("momentum")))
    try layer.load(golden.group("state"), file: golden.path)
    let x = try input("x")
    let y =
      try flag("training")
      ? ForwardMode.training(.init(seed: 0, step: 0, samples: Array(0..<x.shape[0]))) {
        layer(x.channelsLast).channelsFirst
      } : layer(x.channelsLast).channelsFirst
    var results = CaseResults()
    results.add("output.y", y)
    for (name, buffer) in layer.tree.buffers {
      results.add("output.updated.\(name)", buffer.value)
    }
    results.differentiate(golden, outputs: ["y": y], model: layer, inputs: ["x": (x, { $0 })])
    return results
  }

  /// The largest numbers along an axis, and where they are.
  func runMaximum() throws -> CaseResults {
    let x = try input("x")
    let (values, indices) = try x.maximum(axis: number("dim"), keepingAxis: flag("keepdim"))
    var results = CaseResults()
    results.add("output.0", values)
    results.add("output.1", integers: indices.map { Int($0) }, shape: values.shape)
    results.differentiate(golden, outputs: ["0": values], inputs: ["x": (x, { $0 })])
    return results
  }

  func input(_ name: String) throws -> Tensor {
    guard let input = inputs[name] else { throw missing("tensor 'input.\(name)'") }
    return input
  }

  func weight(_ name: String) throws -> Tensor {
    guard let weight = weights[name] else { throw missing("tensor 'state.\(name)'") }
    return weight
  }

  func text(_ key: String) throws -> String {
    guard let text = golden.config[key]?.string else { throw missing("text '\(key)' in its config") }
    return text
  }

  func number(_ key: String) throws -> Int {
    guard let number = golden.config[key]?.int else { throw missing("whole number '\(key)' in its config") }
    return number
  }

  func real(_ key: String) throws -> Double {
    guard let number = golden.config[key]?.double else { throw missing("number '\(key)' in its config") }
    return number
  }

  func flag(_ key: String) throws -> Bool {
    guard let flag = golden.config[key]?.bool else { throw missing("truth value '\(key)' in its config") }
    return flag
  }

  /// A list of whole numbers, or one of them.
  func numbers(_ key: String) throws -> [Int] {
    guard let elements = golden.config[key]?.elements else { return [try number(key)] }
    return try elements.map {
      guard let number = $0.int else { throw missing("list of whole numbers '\(key)' in its config") }
      return number
    }
  }

  /// A number for the rows and one for the columns, or one for both.
  func pair(_ key: String) throws -> (Int, Int) {
    let numbers = try numbers(key)
    return (numbers[0], numbers[numbers.count - 1])
  }

  private func missing(_ what: String) -> CheckpointError {
    CheckpointError(file: golden.path, "has no \(what)")
  }
}
