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
    pool.give(first, bytes: 1000)
    #expect(pool.usage.live == 0)
    let idle = pool.usage.idle
    #expect(idle >= 1000)
    let again = pool.take(bytes: 990)
    #expect(again == first)
    #expect(pool.usage.idle == 0)
    #expect(pool.usage.peak == idle)
    pool.give(again, bytes: 990)
  }

  @Test(
    "what lies idle stays within the limit, and the block that lay longest goes", arguments: [1, 2, 3, 8])
  func bound(kept: Int) {
    let size = 64 << 10
    let pool = BufferPool(limit: kept * size)
    let blocks = (0..<10).map { _ in pool.take(bytes: size) }
    #expect(pool.usage.live == 10 * size)
    for block in blocks { pool.give(block, bytes: size) }
    #expect(pool.usage.idle == kept * size)
    #expect(pool.usage.live == 0)
    #expect(pool.usage.peak == 10 * size)
    // Those given back last are still there, the last one first.
    let found = (0..<kept).map { _ in pool.take(bytes: size) }
    #expect(found == blocks.suffix(kept).reversed())
    #expect(pool.usage.idle == 0)
    for block in found { pool.give(block, bytes: size) }
  }

  @Test("less lies idle where tensors take more")
  func total() {
    let size = 64 << 10
    let pool = BufferPool(limit: 8 * size, total: 10 * size)
    let blocks = (0..<6).map { _ in pool.take(bytes: size) }
    for block in blocks { pool.give(block, bytes: size) }
    #expect(pool.usage.idle == 6 * size)
    // Of another size, so that none of the idle blocks serves.
    let other = (0..<4).map { _ in pool.take(bytes: 2 * size) }
    #expect(pool.usage.live == 8 * size && pool.usage.idle == 2 * size)
    for block in other { pool.give(block, bytes: 2 * size) }
    #expect(pool.usage.live == 0 && pool.usage.idle == 8 * size)
    // The tensors alone may take more than that.
    let many = (0..<20).map { _ in pool.take(bytes: size) }
    #expect(pool.usage.live == 20 * size && pool.usage.idle == 0)
    for block in many { pool.give(block, bytes: size) }
  }

  @Test("a block larger than the limit is not kept")
  func oversized() {
    let pool = BufferPool(limit: 1 << 16)
    let (small, large) = (pool.take(bytes: 1 << 10), pool.take(bytes: 8 << 20))
    pool.give(small, bytes: 1 << 10)
    pool.give(large, bytes: 8 << 20)
    #expect(pool.usage.idle == 0)
    #expect(pool.usage.peak >= 8 << 20)
  }

  @Test("tensors are counted")
  func tensors() {
    let tensor = Tensor.zeros([1 << 20])
    #expect(TensorMemory.current.live >= 4 << 20)
    #expect(TensorMemory.current.peak >= 4 << 20)
    #expect(tensor.count == 1 << 20)
  }
}
