import Checkpoints
import Configuration
import Data
import Imaging
import Masks
import TestSupport
import Testing

/// A golden case of `det/`: tensors and the config of the operator.
struct OperatorCase {
  let tensors: [String: StoredTensor]
  let config: ConfigurationNode

  init(_ name: String) throws {
    let path = Golden.path("det/\(name).safetensors")
    let file = try Safetensors(file: path)
    tensors = file.tensors
    config = try ConfigurationNode.parse(try #require(file.metadata["config"]), file: path)
  }

  func integers(_ name: String) throws -> [Int] { try #require(tensors[name]).integers }
  func floats(_ name: String) throws -> [Float] { try #require(tensors[name]).tensor.values }
  func boxes(_ name: String) throws -> Boxes { Boxes(try floats(name)) }

  /// Bitmaps `[n, height, width]`.
  func bitmaps(_ name: String) throws -> [Bitmap] {
    let stored = try #require(tensors[name])
    let (height, width) = (stored.shape[1], stored.shape[2])
    return (0..<stored.shape[0]).map {
      Bitmap(
        height: height, width: width,
        pixels: Array(stored.bytes[($0 * height * width)..<(($0 + 1) * height * width)]))
    }
  }
}

/// Whether all numbers agree: abs(x - w) <= absolute + relative · max abs(w), as the golden folder's README says.
func expectClose(
  _ found: [Float], _ wanted: [Float], relative: Float = 1e-5, absolute: Float = 1e-4,
  sourceLocation: Testing.SourceLocation = #_sourceLocation
) {
  #expect(found.count == wanted.count, sourceLocation: sourceLocation)
  let limit = absolute + relative * (wanted.map(abs).max() ?? 0)
  let worst = zip(found, wanted).map { abs($0 - $1) }.max() ?? 0
  #expect(worst <= limit, sourceLocation: sourceLocation)
}
