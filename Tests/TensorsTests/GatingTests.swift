import TestSupport
import Tensors
import Testing

@Suite("gating")
struct GatingTests {
  private static func numbers(_ count: Int, _ step: Float) -> Tensor {
    Tensor((0..<count).map { (Float($0) - Float(count) / 2) * step }, shape: [count])
  }

  @Test("one pass gives the bits of the two functions it joins", arguments: [0, 1, 77, 40_003])
  func values(count: Int) {
    let (y, z) = (Self.numbers(count, 0.013), Self.numbers(count, -0.0021))
    #expect(y.siluGated(by: z).values.elementsEqual((y * z.silu()).values))
  }

  @Test("gradients of both")
  func gradients() {
    let inputs = [Self.numbers(35, 0.1).reshaped([5, 7]), Self.numbers(35, -0.23).reshaped([5, 7])]
    #expect(gradientMismatches(at: inputs, tolerance: 2e-3) { $0[0].siluGated(by: $0[1]) } == [])
  }
}
