import Files

extension Complexity {
  /// The tables that the terminal shows: by parts, and by operations.
  public func text() -> String {
    var modules = TextTable(
      [.left(), .right(), .right(), .right()], rows: [["module", "parameters", "FLOPs", ""]])
    for module in self.modules {
      modules.rows.append(
        [module.name, module.parameters.grouped, module.flops.grouped, share(module.flops)])
    }
    modules.rows.append(["total", parameters.grouped, flops.grouped, flops.inBillions])
    var operators = TextTable([.left(), .right(), .right()], rows: [["operator", "FLOPs", ""]])
    for entry in self.operators {
      operators.rows.append([entry.name.rawValue, entry.flops.grouped, share(entry.flops)])
    }
    let scans =
      self.operators.contains { $0.name == .selectiveScan } ? ", scans by rule \(scanRule.rawValue)" : ""
    return """
      height \(shape[0]), width \(shape[1]); FLOPs are multiply-accumulates\(scans)

      \(modules.text)

      \(operators.text)
      """
  }

  private func share(_ count: Int) -> String {
    let tenths = flops > 0 ? Int((1000 * Double(count) / Double(flops)).rounded()) : 0
    return "\(tenths / 10).\(tenths % 10) %"
  }
}

extension Int {
  /// With commas between the thousands.
  fileprivate var grouped: String {
    let digits = Array(String(magnitude))
    let groups = digits.indices.map { index in
      (index > 0 && (digits.count - index) % 3 == 0 ? "," : "") + String(digits[index])
    }
    return (self < 0 ? "-" : "") + groups.joined()
  }

  /// `4.46 G`, as tables have it.
  fileprivate var inBillions: String {
    let hundredths = (self + 5_000_000) / 10_000_000
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) G"
  }
}
