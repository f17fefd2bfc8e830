import Foundation
import TestSupport
import Testing

import Tensors

/// A function of numbers with its tensor form.
struct ScalarFunction: Sendable, CustomTestStringConvertible {
  let name: String
  let tensor: @Sendable (Tensor) -> Tensor
  let reference: @Sendable (Double) -> Double
  var testDescription: String { name }

  static let all: [ScalarFunction] = [
    ScalarFunction(name: "exp", tensor: { $0.exp() }, reference: { Foundation.exp($0) }),
    ScalarFunction(name: "sigmoid", tensor: { $0.sigmoid() }, reference: { 1 / (1 + Foundation.exp(-$0)) }),
    ScalarFunction(name: "relu", tensor: { $0.relu() }, reference: { max(0, $0) }),
    ScalarFunction(
      name: "gelu", tensor: { $0.gelu() }, reference: { 0.5 * $0 * (1 + erf($0 / 2.squareRoot())) }),
    ScalarFunction(name: "silu", tensor: { $0.silu() }, reference: { $0 / (1 + Foundation.exp(-$0)) }),
    ScalarFunction(
      name: "softplus", tensor: { $0.softplus() }, reference: { $0 > 20 ? $0 : log1p(Foundation.exp($0)) }),
  ]
}

@Suite("activations")
struct ActivationTests {
  @Test("values over the whole range", arguments: ScalarFunction.all)
  func values(function: ScalarFunction) {
    // An odd count, so that the loop's tail is in it.
    let x = (0..<20_011).map { Float($0 - 10_005) * 0.0087 }
    let y = function.tensor(Tensor(x, shape: [x.count])).values
    let worst = zip(x, y).map { x, y in
      let expected = function.reference(Double(x))
      if Float(expected) == y { return 0.0 }
      // gelu's left tail is a difference: accurate against its input.
      let scale = max(abs(expected), function.name == "gelu" ? Double(abs(x)) : 0)
      return abs(Double(y) - expected) / max(scale, Double(Float.leastNormalMagnitude))
    }.max()
    #expect((worst ?? 1) < 5e-7)
  }

  @Test(
    "the ends of the range",
    arguments: [
      ("exp", [-.infinity, -103.9, 88.7, 89, .infinity], [0, 0x1p-149, 3.32598e38, .infinity, .infinity]),
      ("sigmoid", [-.infinity, -100, 0, 100, .infinity], [0, 0, 0.5, 1, 1]),
      ("relu", [-.infinity, -0.0, 0x1p-149, 3, .infinity], [0, 0, 0x1p-149, 3, .infinity]),
      ("gelu", [-30, -0.0, 0, 30, .infinity], [0, 0, 0, 30, .infinity]),
      ("silu", [-200, -0.0, 0, 200, .infinity], [0, 0, 0, 200, .infinity]),
      ("softplus", [-.infinity, -200, 20, 21, .infinity], [0, 0, 20, 21, .infinity]),
    ] as [(String, [Float], [Float])])
  func ends(name: String, x: [Float], expected: [Float]) throws {
    let function = try #require(ScalarFunction.all.first { $0.name == name })
    let y = function.tensor(Tensor(x, shape: [x.count])).values
    #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) <= 1e-4 * abs($1) }, "\(y)")
    #expect(function.tensor(Tensor([.nan], shape: [1])).scalar.isNaN)
  }

  @Test("gradients", arguments: ScalarFunction.all)
  func gradients(function: ScalarFunction) {
    // Away from relu's kink and softplus' threshold.
    let x = Tensor((0..<77).map { Float($0 - 38) * 0.11 + 0.05 }, shape: [7, 11])
    let tolerance: Float = function.name == "exp" ? 1e-2 : 2e-3
    #expect(gradientMismatches(at: [x], tolerance: tolerance) { function.tensor($0[0]) } == [])
  }

  @Test("gradients stay finite at the ends", arguments: ScalarFunction.all.filter { $0.name != "exp" })
  func finiteGradients(function: ScalarFunction) {
    let x = Tensor([-1000, -90, 0, 90, 1000], shape: [5]).withGradient()
    function.tensor(x).sum().backward()
    let gradient = x.gradient?.values ?? []
    #expect(gradient.count == 5 && gradient.allSatisfy(\.isFinite), "\(gradient)")
    #expect(abs((gradient.last ?? 0) - (function.name == "sigmoid" ? 0 : 1)) < 1e-6)
  }

  @Test("no numbers", arguments: ScalarFunction.all)
  func empty(function: ScalarFunction) {
    #expect(function.tensor(.zeros([3, 0, 2])).shape == [3, 0, 2])
  }
}
