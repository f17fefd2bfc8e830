#if canImport(Glibc)
  import Glibc
#endif

/// What the machine itself can do, for comparisons: work cut into as many parts as there are threads.
package enum MachineLimits {
  /// c = a b for square matrices `[N, N]`.
  package static func multiply(_ a: Tensor, _ b: Tensor, into c: Tensor) {
    let size = a.shape.first ?? 0
    require(
      [a, b, c].allSatisfy { $0.shape == [size, size] },
      "a product of \(a.shape) and \(b.shape) into \(c.shape)")
    let (left, right, result) = (a.storage, b.storage, c.storage)
    let parts = Threads.count
    parallel(parts) { part in
      let (first, last) = (size * part / parts, size * (part + 1) / parts)
      BLAS.multiply(
        m: last - first, n: size, k: size, left.base + first * size, stride: size, right.base, stride: size,
        to: result.base + first * size, stride: size)
    }
  }

  /// Copies the numbers of a tensor into another one of its count.
  package static func copy(_ source: Tensor, into target: Tensor) {
    require(source.count == target.count, "a copy of \(source.shape) into \(target.shape)")
    let (from, to, count) = (source.storage, target.storage, source.count)
    let parts = Threads.count
    parallel(parts) { part in
      let (first, last) = (count * part / parts, count * (part + 1) / parts)
      memcpy(to.base + first, from.base + first, (last - first) * MemoryLayout<Float>.stride)
    }
  }
}

extension Tensor {
  /// Numbers in -0.5 ..< 0.5 that are quickly made.
  package static func pattern(_ shape: [Int]) -> Tensor {
    let tensor = Tensor.uninitialized(shape)
    let storage = tensor.storage
    parallel(over: tensor.count, grain: 1 << 16) { range in
      for index in range {
        let mixed = UInt32(truncatingIfNeeded: index) &* 2_654_435_761
        storage.base[index] = Float(mixed >> 16) / 65_536 - 0.5
      }
    }
    return tensor
  }
}
