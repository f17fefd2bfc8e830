import Configuration
import Data
import Modeling
import Training

extension Components {
  /// Everything of this package, a line each.
  public mutating func addOutside() {
    backbones.add("PatchBackbone") { (s: PatchBackbone.Settings, _) in PatchBackbone(s) }
    necks.add("LateralNeck") { (s: LateralNeck.Settings, _) in LateralNeck(s) }
    rpnHeads.add("CellProposalHead") { (s: CellProposalHead.Settings, c) in try CellProposalHead(s, in: c) }
    roiHeads.add("PlainRoIHead") { (s: PlainRoIHead.Settings, c) in try PlainRoIHead(s, in: c) }
    boxHeads.add("MeanBoxHead") { (s: MeanBoxHead.Settings, c) in try MeanBoxHead(s, in: c) }
    maskHeads.add("SharedMaskHead") { (s: SharedMaskHead.Settings, _) in SharedMaskHead(s) }
    roiExtractors.add("FinestExtractor") { (s: FinestExtractor.Settings, _) in FinestExtractor(s) }
    decodeHeads.add("BarHead") { (s: BarHead.Settings, c) in try BarHead(s, in: c) }
    classificationLosses.add("BrierLoss") { (s: BrierLoss.Settings, _) in BrierLoss(s) }
    boxLosses.add("PseudoHuberLoss") { (loss: PseudoHuberLoss, _) in loss }
    models.add("PixelModel", defaultScope: "mmseg") { (s: PixelModel.Settings, c) in try PixelModel(s, in: c)
    }
    metrics.add("FoundMetric") { (s: FoundMetric.Settings, _) in FoundMetric(s) }
    data.transforms.add("DarkSideLeft") { (transform: DarkSideLeft, _) in transform }
    data.datasets.add("SquaresDataset") { (s: SquaresDataset.Settings, c) in try SquaresDataset(s, in: c) }
    data.inventories.add("SquaresDataset") { (s: SquaresDataset.Settings, _) in DatasetInventory(s) }
    data.samplers.add("BackwardsSampler") { (_: BackwardsSampler.Settings, c) in BackwardsSampler(in: c) }
    training.hooks.add("CountdownHook") { (s: CountdownHook.Settings, _) in CountdownHook(s) }
    training.optimizers.add("HeavyBall") { (s: HeavyBall.Settings, _) in HeavyBall(s) }
    training.schedules.add("StaircaseLR") { (s: StaircaseLR.Settings, c) in
      try s.span.schedule(StaircaseLR(s, in: c), in: c)
    }
  }
}
