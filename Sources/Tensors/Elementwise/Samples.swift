import CKernels

extension Tensor {
  /// Some samples of a batch, `[places.count, ...]` of `[B, ...]`; the batch itself where they are all.
  ///
  /// - Parameter places: In rising order, below B.
  public func samples(_ places: [Int]) -> Tensor {
    requirePlaces(places)
    if places.count == shape[0] { return self }
    let (old, source) = (shape, node)
    return Tensor.operation("samples", of: [self]) {
      let y = Tensor.uninitialized([places.count] + shape.dropFirst())
      let (size, input, result) = (count / max(1, shape[0]), storage, y.storage)
      Self.eachStretch(of: places.count, size: size) { sample, start, count in
        (result.base + sample * size + start).update(
          from: input.base + places[sample] * size + start, count: count)
      }
      return (
        y,
        { gradient in
          let gx = source?.takeSum() ?? .filled(0, shape: old)
          let (g, output) = (gradient.storage, gx.storage)
          Self.eachStretch(of: places.count, size: size) { sample, start, count in
            dp_accumulate(output.base + places[sample] * size + start, g.base + sample * size + start, count)
          }
          return [gx]
        }
      )
    }
  }

  /// This batch with a branch of some of its samples added, in one pass.
  ///
  /// - Parameters:
  ///   - branch: `[places.count, ...]`.
  ///   - places: Of the samples, in rising order, below B.
  ///   - factors: What each sample of the branch is multiplied by first.
  public func adding(_ branch: Tensor, toSamples places: [Int], times factors: [Float]) -> Tensor {
    requirePlaces(places)
    require(
      branch.shape == [places.count] + shape.dropFirst() && factors.count == places.count,
      "\(branch.shape) of \(factors.count) samples added to \(places.count) of \(shape)")
    return Tensor.operation("residual", of: [self, branch]) {
      let y = Tensor.uninitialized(shape)
      let size = count / max(1, shape[0])
      // Where in the branch each sample is.
      var sources = [Int?](repeating: nil, count: shape[0])
      for (source, place) in places.enumerated() { sources[place] = source }
      let (input, added, result) = (storage, branch.storage, y.storage)
      Self.eachStretch(of: shape[0], size: size) { [sources] sample, start, count in
        let (out, old) = (result.base + sample * size + start, input.base + sample * size + start)
        if let source = sources[sample] {
          dp_add_branch(out, old, added.base + source * size + start, factors[source], count)
        } else {
          out.update(from: old, count: count)
        }
      }
      let (needsX, needsBranch) = (needsGradient, branch.needsGradient)
      let branchShape = branch.shape
      let isWhole = places.count == shape[0] && factors.allSatisfy { $0 == 1 }
      return (
        y,
        { gradient in
          guard needsBranch, !isWhole else {
            return [needsX ? gradient : nil, needsBranch ? gradient : nil]
          }
          let slope = Tensor.uninitialized(branchShape)
          let (g, output) = (gradient.storage, slope.storage)
          Self.eachStretch(of: places.count, size: size) { sample, start, count in
            var factor = factors[sample]
            dp_multiply_right(
              output.base + sample * size + start, g.base + places[sample] * size + start, &factor, count, 1)
          }
          return [needsX ? gradient : nil, slope]
        }
      )
    }
  }

  private func requirePlaces(_ places: [Int]) {
    require(
      rank >= 1 && zip(places, places.dropFirst()).allSatisfy { $0 < $1 } && (places.first ?? 0) >= 0
        && (places.last ?? -1) < shape[0],
      "samples \(places) of a batch of shape \(shape)")
  }

  /// Runs `body` over the parts of every sample with all threads.
  private static func eachStretch(
    of samples: Int, size: Int,
    _ body: @escaping @Sendable (_ sample: Int, _ start: Int, _ count: Int) -> Void
  ) {
    let chunks = min(32, max(1, size >> 15))
    parallel(samples * chunks) { piece in
      let (sample, chunk) = piece.quotientAndRemainder(dividingBy: chunks)
      let start = size * chunk / chunks
      body(sample, start, size * (chunk + 1) / chunks - start)
    }
  }
}
