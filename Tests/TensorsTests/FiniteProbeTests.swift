import Tensors
import Testing

@Suite("The first result that is not finite")
struct FiniteProbeTests {
  private let weight = Tensor([2, 3], shape: [2]).withGradient()
  private let large = Tensor([3e38, 1], shape: [2]).withGradient()

  @Test("is found with the weight that the operation takes")
  func ofAWeight() throws {
    let (finding, result) = FiniteProbe.look { ((weight * weight) * large * Tensor(1)).sum().scalar }
    #expect(try result.get() == .infinity)
    let found = try #require(finding)
    #expect(found.weights == [try #require(large.leafNumber)] && !found.isGiven, "\(found)")
  }

  @Test("is found with the weight before it, and in the backward pass")
  func behindAWeight() throws {
    let forward = FiniteProbe.look { _ = (large * Tensor(1)) * Tensor(1e10) }.finding
    #expect(forward?.weights == [try #require(large.leafNumber)] && forward?.isGiven == false)
    let backward = FiniteProbe.look {
      ((weight * Tensor(1e-30)) * Tensor(1e30)).sum().backward(from: Tensor(repeating: 1e38, shape: []))
    }.finding
    #expect(backward?.operation.hasSuffix(".backward") == true, "\(String(describing: backward))")
  }

  @Test("is not of the operation whose input was so already; nothing where all is finite")
  func ofAnInput() throws {
    #expect(FiniteProbe.look { _ = weight * Tensor(.nan) }.finding?.isGiven == true)
    #expect(FiniteProbe.look { (weight * weight).sum().backward() }.finding == nil)
    // Nobody looks any more.
    _ = weight * Tensor(.nan)
    #expect(FiniteProbe.look {}.finding == nil)
  }
}
