import Data
import Imaging
import Masks
import Tensors

/// Samples that carry what a model learns from, with nothing of it in a file: pictures of noise, a random class for each,
/// eight random boxes with full masks, a random label for each pixel.
struct RandomSamples {
  /// Of every picture.
  let size: ImageSize
  /// Classes are below this.
  let classes: Int
  /// What a sample carries.
  let kinds: AnnotationKinds

  /// About as many objects as a picture of COCO has.
  private static let objects = 8

  /// Samples numbered from 0; a number's sample is always the same.
  func batch(_ count: Int) -> [Sample] { (0..<count).map(sample) }

  private func sample(_ number: Int) -> Sample {
    var random = RandomGenerator(seed: 0, sample: number, purpose: .drawing(stage: 0))
    var sample = Sample(
      number: number, index: number, imageID: number, imagePath: "random picture \(number)", size: size,
      labels: LabelMeaning(classCount: classes))
    let pixels = size.height * size.width
    sample.image = Image(height: size.height, width: size.width, pixels: Self.bytes(3 * pixels, &random))
    if kinds.contains(.classLabel) { sample.classLabel = random.integer(below: classes) }
    if kinds.contains(.labelMap) {
      let labels = (0..<pixels).map { _ in Int32(truncatingIfNeeded: random.nextWord() % UInt32(classes)) }
      sample.labelMap = LabelMap(height: size.height, width: size.width, pixels: labels)
    }
    if kinds.contains(.boxes) { sample.instances = instances(&random) }
    return sample
  }

  private static func bytes(_ count: Int, _ random: inout RandomGenerator) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      var word: UInt32 = 0
      for index in 0..<count {
        if index % 4 == 0 { word = random.nextWord() }
        buffer[index] = UInt8(truncatingIfNeeded: word)
        word >>= 8
      }
      filled = count
    }
  }

  /// Boxes of a sixteenth to a half of each side.
  private func instances(_ random: inout RandomGenerator) -> Instances {
    func span(_ side: Int, _ random: inout RandomGenerator) -> (start: Int, length: Int) {
      let least = max(1, side / 16)
      let length = least + random.integer(below: max(1, side / 2 - least))
      return (random.integer(below: side - length + 1), length)
    }
    var (corners, masks): ([Float], [ObjectMask]) = ([], [])
    for _ in 0..<Self.objects {
      let (x, width) = span(size.width, &random)
      let (y, height) = span(size.height, &random)
      corners += [Float(x), Float(y), Float(x + width), Float(y + height)]
      let window = Bitmap(height: height, width: width, pixels: [UInt8](repeating: 1, count: height * width))
      masks.append(.window(MaskWindow(window, x: x, y: y, height: size.height, width: size.width)))
    }
    return Instances(
      boxes: Boxes(corners), labels: masks.map { _ in random.integer(below: classes) },
      masks: kinds.contains(.masks) ? masks : nil, isIgnored: masks.map { _ in false })
  }
}
