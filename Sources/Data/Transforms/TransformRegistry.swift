import Configuration

extension DataComponents {
  /// The transforms: a new one is a file in this folder and a line here.
  mutating func addTransforms() {
    transforms.add("LoadImageFromFile", description: "Reads the photograph") {
      (c: LoadImageFromFile, _: DataContext) in c
    }
    transforms.add(
      "LoadAnnotations", scope: "mmdet",
      description: "Boxes, labels and masks: bitmaps, or outlines as they are"
    ) {
      (c: LoadInstances, _: DataContext) in c
    }
    transforms.add("LoadAnnotations", scope: "mmseg", description: "The label map") {
      (c: LoadLabelMap, _: DataContext) in c
    }
    transforms.add("Resize", description: "To a size, or as large as fits into it") {
      (c: Resize, _: DataContext) in c
    }
    transforms.add("RandomResize", description: "To a size drawn from a range") {
      (c: RandomResize, _: DataContext) in c
    }
    transforms.add("RandomChoiceResize", description: "To one of several sizes") {
      (c: RandomChoiceResize, _: DataContext) in c
    }
    transforms.add("RandomChoice", description: "One of several pipelines") {
      (c: RandomChoice.Configuration, context: DataContext) in try RandomChoice(c, in: context)
    }
    transforms.add("Pad", description: "Larger, to the right and below") {
      (c: Pad, context: DataContext) in try c.checked(in: context)
    }
    transforms.add("RandomFlip", description: "Left and right exchanged, at random") {
      (c: RandomFlip, _: DataContext) in c
    }
    transforms.add("RandomCrop", scope: "mmseg", description: "A window that no class fills") {
      (c: RandomCrop, context: DataContext) in try c.checked(in: context)
    }
    transforms.add("RandomCrop", scope: "mmdet", description: "A window with objects") {
      (c: DetectionRandomCrop, _: DataContext) in c
    }
    transforms.add(
      "PhotoMetricDistortion", scope: "mmseg",
      description: "Brightness, contrast, saturation and hue, at random"
    ) { (c: PhotoMetricDistortion, _: DataContext) in c }
    transforms.add("TestTimeAug", description: "Variants over which a prediction is averaged") {
      (c: TestTimeAug.Configuration, context: DataContext) in try TestTimeAug(c, in: context)
    }
    transforms.add("ResizeEdge", description: "One edge to a length, the other in proportion") {
      (c: ResizeEdge, _: DataContext) in c
    }
    transforms.add("CenterCrop", description: "The window in the middle") {
      (c: CenterCrop, _: DataContext) in c
    }
    transforms.add("RandomResizedCrop", description: "A random window, resized") {
      (c: RandomResizedCrop, _: DataContext) in c
    }
    transforms.add("RandomErasing", description: "A random window painted over, at random") {
      (c: RandomErasing, _: DataContext) in c
    }
    transforms.add("ColorJitter", description: "Brightness, contrast and saturation, at random") {
      (c: ColorJitter, _: DataContext) in c
    }
    transforms.add("RandAugment", description: "Some of many operations, drawn for each image") {
      (c: RandAugment, _: DataContext) in c
    }
    for kind in PictureAugmentation.Kind.allCases {
      transforms.add(kind.rawValue, description: kind.description) {
        (c: PictureAugmentation, _: DataContext) in c
      }
    }
    transforms.add("PackInputs", description: "Ends a classifier's pipeline") {
      (c: PackInputs, _: DataContext) in c
    }
    transforms.add("PackDetInputs", description: "Ends a detector's pipeline") {
      (c: PackInputs, _: DataContext) in c
    }
    transforms.add("PackSegInputs", description: "Ends a segmentor's pipeline") {
      (c: PackInputs, _: DataContext) in c
    }
  }
}
