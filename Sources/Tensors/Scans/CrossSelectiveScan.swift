import CKernels

/// Four selective scans over the pixels of an image - by rows, by columns, and both reversed - added up
/// (Liu et al., "VMamba", 2024, SS2D: cross-scan, scan and cross-merge in one).
///
/// Of a pixel and direction, `projected` holds R numbers that dtWeight turns into delta, then B, then C. The
/// scans are those of ``selectiveScan(u:delta:A:B:C:D:deltaBias:)`` with A = -exp(aLogs). With K = 1 one set of
/// parameters serves all four directions (`shared_ssm`); else K = 4.
///
/// - Parameters:
///   - u: `[B, H, W, D]`.
///   - projected: `[B, H, W, K * (R + 2 N)]`, N up to 64.
///   - dtWeight: `[K, D, R]`.
///   - dtBias: `[K, D]`.
///   - aLogs: `[K * D, N]`.
///   - skip: `[K * D]`.
/// - Returns: `[B, H, W, D]`.
public func crossSelectiveScan(
  _ u: Tensor, projected: Tensor, dtWeight: Tensor, dtBias: Tensor, aLogs: Tensor, skip: Tensor
) -> Tensor {
  require(
    u.rank == 4 && dtWeight.rank == 3 && dtWeight.shape[1] == u.shape[3]
      && [1, 4].contains(dtWeight.shape[0]),
    "crossSelectiveScan of u \(u.shape) with dtWeight \(dtWeight.shape)")
  let (sets, channels, rank) = (dtWeight.shape[0], dtWeight.shape[1], dtWeight.shape[2])
  require(
    aLogs.rank == 2 && aLogs.shape[0] == sets * channels
      && (1...DP_SCAN_STATES).contains(aLogs.shape[1]),
    "crossSelectiveScan of u \(u.shape) with \(sets) sets and aLogs \(aLogs.shape)")
  let states = aLogs.shape[1]
  require(
    projected.shape == u.shape.dropLast() + [sets * (rank + 2 * states)],
    "crossSelectiveScan of u \(u.shape) with projected \(projected.shape), dtWeight \(dtWeight.shape), "
      + "aLogs \(aLogs.shape)")
  require(
    dtBias.shape == [sets, channels] && skip.shape == [sets * channels],
    "crossSelectiveScan of u \(u.shape) with dtBias \(dtBias.shape), skip \(skip.shape)")
  let all = [u, projected, dtWeight, dtBias, aLogs, skip]
  if let counter = OperationCounter.current {
    let pixels = u.shape[1] * u.shape[2]
    counter.addLinear(u.shape[0], 4, channels, rank, pixels)
    counter.addScan(images: u.shape[0], channels: 4 * channels, steps: pixels, states: states)
  }
  return Tensor.operation("crossSelectiveScan", of: all) {
    let plan = ScanPlan(
      images: u.shape[0], height: u.shape[1], width: u.shape[2], channels: channels, states: states,
      groups: 1,
      directions: 4, sets: sets)
    let parameters = ScanParameters(
      a: aLogs.storage, isLogarithm: true, skip: skip.storage, bias: dtBias.storage)
    let inputs = ProjectedScanInputs(
      plan: plan, rank: rank, projected: projected.storage, weight: dtWeight.storage)
    let isNeeded = all.map(\.needsGradient)
    let (y, boundaries) = plan.forward(
      u: u.storage, parameters, inputs, keepingStates: isNeeded.contains(true))
    let source = u.storage
    let shapes = all.map(\.shape)
    return (
      Tensor(shape: u.shape, storage: y),
      { gradient in
        guard let boundaries else { return isNeeded.map { _ in nil } }
        let sink = ProjectedScanGradients(inputs, needsProjected: isNeeded[1], needsWeight: isNeeded[2])
        let (gu, sums) = plan.backward(
          gy: gradient.storage, u: source, parameters, inputs, boundaries: boundaries, to: sink)
        let gradients: [Tensor?] = [
          Tensor(shape: shapes[0], storage: gu),
          sink.projectedSum().map { Tensor(shape: shapes[1], storage: $0) },
          sink.weight.map { plan.sumOverImages($0, shape: shapes[2]) },
          plan.sumOverImages(sums.bias, shape: shapes[3]), plan.sumOverImages(sums.a, shape: shapes[4]),
          plan.sumOverImages(sums.skip, shape: shapes[5]),
        ]
        return zip(gradients, isNeeded).map { $1 ? $0 : nil }
      }
    )
  }
}

/// delta's R numbers, B and C side by side in each pixel, one such row for each parameter set.
private struct ProjectedScanInputs: ScanInputs {
  let plan: ScanPlan
  let rank: Int
  let projected: TensorStorage
  let weight: TensorStorage

  var rowWidth: Int { rank + 2 * plan.states }

  /// Where the row of an image's first pixel lies.
  func offset(image: Int, direction: Int) -> Int {
    (image * plan.pixels * plan.sets + plan.set(direction)) * rowWidth
  }

  /// The weights of the workspace's channels, `[D, R]`.
  func weights(_ workspace: ScanWorkspace, direction: Int) -> UnsafeMutablePointer<Float> {
    weight.base + (plan.set(direction) * plan.channels + workspace.channels.lowerBound) * rank
  }

  func begin(_ workspace: ScanWorkspace, direction: Int) {
    let (source, turned) = (weights(workspace, direction: direction), workspace.weights.base)
    let (channels, stride) = (workspace.channels.count, workspace.stride)
    for r in 0..<rank {
      for channel in 0..<channels { turned[r * stride + channel] = source[channel * rank + r] }
    }
  }

  func fill(_ workspace: ScanWorkspace, image: Int, direction: Int, steps: Int) {
    dp_scan_gather(
      projected.base + offset(image: image, direction: direction), plan.sets * rowWidth, workspace.places,
      steps,
      rowWidth, workspace.rows.base, rowWidth)
    dp_scan_project(
      workspace.rows.base, rowWidth, rank, workspace.weights.base, steps, workspace.stride, workspace.z.base)
  }
}

/// Gradients by `projected`, in partial sums of the channel ranges, and by the weights, of images and directions.
private struct ProjectedScanGradients: ScanInputGradients {
  let inputs: ProjectedScanInputs
  private let projected: TensorStorage?
  let weight: TensorStorage?

  init(_ inputs: ProjectedScanInputs, needsProjected: Bool, needsWeight: Bool) {
    self.inputs = inputs
    let plan = inputs.plan
    projected =
      needsProjected
      ? TensorStorage(count: inputs.projected.count * Self.partials(plan), for: "the gradients of a scan")
      : nil
    weight =
      needsWeight ? ScanWorkspace.zeros(plan.images * plan.directions * plan.channels * inputs.rank) : nil
  }

  /// Directions with sets of their own write different places; those that share one need partial sums.
  private static func partials(_ plan: ScanPlan) -> Int {
    plan.ranges.count * (plan.sets == 1 ? plan.directionParts : 1)
  }

  func take(_ workspace: ScanWorkspace, image: Int, direction: Int, isFirst: Bool, steps: Int) {
    let (plan, rank, rowWidth) = (inputs.plan, inputs.rank, inputs.rowWidth)
    let (stride, gz) = (workspace.stride, workspace.zGradient.base)
    if let projected {
      dp_scan_project_back(
        gz, steps, stride, workspace.weights.base, rank, workspace.rowGradients.base, rowWidth)
      let part = plan.sets == 1 ? direction * plan.directionParts / plan.directions : 0
      let partial = part * plan.ranges.count + workspace.rangeIndex
      dp_scan_scatter(
        workspace.rowGradients.base, rowWidth, workspace.places, steps, rowWidth,
        projected.base + partial * inputs.projected.count + inputs.offset(image: image, direction: direction),
        plan.sets * rowWidth, plan.sets > 1 || isFirst ? 0 : 1)
    }
    if weight != nil {
      dp_scan_project_weights(
        workspace.rows.base, rowWidth, rank, gz, steps, stride, workspace.weightGradient.base)
    }
  }

  func finish(_ workspace: ScanWorkspace, image: Int, direction: Int) {
    guard let weight else { return }
    let (plan, rank, sums) = (inputs.plan, inputs.rank, workspace.weightGradient.base)
    let first = (image * plan.directions + direction) * plan.channels + workspace.channels.lowerBound
    let (turned, channels, stride) = (weight.base + first * rank, workspace.channels.count, workspace.stride)
    for channel in 0..<channels {
      for r in 0..<rank { turned[channel * rank + r] = sums[r * stride + channel] }
    }
  }

  /// The gradient by `projected`, its partial sums added in order.
  func projectedSum() -> TensorStorage? {
    guard let projected else { return nil }
    let partials = Self.partials(inputs.plan)
    if partials == 1 { return projected }
    let sum = TensorStorage(count: inputs.projected.count, for: "the gradients of a scan")
    sumOfPartials(projected, pieces: partials, to: sum)
    return sum
  }
}
