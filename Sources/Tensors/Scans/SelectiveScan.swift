import CKernels

/// Selective scan (Gu & Dao, "Mamba", 2023, algorithm 2; the reference's `selective_scan_fn` with softplus).
///
/// h[t] = exp(dt A) h[t-1] + dt B[t] u[t], y[t] = C[t] h[t] + D u[t], dt = softplus(delta + deltaBias).
///
/// - Parameters:
///   - u: `[B, L, D]`.
///   - delta: `[B, L, D]`.
///   - A: `[D, N]`, negative; N up to 64.
///   - B: `[B, L, G, N]`; channel d uses group d / (D / G).
///   - C: `[B, L, G, N]`.
///   - D: `[D]`, the skip.
///   - deltaBias: `[D]`.
/// - Returns: `[B, L, D]`.
public func selectiveScan(
  u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor? = nil, deltaBias: Tensor? = nil
) -> Tensor {
  require(
    u.rank == 3 && delta.shape == u.shape, "selectiveScan of u \(u.shape) and delta \(delta.shape)")
  let channels = u.shape[2]
  require(
    A.rank == 2 && A.shape[0] == channels && (1...DP_SCAN_STATES).contains(A.shape[1]),
    "selectiveScan of u \(u.shape) with A \(A.shape)")
  require(
    B.rank == 4 && C.shape == B.shape && Array(B.shape.prefix(2)) == Array(u.shape.prefix(2))
      && B.shape[3] == A.shape[1] && B.shape[2] > 0 && channels % B.shape[2] == 0,
    "selectiveScan of u \(u.shape) with A \(A.shape), B \(B.shape), C \(C.shape)")
  for (name, vector) in [("D", D), ("deltaBias", deltaBias)] {
    require(
      vector.map { $0.shape == [channels] } ?? true,
      "selectiveScan of u \(u.shape) with \(name) \(vector?.shape ?? [])")
  }
  let all = [u, delta, A, B, C] + [D, deltaBias].compactMap { $0 }
  OperationCounter.current?.addScan(
    images: u.shape[0], channels: channels, steps: u.shape[1], states: A.shape[1])
  return Tensor.operation("selectiveScan", of: all) {
    let plan = ScanPlan(
      images: u.shape[0], height: 1, width: u.shape[1], channels: channels, states: A.shape[1],
      groups: B.shape[2], directions: 1, sets: 1)
    let parameters = ScanParameters(
      a: A.storage, isLogarithm: false, skip: D?.storage, bias: deltaBias?.storage)
    let inputs = GivenScanInputs(
      plan: plan, groups: B.shape[2], delta: delta.storage, b: B.storage, c: C.storage)
    let (y, boundaries) = plan.forward(
      u: u.storage, parameters, inputs, keepingStates: all.contains { $0.needsGradient })
    let (source, shapes) = (u.storage, (u: u.shape, a: A.shape, b: B.shape))
    let isNeeded = all.map(\.needsGradient)
    let (hasSkip, hasBias) = (D != nil, deltaBias != nil)
    return (
      Tensor(shape: u.shape, storage: y),
      { gradient in
        guard let boundaries else { return all.map { _ in nil } }
        let sink = GivenScanGradients(inputs)
        let (gu, sums) = plan.backward(
          gy: gradient.storage, u: source, parameters, inputs, boundaries: boundaries, to: sink)
        let (gb, gc) = sink.sums()
        var gradients: [Tensor?] = [
          Tensor(shape: shapes.u, storage: gu), Tensor(shape: shapes.u, storage: sink.delta),
          plan.sumOverImages(sums.a, shape: shapes.a), Tensor(shape: shapes.b, storage: gb),
          Tensor(shape: shapes.b, storage: gc),
        ]
        if hasSkip { gradients.append(plan.sumOverImages(sums.skip, shape: [plan.channels])) }
        if hasBias { gradients.append(plan.sumOverImages(sums.bias, shape: [plan.channels])) }
        return zip(gradients, isNeeded).map { $1 ? $0 : nil }
      }
    )
  }
}

/// delta `[B, L, D]`, B and C `[B, L, G, N]` as they are.
private struct GivenScanInputs: ScanInputs {
  let plan: ScanPlan
  let groups: Int
  let delta: TensorStorage
  let b: TensorStorage
  let c: TensorStorage

  var rank: Int { 0 }

  /// Where the group's states of an image's first pixel lie in B and C.
  func offset(_ workspace: ScanWorkspace, image: Int) -> Int {
    (image * plan.pixels * groups + workspace.rangeIndex / plan.rangesPerGroup) * plan.states
  }

  func fill(_ workspace: ScanWorkspace, image: Int, direction: Int, steps: Int) {
    let first = image * plan.pixels * plan.channels + workspace.channels.lowerBound
    dp_scan_gather(
      delta.base + first, plan.channels, workspace.places, steps, workspace.channels.count, workspace.z.base,
      workspace.stride)
    let offset = offset(workspace, image: image)
    for (source, column) in [(b, 0), (c, plan.states)] {
      dp_scan_gather(
        source.base + offset, groups * plan.states, workspace.places, steps, plan.states,
        workspace.rows.base + column, workspace.rowWidth)
    }
  }
}

/// Gradients by delta, and by B and C in one partial sum for each channel range of a group.
private struct GivenScanGradients: ScanInputGradients {
  let inputs: GivenScanInputs
  let delta: TensorStorage
  private let b: TensorStorage
  private let c: TensorStorage

  init(_ inputs: GivenScanInputs) {
    self.inputs = inputs
    delta = TensorStorage(count: inputs.delta.count, for: "the gradients of a scan")
    b = TensorStorage(count: inputs.b.count * inputs.plan.rangesPerGroup, for: "the gradients of a scan")
    c = TensorStorage(count: inputs.c.count * inputs.plan.rangesPerGroup, for: "the gradients of a scan")
  }

  func take(_ workspace: ScanWorkspace, image: Int, direction: Int, isFirst: Bool, steps: Int) {
    let plan = inputs.plan
    let first = image * plan.pixels * plan.channels + workspace.channels.lowerBound
    dp_scan_scatter(
      workspace.zGradient.base, workspace.stride, workspace.places, steps, workspace.channels.count,
      delta.base + first, plan.channels, 0)
    let part = workspace.rangeIndex % plan.rangesPerGroup
    let offset = part * inputs.b.count + inputs.offset(workspace, image: image)
    for (target, column) in [(b, 0), (c, plan.states)] {
      dp_scan_scatter(
        workspace.rowGradients.base + column, workspace.rowWidth, workspace.places, steps, plan.states,
        target.base + offset, inputs.groups * plan.states, 0)
    }
  }

  func sums() -> (b: TensorStorage, c: TensorStorage) {
    let (gb, gc) = (
      TensorStorage(count: inputs.b.count, for: "the gradients of a scan"),
      TensorStorage(count: inputs.c.count, for: "the gradients of a scan")
    )
    sumOfPartials(b, pieces: inputs.plan.rangesPerGroup, to: gb)
    sumOfPartials(c, pieces: inputs.plan.rangesPerGroup, to: gc)
    return (gb, gc)
  }
}
