// swift run Predict CONFIG CHECKPOINT IMAGE PICTURE: finds what is in an image, says it, and draws it into a picture.
import Configuration
import Modeling
import Outside
import Reporting
import Training

guard CommandLine.arguments.count == 5 else { throw TrainingError("Predict CONFIG CHECKPOINT IMAGE PICTURE") }
let (config, checkpoint) = (CommandLine.arguments[1], CommandLine.arguments[2])
let (image, picture) = (CommandLine.arguments[3], CommandLine.arguments[4])

let predictor = try Predictor(
  configuration: ExperimentConfiguration(ConfigurationNode.load(file: config)), components: .everything,
  checkpoint: checkpoint)
let (prediction, _) = try predictor.predict(image)
if let found = prediction.instances {
  for (index, score) in found.scores.enumerated() where score >= 0.3 {
    print(predictor.metainfo.classes[found.labels[index]], score, found.boxes[index])
  }
}
try Picture(of: prediction, on: image, metainfo: predictor.metainfo).writePNG(to: picture)
