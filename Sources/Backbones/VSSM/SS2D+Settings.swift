import Configuration

extension SS2D {
  /// The release's keys of the scan.
  public struct Settings: Decodable, Sendable {
    /// N; `auto` is ceil(C / 6).
    public var states = AutomaticInt.value(16)
    /// R; `auto` is ceil(C / 16).
    public var deltaRank = AutomaticInt.auto
    /// I / C; a block has no scan where it is 0 or less.
    public var expansion = 2.0
    /// Behind the convolution, and on the gate.
    public var activation = VSSMActivation.silu
    /// Side of the depthwise convolution; none below 2.
    public var kernel = 3
    /// Whether the convolution has a bias.
    public var hasConvolutionBias = true
    /// Dropout behind the scan.
    public var dropRate: Float = 0
    /// First values.
    public var initialization = ScanInitialization.v0
    /// What surrounds the scan.
    public var form = ScanForm()
    /// Whether the four directions share one set of parameters.
    public var isShared = false

    enum CodingKeys: String, CodingKey {
      case states = "ssm_d_state"
      case olderStates = "d_state"
      case deltaRank = "ssm_dt_rank"
      case olderDeltaRank = "dt_rank"
      case expansion = "ssm_ratio"
      case rankRatio = "ssm_rank_ratio"
      case activation = "ssm_act_layer"
      case kernel = "ssm_conv"
      case hasConvolutionBias = "ssm_conv_bias"
      case dropRate = "ssm_drop_rate"
      case initialization = "ssm_init"
      case form = "forward_type"
      case isShared = "shared_ssm"
    }

    /// The release's defaults.
    public init() {}

    /// Decodes the release's keys; `d_state` and `dt_rank` are other names of `ssm_d_state` and `ssm_dt_rank`.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      states = try keys.decodeIfPresent(.states, orAs: .olderStates, upTo: 64) ?? states
      deltaRank = try keys.decodeIfPresent(.deltaRank, orAs: .olderDeltaRank, upTo: 65_536) ?? deltaRank
      expansion = try keys.decodeIfPresent(Double.self, forKey: .expansion, in: -16...16) ?? expansion
      activation = try keys.decodeIfPresent(VSSMActivation.self, forKey: .activation) ?? activation
      kernel = try keys.decodeIfPresent(Int.self, forKey: .kernel, in: -1...63) ?? kernel
      guard kernel < 2 || kernel % 2 == 1 else {
        throw keys.refusal("\(kernel) is even: the map would shrink", forKey: .kernel)
      }
      hasConvolutionBias =
        try keys.decodeIfPresent(Bool.self, forKey: .hasConvolutionBias) ?? hasConvolutionBias
      dropRate = try keys.decodeIfPresent(Float.self, forKey: .dropRate, in: 0...1) ?? dropRate
      initialization =
        try keys.decodeIfPresent(ScanInitialization.self, forKey: .initialization) ?? initialization
      form = try keys.decodeIfPresent(ScanForm.self, forKey: .form) ?? form
      isShared = try keys.decodeIfPresent(Bool.self, forKey: .isShared) ?? isShared
      // In the configs of the release, without effect in it.
      _ = try keys.decodeIfPresent(Double.self, forKey: .rankRatio)
    }

    /// I.
    func inner(of channels: Int) -> Int { Int(expansion * Double(channels)) }

    /// What `forward_type: v0` makes of the other keys.
    var asFirstReleased: Settings {
      var settings = self
      (settings.activation, settings.kernel, settings.hasConvolutionBias) = (.silu, 3, true)
      settings.initialization = .v0
      return settings
    }
  }
}

extension KeyedDecodingContainer {
  /// A number under one of its two names.
  ///
  /// - Throws: `DecodingError` where both are given and differ, or the number is too large.
  fileprivate func decodeIfPresent(_ key: Key, orAs older: Key, upTo limit: Int) throws -> AutomaticInt? {
    let values = try (
      decodeIfPresent(AutomaticInt.self, forKey: key), decodeIfPresent(AutomaticInt.self, forKey: older)
    )
    if let today = values.0, let other = values.1, today != other {
      throw refusal(
        "\(today), but \(older.stringValue), which means the same, is \(other): leave one out", forKey: key)
    }
    if case .value(let number) = values.0 ?? values.1, number > limit {
      throw refusal("\(number) is not in 1...\(limit)", forKey: values.0 == nil ? older : key)
    }
    return values.0 ?? values.1
  }
}
