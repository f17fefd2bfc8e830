import Data
import Imaging
import Layers
import Modeling
import Tensors

extension MemoryEstimating {
  /// What memory a prediction takes, in a sentence.
  ///
  /// - Parameter variants: The image, or its variants, behind the pipeline.
  func memoryText(for variants: [Sample]) -> String? {
    guard let size = variants.map(\.size).max(by: { $0.height * $0.width < $1.height * $1.width }) else {
      return nil
    }
    let bytes = predictionMemory(of: size)
    let memory = ProcessMemory.current
    let text =
      "memory: an image of \(size) pixels, as the first one, takes about \(ProcessMemory.text(bytes)) beside the model"
    guard bytes > memory.limit - TensorMemory.current.live else { return text }
    let proposal = thriftier(for: size).map { "; \($0.setting) takes \(ProcessMemory.text($0.bytes))" }
    return text + ", more than is left of \(ProcessMemory.text(memory.limit)) (\(memory.source))"
      + (proposal ?? "")
  }
}
