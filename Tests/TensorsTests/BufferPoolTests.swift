import Tensors
import Testing

@Suite("memory of tensors")
struct BufferPoolTests {
  @Test("a block is handed out again to a request of its size, and counted")
  func reuse() {
    let pool = BufferPool(limit: 1 << 20)
    let first = pool.take(bytes: 1000)
    #expect(pool.usage.live >= 1000)
    #expect(pool.usage.live <= 1125)
    pool.give(first)
    #expect(pool.usage.live == 0)
    let idle = pool.usage.idle
    #expect(idle >= 1000)
    let again = pool.take(bytes: 990)
    #expect(again == first)
    #expect(pool.usage.idle == 0)
    #expect(pool.usage.peak == idle)
    pool.give(again)
  }

  @Test(
    "what lies idle stays within the limit, and the block that lay longest goes", arguments: [1, 2, 3, 8])
  func bound(kept: Int) {
    let size = 64 << 10
    let pool = BufferPool(limit: kept * size)
    let blocks = (0..<10).map { _ in pool.take(bytes: size) }
    #expect(pool.usage.live == 10 * size)
    for block in blocks { pool.give(block) }
    #expect(pool.usage.idle == kept * size)
    #expect(pool.usage.live == 0)
    #expect(pool.usage.peak == 10 * size)
    // Those given back last are still there, the last one first.
    let found = (0..<kept).map { _ in pool.take(bytes: size) }
    #expect(found == blocks.suffix(kept).reversed())
    #expect(pool.usage.idle == 0)
    for block in found { pool.give(block) }
  }

  @Test("less lies idle where tensors take more")
  func total() {
    let size = 64 << 10
    let pool = BufferPool(limit: 8 * size, total: 9 * size)
    let blocks = (0..<8).map { _ in pool.take(bytes: size) }
    for block in blocks { pool.give(block) }
    #expect(pool.usage.idle == 8 * size)
    // Of another size, so that none of the idle blocks serves.
    let other = (0..<4).map { _ in pool.take(bytes: 2 * size) }
    #expect(pool.usage.live == 8 * size && pool.usage.idle == size)
    for block in other { pool.give(block) }
    #expect(pool.usage.live == 0 && pool.usage.idle == 8 * size)
    // The tensors alone may take more than that.
    let many = (0..<20).map { _ in pool.take(bytes: size) }
    #expect(pool.usage.live == 20 * size && pool.usage.idle == 0)
    for block in many { pool.give(block) }
  }

  @Test("a block larger than the limit is not kept")
  func oversized() {
    let pool = BufferPool(limit: 1 << 16)
    let (small, large) = (pool.take(bytes: 1 << 10), pool.take(bytes: 8 << 20))
    pool.give(small)
    pool.give(large)
    #expect(pool.usage.idle == 0)
    #expect(pool.usage.peak >= 8 << 20)
  }

  /// Sizes of the blocks a step takes, all at once, before it gives them back.
  typealias Step = [Int]

  @Test(
    "what is held in all stays near the most that tensors took, whatever the sizes of the steps",
    arguments: [
      [[64, 64, 64]], [[64, 32], [96]], [[60, 50, 40], [90, 30, 30], [150]],
      [[16, 16, 16, 16], [64], [32, 32]],
      [[150], [100, 50], [70, 80], [30, 120]],
    ])
  func varyingSizes(steps: [Step]) {
    let pool = BufferPool(limit: 1 << 30)
    for _ in 0..<5 {
      for step in steps {
        let blocks = step.map { pool.take(bytes: $0 << 10) }
        let usage = pool.usage
        #expect(usage.live + usage.idle <= usage.peak + usage.peak / 8)
        for block in blocks { pool.give(block) }
        #expect(pool.usage.live == 0 && pool.usage.idle <= usage.peak + usage.peak / 8)
      }
    }
  }

  @Test(
    "steps of one size find all their blocks again",
    arguments: [[64, 64, 64], [10, 200, 30], [1, 2, 4, 8]])
  func sameSizes(step: Step) {
    let pool = BufferPool(limit: 1 << 30)
    let first = step.map { pool.take(bytes: $0 << 10) }
    for block in first { pool.give(block) }
    let held = pool.usage.idle
    for _ in 0..<3 {
      let again = step.map { pool.take(bytes: $0 << 10) }
      #expect(pool.usage.idle == 0 && pool.usage.live == held)
      #expect(Set(again.map(\.address)) == Set(first.map(\.address)))
      for block in again { pool.give(block) }
    }
  }

  @Test(
    "a request without a block of its size takes a larger one that wastes at most a quarter",
    arguments: [(100, 100, true), (96, 100, true), (81, 100, true), (79, 100, false), (50, 100, false)])
  func largerBlock(wanted: Int, idle: Int, isReused: Bool) {
    let pool = BufferPool(limit: 1 << 30)
    let block = pool.take(bytes: idle << 10)
    pool.give(block)
    let found = pool.take(bytes: wanted << 10)
    #expect((found == block) == isReused)
    #expect(found.size >= wanted << 10)
    pool.give(found)
    #expect(pool.usage.live == 0)
  }

  @Test(
    "large blocks are cut from idle ones and joined again, whatever the order",
    arguments: [
      [[8], [3, 5], [1, 1, 6], [8]], [[2, 3, 5], [10], [5, 5], [1, 2, 3, 4]],
      [[4, 16, 4], [20], [3, 20], [24]],
    ])
  func largeBlocks(steps: [Step]) {
    let pool = BufferPool(limit: 1 << 30)
    let most = steps.map { $0.reduce(0, +) }.max() ?? 0
    for seed in 0..<6 {
      for step in steps {
        var blocks = step.map { pool.take(bytes: $0 << 20) }
        for (index, block) in blocks.enumerated() {
          block.address.initializeMemory(as: UInt8.self, repeating: UInt8(index), count: block.size)
        }
        // No two blocks overlap.
        for (index, block) in blocks.enumerated() {
          let bytes = UnsafeRawBufferPointer(start: block.address, count: block.size)
          #expect(bytes.allSatisfy { $0 == UInt8(index) })
        }
        if seed % 2 == 1 { blocks.reverse() }
        for block in blocks { pool.give(block) }
      }
      #expect(pool.usage.live == 0 && pool.usage.idle <= (most << 20) * 9 / 8 + (4 << 20))
    }
  }

  @Test("an idle block is given back to the system in part")
  func partOfLargeBlock() {
    let pool = BufferPool(limit: 8 << 20)
    let block = pool.take(bytes: 32 << 20)
    pool.give(block)
    #expect((4 << 20...8 << 20).contains(pool.usage.idle))
    let first = pool.take(bytes: 4 << 20)
    #expect(first.address == block.address)
    first.address.initializeMemory(as: UInt8.self, repeating: 1, count: first.size)
    pool.give(first)
  }

  @Test("tensors are counted")
  func tensors() {
    let tensor = Tensor.zeros([1 << 20])
    #expect(TensorMemory.current.live >= 4 << 20)
    #expect(TensorMemory.current.peak >= 4 << 20)
    #expect(tensor.count == 1 << 20)
  }
}
