import Analysis
import Imaging

extension ReceptiveFieldReport {
  /// The fields beside each other, each to the power of 0.2 and divided by its maximum, which shows what is weak too.
  public var picture: Image {
    Image.beside(
      fields.map { entry in
        let map = HeatMap.image(
          entry.field.scaled(.power), height: entry.field.height, width: entry.field.width
        )
        .enlarged(to: 384)
        let letters = max(8, map.width / 9)
        let name = entry.name
        return (name.count > letters ? "..." + name.suffix(letters - 3) : name, map)
      })
  }
}
