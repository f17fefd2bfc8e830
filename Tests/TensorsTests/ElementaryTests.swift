import Foundation
import TestSupport
import Testing

import Tensors

@Suite("elementary functions")
struct ElementaryTests {
  static let functions: [ScalarFunction] = [
    ScalarFunction(name: "log", tensor: { $0.log() }, reference: { Foundation.log($0) }),
    ScalarFunction(name: "sqrt", tensor: { $0.sqrt() }, reference: { $0.squareRoot() }),
    ScalarFunction(name: "abs", tensor: { $0.abs() }, reference: { Swift.abs($0) }),
    ScalarFunction(name: "tanh", tensor: { $0.tanh() }, reference: { Foundation.tanh($0) }),
    ScalarFunction(
      name: "clamp", tensor: { $0.clamped(to: -0.75...0.5) }, reference: { min(max($0, -0.75), 0.5) }),
  ]

  static func isPositiveOnly(_ function: ScalarFunction) -> Bool { ["log", "sqrt"].contains(function.name) }

  @Test("values over the whole range", arguments: functions)
  func values(function: ScalarFunction) {
    // Odd counts, so that the loop's tail is in it; close to 0 and far from it.
    let positive = (1..<20_011).map { Float($0) * 0.0087 } + (1..<2_001).map { Float($0) * 3e-4 }
    let x = Self.isPositiveOnly(function) ? positive : positive + positive.map { -$0 }
    let y = function.tensor(Tensor(x, shape: [x.count])).values
    let worst = zip(x, y).map { x, y in
      let expected = function.reference(Double(x))
      return Float(expected) == y ? 0 : abs(Double(y) - expected) / abs(expected)
    }.max()
    #expect((worst ?? 1) < 3e-7, "\(function.name) \(worst ?? 1)")
  }

  @Test(
    "the ends of the range",
    arguments: [
      ("log", [0, 0x1p-149, 1, .infinity], [-.infinity, -103.27893, 0, .infinity]),
      ("sqrt", [0, 0x1p-149, 4, .infinity], [0, 0x1p-74 * 0.70710678, 2, .infinity]),
      ("abs", [-.infinity, -0.0, 0x1p-149, .infinity], [.infinity, 0, 0x1p-149, .infinity]),
      ("tanh", [-.infinity, -50, 0x1p-149, 50, .infinity], [-1, -1, 0x1p-149, 1, 1]),
      ("clamp", [-.infinity, -0.75, 0.5, .infinity], [-0.75, -0.75, 0.5, 0.5]),
    ] as [(String, [Float], [Float])])
  func ends(name: String, x: [Float], expected: [Float]) throws {
    let function = try #require(Self.functions.first { $0.name == name })
    let y = function.tensor(Tensor(x, shape: [x.count])).values
    #expect(zip(y, expected).allSatisfy { $0 == $1 || abs($0 - $1) <= 1e-6 * abs($1) }, "\(y)")
    #expect(function.tensor(Tensor([.nan], shape: [1])).scalar.isNaN)
    #expect(!Self.isPositiveOnly(function) || function.tensor(Tensor([-1], shape: [1])).scalar.isNaN)
  }

  @Test("gradients", arguments: functions)
  func gradients(function: ScalarFunction) {
    // Away from the kinks at -0.75, 0 and 0.5.
    let x =
      Self.isPositiveOnly(function)
      ? Tensor.random([7, 11], in: 0.3...3)
      : Tensor((0..<77).map { Float($0 - 38) * 0.0613 + 0.027 }, shape: [7, 11])
    #expect(gradientMismatches(at: [x], step: 5e-3) { function.tensor($0[0]) } == [])
  }

  @Test("slopes at the kinks")
  func kinks() {
    func slopes(_ x: [Float], _ function: (Tensor) -> Tensor) -> [Float] {
      let leaf = Tensor(x, shape: [x.count]).withGradient()
      function(leaf).sum().backward()
      return leaf.gradient?.values ?? []
    }
    #expect(slopes([-2, -0.0, 0, 3]) { $0.abs() } == [-1, 0, 0, 1])
    #expect(slopes([-2, -1, 0, 1, 2]) { $0.clamped(to: -1...1) } == [0, 1, 1, 1, 0])
    #expect(slopes([-1000, 0, 1000]) { $0.tanh() } == [0, 1, 0])
    #expect(slopes([0, 4]) { $0.sqrt() } == [.infinity, 0.25])
  }

  @Test("no numbers", arguments: functions)
  func empty(function: ScalarFunction) {
    let x = Tensor.zeros([3, 0, 2])
    #expect(function.tensor(x).shape == [3, 0, 2])
    #expect(gradientMismatches(at: [x]) { function.tensor($0[0]) } == [])
  }
}
