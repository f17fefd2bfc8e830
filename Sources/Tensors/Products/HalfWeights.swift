import CKernels

/// The weights of a linear layer or a convolution as bfloat16, in the order in which products read them: made once, and
/// all that inference keeps of them.
package struct HalfWeights: Sendable {
  /// What they are multiplied with.
  enum Form: Equatable {
    /// Rows, or columns of windows.
    case rows
    /// Winograd's 36 points.
    case points
  }

  let form: Form
  private(set) var outputs: Int
  /// Numbers that an output sees at once: kh kw I, at Winograd's points I.
  let inputs: Int
  /// 1 x 1 of a linear layer.
  let kernel: (height: Int, width: Int)
  let panels: TensorStorage
  /// Where the numbers begin in `panels`.
  private var start = 0

  /// Where the numbers begin.
  var base: UnsafePointer<UInt16> { UnsafePointer(panels.halves + start) }

  /// Numbers of one matrix, of which there are 36 at Winograd's points.
  var stride: Int { dp_half_panel_count(outputs, inputs) }

  /// Some outputs of a linear layer, the same numbers; nil where they do not begin with a panel.
  package subscript(outputs: Range<Int>) -> HalfWeights? {
    guard outputs.lowerBound % 16 == 0, form == .rows else { return nil }
    var part = self
    part.outputs = outputs.count
    part.start = start + dp_half_panel_count(outputs.lowerBound, inputs)
    return part
  }

  /// Of a linear layer `[O, I]`.
  package init(linear weight: Tensor) {
    self.init(rows: weight.storage, outputs: weight.shape[0], inputs: weight.shape[1], kernel: (1, 1))
  }

  /// Of a convolution `[O, kh, kw, I]`, which is computed by Winograd's method wherever that is possible: the form does
  /// not depend on the map, so that there is one.
  package init(
    convolution weight: Tensor, stride: (Int, Int), padding: (Int, Int), dilation: (Int, Int)
  ) {
    let (outputs, channels) = (weight.shape[0], weight.shape[3])
    let windows = Windows(
      images: 0, height: 0, width: 0, channels: channels, outputs: outputs,
      kernel: (weight.shape[1], weight.shape[2]), stride: stride, padding: padding, dilation: dilation,
      groups: 1)
    // With few channels the transforms cost more than the products.
    guard windows.allowsWinograd, min(channels, outputs) >= 16 else {
      self.init(
        rows: weight.storage, outputs: outputs, inputs: windows.columnWidth, kernel: windows.kernel)
      return
    }
    self.init(points: weight.storage, outputs: outputs, inputs: channels)
  }

  private init(rows weight: TensorStorage, outputs: Int, inputs: Int, kernel: (Int, Int)) {
    let panels = Self.storage(matrices: 1, outputs, inputs)
    Self.forPanels(outputs) { range in
      dp_half_pack(
        weight.base + range.lowerBound * inputs, inputs, range.count, inputs,
        panels.halves + dp_half_panel_count(range.lowerBound, inputs))
    }
    (form, self.outputs, self.inputs, self.kernel, self.panels) = (.rows, outputs, inputs, kernel, panels)
  }

  private init(points weight: TensorStorage, outputs: Int, inputs: Int) {
    let panels = Self.storage(matrices: WinogradConvolution.points, outputs, inputs)
    let stride = dp_half_panel_count(outputs, inputs)
    Self.forPanels(outputs) { range in
      let plane = range.count * inputs
      let transformed = TensorStorage(
        count: WinogradConvolution.points * plane, for: "the weights of a convolution")
      dp_half_winograd_weights(
        weight.base, range.lowerBound, range.upperBound, inputs, transformed.base, plane)
      for point in 0..<WinogradConvolution.points {
        dp_half_pack(
          transformed.base + point * plane, inputs, range.count, inputs,
          panels.halves + point * stride + dp_half_panel_count(range.lowerBound, inputs))
      }
    }
    (form, self.outputs, self.inputs, kernel, self.panels) = (.points, outputs, inputs, (3, 3), panels)
  }

  private static func storage(matrices: Int, _ outputs: Int, _ inputs: Int) -> TensorStorage {
    TensorStorage(
      count: matrices * dp_half_panel_count(outputs, inputs), elementType: .bfloat16,
      for: "the weights of a layer as bfloat16")
  }

  /// In parallel over whole panels of outputs.
  private static func forPanels(_ outputs: Int, _ body: @escaping @Sendable (Range<Int>) -> Void) {
    parallel(over: (outputs + 15) / 16, grain: 1) { panels in
      body(16 * panels.lowerBound..<min(outputs, 16 * panels.upperBound))
    }
  }
}
