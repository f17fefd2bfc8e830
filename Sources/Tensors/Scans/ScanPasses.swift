import CKernels

extension ScanPlan {
  /// The sum of the directions' scans, `[B, L, D]`, and the states before the chunks if they are to be kept.
  func forward(
    u: TensorStorage, _ parameters: ScanParameters, _ inputs: some ScanInputs, keepingStates: Bool
  ) -> (y: TensorStorage, boundaries: TensorStorage?) {
    let boundaries = keepingStates ? TensorStorage(count: boundaryCount, for: "the states of a scan") : nil
    let y = (0..<directionParts).map { _ in TensorStorage(count: u.count, for: "the states of a scan") }
    parallel(pieces) { index in
      let (image, part, directions, range) = piece(index)
      let workspace = ScanWorkspace(self, range: range, rank: inputs.rank)
      let offset = image * pixels * channels + workspace.channels.lowerBound
      for direction in directions {
        workspace.load(parameters, direction: direction)
        inputs.begin(workspace, direction: direction)
        workspace.state.values.update(repeating: 0)
        workspace.begin(direction: direction, with: steps(ofChunk: 0))
        for chunk in 0..<chunks {
          let steps = steps(ofChunk: chunk)
          if let boundaries {
            let kept = boundary(image: image, direction: direction, chunk: chunk, range: range)
            (boundaries.base + kept).update(from: workspace.state.base, count: workspace.state.count)
          }
          workspace.advance(direction: direction, before: self.steps(ofChunk: chunk + 1))
          inputs.fill(workspace, image: image, direction: direction, steps: steps.count)
          var kernel = workspace.kernelChunk(steps: steps.count, u: u.base + offset)
          let adds: Int32 = direction > directions.lowerBound ? 1 : 0
          if states == 1 {
            kernel.delta = UnsafePointer(workspace.z.base)
            dp_single_scan_forward(
              &kernel, workspace.bias.base, workspace.state.base, y[part].base + offset, adds)
          } else {
            dp_scan_softplus(
              workspace.z.base, workspace.bias.base, steps.count, workspace.stride, workspace.delta.base, nil)
            dp_scan_forward(&kernel, workspace.state.base, y[part].base + offset, adds)
          }
        }
      }
    }
    return (sumOfParts(y), boundaries)
  }

  /// Gradients by u and by the parameters; those by delta, B and C go to `gradients`.
  func backward(
    gy: TensorStorage, u: TensorStorage, _ parameters: ScanParameters, _ inputs: some ScanInputs,
    boundaries: TensorStorage, to gradients: some ScanInputGradients
  ) -> (u: TensorStorage, parameters: ScanParameterGradients) {
    let gu = (0..<directionParts).map { _ in TensorStorage(count: u.count, for: "the states of a scan") }
    let sums = ScanParameterGradients(self)
    parallel(pieces) { index in
      let (image, part, directions, range) = piece(index)
      let workspace = ScanWorkspace(self, range: range, rank: inputs.rank)
      let offset = image * pixels * channels + workspace.channels.lowerBound
      for direction in directions {
        let isFirst = direction == directions.lowerBound
        workspace.load(parameters, direction: direction)
        inputs.begin(workspace, direction: direction)
        workspace.clearGradients()
        workspace.begin(direction: direction, with: steps(ofChunk: chunks - 1))
        for chunk in (0..<chunks).reversed() {
          let steps = steps(ofChunk: chunk)
          workspace.advance(direction: direction, before: self.steps(ofChunk: chunk - 1))
          inputs.fill(workspace, image: image, direction: direction, steps: steps.count)
          var kernel = workspace.kernelChunk(steps: steps.count, u: u.base + offset)
          var outputs = dp_scan_gradients(
            gy: gy.base + offset, gu: gu[part].base + offset, adds: isFirst ? 0 : 1,
            carry: workspace.carry.base, gdelta: workspace.zGradient.base,
            grates: workspace.rateGradient.base, gskip: workspace.skipGradient.base,
            gb: workspace.rowGradients.base + workspace.rank,
            gc: workspace.rowGradients.base + workspace.rank + states, gradientRowStride: workspace.rowWidth,
            scratch: workspace.scratch.base)
          let kept = boundary(image: image, direction: direction, chunk: chunk, range: range)
          if states == 1 {
            kernel.delta = UnsafePointer(workspace.z.base)
            dp_single_scan_backward(
              &kernel, workspace.bias.base, boundaries.base + kept, &outputs, workspace.biasGradient.base)
          } else {
            dp_scan_softplus(
              workspace.z.base, workspace.bias.base, steps.count, workspace.stride, workspace.delta.base,
              workspace.slope.base)
            dp_scan_backward(&kernel, boundaries.base + kept, &outputs)
            dp_scan_softplus_backward(
              workspace.zGradient.base, workspace.slope.base, steps.count, workspace.stride,
              workspace.biasGradient.base)
          }
          gradients.take(workspace, image: image, direction: direction, isFirst: isFirst, steps: steps.count)
        }
        gradients.finish(workspace, image: image, direction: direction)
        sums.take(workspace, parameters, image: image, direction: direction)
      }
    }
    return (sumOfParts(gu), sums)
  }

  private func sumOfParts(_ parts: [TensorStorage]) -> TensorStorage {
    let sum = parts[0]
    guard parts.count > 1 else { return sum }
    // A piece of the sum stays in the cache until all parts are added.
    parallel(over: sum.count, grain: 1 << 14) { range in
      for part in parts.dropFirst() {
        dp_accumulate(sum.base + range.lowerBound, part.base + range.lowerBound, range.count)
      }
    }
    return sum
  }

  /// Sums `[B, directions, count]` over the images, and over the directions where they share parameters.
  func sumOverImages(_ partial: TensorStorage, shape: [Int]) -> Tensor {
    let sum = Tensor.zeros(shape)
    let (count, total) = (sum.count / sets, sum.storage)
    parallel(over: count, grain: 1 << 14) { range in
      let start = range.lowerBound
      for image in 0..<images {
        for direction in 0..<directions {
          dp_accumulate(
            total.base + set(direction) * count + start,
            partial.base + (image * directions + direction) * count + start, range.count)
        }
      }
    }
    return sum
  }
}

/// Gradients by A (or log(-A)), skip and bias, apart for each image and direction: `[B, directions, D ...]`.
struct ScanParameterGradients: Sendable {
  let plan: ScanPlan
  let a: TensorStorage
  let skip: TensorStorage
  let bias: TensorStorage

  init(_ plan: ScanPlan) {
    self.plan = plan
    let count = plan.images * plan.directions * plan.channels
    a = TensorStorage(count: count * plan.states, for: "the states of a scan")
    skip = TensorStorage(count: count, for: "the states of a scan")
    bias = TensorStorage(count: count, for: "the states of a scan")
  }

  func take(_ workspace: ScanWorkspace, _ parameters: ScanParameters, image: Int, direction: Int) {
    let (channels, states) = (workspace.channels, plan.states)
    let first = (image * plan.directions + direction) * plan.channels + channels.lowerBound
    dp_scan_rates_backward(
      workspace.rateGradient.base, workspace.rates.base, parameters.isLogarithm ? 1 : 0, channels.count,
      states,
      workspace.stride, a.base + first * states)
    if direction == 0 {
      // That by the sum of all directions' skips is that by each.
      for direction in 0..<plan.directions {
        let first = (image * plan.directions + direction) * plan.channels + channels.lowerBound
        (skip.base + first).update(from: workspace.skipGradient.base, count: channels.count)
      }
    }
    (bias.base + first).update(from: workspace.biasGradient.base, count: channels.count)
  }
}
