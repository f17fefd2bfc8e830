import CKernels
import Masks

/// Which thing each pixel of a scene shows: what is painted later takes it over.
package struct OwnerMap: Sendable {
  package let height: Int
  package let width: Int
  /// `[height, width]`.
  package private(set) var numbers: [Int32]

  /// A scene that shows one thing everywhere.
  package init(height: Int, width: Int, number: Int32) {
    (self.height, self.width) = (height, width)
    numbers = [Int32](repeating: number, count: height * width)
  }

  /// Gives a thing the pixels that its shape covers by half or more.
  package mutating func stamp(_ cover: Cover, number: Int32) {
    cover.withShape { dp_owners_stamp(&numbers, Int64(height), Int64(width), $0, number) }
  }

  /// The visible pixels of a thing.
  package func mask(of number: Int32) -> Bitmap {
    let pixels = [UInt8](unsafeUninitializedCapacity: numbers.count) { buffer, count in
      dp_owners_mask(numbers, Int64(numbers.count), number, buffer.baseAddress)
      count = numbers.count
    }
    return Bitmap(height: height, width: width, pixels: pixels)
  }

  /// The class of each pixel: `table[number]`; numbers beyond the table are of the class `otherwise`.
  package func labels(_ table: [Int32], otherwise: Int32) -> LabelMap {
    let pixels = [Int32](unsafeUninitializedCapacity: numbers.count) { buffer, count in
      dp_owners_labels(
        numbers, Int64(numbers.count), table, Int64(table.count), otherwise, buffer.baseAddress)
      count = numbers.count
    }
    return LabelMap(height: height, width: width, pixels: pixels)
  }
}
