import Layers
import Modeling
import Tensors

/// ResNet (He et al., arXiv:1512.03385, table 1; mmdetection's and mmsegmentation's `ResNet`), with the stem and the
/// shortcuts of ResNet-C and -D (He et al., arXiv:1812.01187, figure 2).
///
/// Its weights have torchvision's names: files of torchvision and mm load as they are.
public struct ResNet: Backbone {
  private let stem: Stem
  private let stages: [[ResNetBlock]]
  private let outIndices: [Int]
  /// Stages that are left as they are; the stem too, unless nil.
  private let frozenStages: Int?
  private let keepsStatistics: Bool

  /// Channels and stride of each returned map.
  public let outputs: [FeatureMap]

  /// A backbone with mm's initial values. The scope, `default_scope`, decides on the defaults of `norm_eval` and
  /// `stem_channels`.
  public init(_ configuration: Configuration, scope: String? = nil) {
    let isSegmentation = scope == "mmseg"
    stem = Stem(
      configuration,
      channels: configuration.stemChannels ?? (isSegmentation ? 64 : configuration.baseChannels))
    keepsStatistics = configuration.keepsStatistics ?? !isSegmentation
    outIndices = configuration.outIndices
    frozenStages = configuration.frozenStages < 0 ? nil : configuration.frozenStages
    let (depths, isBottleneck) = Self.depths[configuration.depth] ?? ([], true)
    var (channels, stride) = (stem.channels, 4)
    var (stages, maps): ([[ResNetBlock]], [FeatureMap]) = ([], [])
    for (stage, depth) in depths.prefix(configuration.stages).enumerated() {
      let (first, dilation) = (configuration.strides[stage], configuration.dilations[stage])
      stages.append(
        (0..<depth).map { number in
          var shape = ResNetBlock.Shape(
            inputs: channels, width: configuration.baseChannels << stage, isBottleneck: isBottleneck,
            stride: number == 0 ? first : 1, dilation: dilation, changesInput: false)
          shape.changesInput = number == 0 && (first != 1 || channels != shape.outputs)
          if number == 0, dilation > 1, configuration.contractsDilation { shape.dilation = dilation / 2 }
          channels = shape.outputs
          return ResNetBlock(shape, configuration)
        })
      stride *= first
      maps.append(FeatureMap(channels: channels, stride: stride))
    }
    self.stages = stages
    outputs = configuration.outIndices.map { maps[$0] }
    if let frozenStages {
      stem.tree.freeze()
      for block in stages.prefix(frozenStages).joined() { block.tree.freeze() }
    }
  }

  /// Weights under torchvision's names, which mm has too.
  public var tree: ParameterTree { weights.named(by: ResNetNaming()) }

  private var weights: ParameterTree {
    stem.tree + ParameterTree(stages.enumerated().map { ("layer\($0 + 1)", .layers($1)) })
  }

  /// torchvision's names of a classifier: the backbone's at the top, `fc`.
  public func classifierTree(head: ParameterTree) -> ParameterTree {
    (weights + ["fc": .tree(head)]).named(by: ResNetNaming())
  }

  /// `[B, H, W, 3]` to one map a stage in `out_indices`, the finest first.
  public func callAsFunction(_ images: Tensor) -> [Tensor] {
    var maps: [Tensor] = []
    if let frozenStages {
      maps = ForwardMode.frozen(images) { run(stages.prefix(frozenStages), from: stem(images)) }
    } else {
      maps = learning { [stem(images)] }
    }
    let rest = stages.dropFirst(maps.count - 1)
    if let last = maps.last, !rest.isEmpty { maps += learning { run(rest, from: last).dropFirst() } }
    return outIndices.map { maps[$0 + 1] }
  }

  /// The map that it begins with, and one behind each stage.
  private func run(_ stages: ArraySlice<[ResNetBlock]>, from first: Tensor) -> [Tensor] {
    stages.reduce(into: [first]) { maps, stage in
      guard let last = maps.last else { return }
      maps.append(stage.reduce(last) { $1($0) })
    }
  }

  /// Runs what is trained, with the norms as `norm_eval` wants them.
  private func learning<R>(_ body: () -> R) -> R {
    keepsStatistics ? ForwardMode.keepingStatistics(body) : body()
  }

  /// From the image to a quarter of its size: a 7x7 convolution or three 3x3 ones, and the largest of 3x3 pixels.
  private struct Stem: UnaryLayer {
    let convolutions: [ConvModule]
    let normName: String
    let channels: Int

    init(_ configuration: ResNet.Configuration, channels: Int) {
      let norm = configuration.norm
      func small(_ inputs: Int, _ outputs: Int, stride: Int = 1) -> ConvModule {
        ConvModule(inputs, outputs, kernel: 3, stride: stride, padding: 1, norm: norm)
      }
      let half = channels / 2
      convolutions =
        configuration.hasDeepStem
        ? [small(configuration.inputChannels, half, stride: 2), small(half, half), small(half, channels)]
        : [ConvModule(configuration.inputChannels, channels, kernel: 7, stride: 2, padding: 3, norm: norm)]
      normName = norm.name
      self.channels = channels
    }

    /// `conv1` and `bn1`, or `stem` with mm's `Sequential`, in which an activation takes every third place.
    var tree: ParameterTree {
      if convolutions.count == 1, let only = convolutions.first {
        return only.tree(convolution: "conv1", norm: normName + "1")
      }
      let parts = convolutions.enumerated().map {
        $1.tree(convolution: "\(3 * $0)", norm: "\(3 * $0 + 1)")
      }
      return ["stem": .tree(parts.reduce([:], +))]
    }

    func callAsFunction(_ images: Tensor) -> Tensor {
      maxPool2d(convolutions.reduce(images) { $1($0) }, kernel: (3, 3), stride: (2, 2), padding: (1, 1))
    }
  }
}
