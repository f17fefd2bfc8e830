import Data
import Tensors

/// A model around a backbone that can be looked at alone: what it sees, and what its maps hold.
public protocol BackboneModel: Model {
  /// From images to maps.
  var backbone: any Backbone { get }
  /// Samples as the backbone takes them in evaluation: normalised and padded, `[B, H, W, 3]`.
  ///
  /// - Throws: `DataError` for a sample whose image is not loaded.
  func images(_ samples: [Sample]) throws -> Tensor
}

/// A backbone whose blocks scan maps, and can tell what a scan responds to.
public protocol ScanningBackbone: Backbone {
  /// Blocks with a scan of each stage, the finest first.
  var scans: [Int] { get }
  /// How much each cell of a block's map has to do with the scan's result at one cell, `[B, H, W, 3]` to `[B, h, w]`:
  /// 0 or more, over all directions.
  ///
  /// - Parameters:
  ///   - images: Normalised and padded.
  ///   - stage: From 0, the finest.
  ///   - block: Of the stage's blocks, from 0.
  ///   - row: Of the stage's map; beyond it the last.
  ///   - column: The same.
  func scanResponse(_ images: Tensor, stage: Int, block: Int, row: Int, column: Int) -> Tensor
}
