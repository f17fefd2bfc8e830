import Files

/// The JSON header of a safetensors file: `{"__metadata__": {...}, NAME: {"dtype", "shape", "data_offsets"}, ...}`.
///
/// Read by hand: equal keys must be an error, and headers of many megabytes must not take seconds.
struct SafetensorsHeader {
  /// A tensor's entry.
  struct Entry {
    var dtype = ""
    var shape: [Int] = []
    var begin = 0
    var end = 0
  }

  var metadata: [String: String] = [:]
  var entries: [String: Entry] = [:]

  static let metadataName = "__metadata__"
  static let tensorLimit = 100_000
  private static let rankLimit = 64

  /// - Throws: `Fault` with a byte of the header.
  init(_ bytes: [UInt8]) throws(JSONScanner.Fault) {
    var scanner = JSONScanner(bytes)
    var hasMetadata = false
    try scanner.object { (name, scanner) throws(JSONScanner.Fault) in
      guard name != Self.metadataName else {
        guard !hasMetadata else { throw scanner.fault("'\(name)' twice") }
        hasMetadata = true
        try Self.readMetadata(&scanner, &metadata)
        return
      }
      guard entries.count < Self.tensorLimit else {
        throw scanner.fault("more than \(Self.tensorLimit) tensors")
      }
      guard entries.updateValue(try Self.entry(&scanner, name), forKey: name) == nil else {
        throw scanner.fault("two tensors are named '\(name.printed)'")
      }
    }
    try scanner.finish()
  }

  private static func readMetadata(
    _ scanner: inout JSONScanner, _ metadata: inout [String: String]
  ) throws(JSONScanner.Fault) {
    try scanner.object { (key, scanner) throws(JSONScanner.Fault) in
      guard metadata.updateValue(try scanner.string(), forKey: key) == nil else {
        throw scanner.fault("the metadata '\(key.printed)' twice")
      }
    }
  }

  private static func entry(
    _ scanner: inout JSONScanner, _ name: String
  ) throws(JSONScanner.Fault) -> Entry {
    var entry = Entry()
    var seen: Set<String> = []
    try scanner.object { (key, scanner) throws(JSONScanner.Fault) in
      guard seen.insert(key).inserted else {
        throw scanner.fault("'\(name.printed)': the key '\(key.printed)' twice")
      }
      switch key {
      case "dtype": entry.dtype = try scanner.string()
      case "shape":
        entry.shape = try scanner.integers(limit: rankLimit)
      case "data_offsets":
        let offsets = try scanner.integers(limit: rankLimit)
        guard offsets.count == 2 else {
          throw scanner.fault("'\(name.printed)': data_offsets needs two numbers, not \(offsets.count)")
        }
        (entry.begin, entry.end) = (offsets[0], offsets[1])
      default: throw scanner.fault("'\(name.printed)': unknown key '\(key.printed)'")
      }
    }
    guard seen.count == 3 else {
      let missing = ["dtype", "shape", "data_offsets"].filter { !seen.contains($0) }
      throw scanner.fault("'\(name.printed)' has no \(missing.joined(separator: " and no "))")
    }
    return entry
  }

  /// The header's text, in the order of the names, padded so that the data begin at a multiple of 8.
  static func text(metadata: [String: String], entries: [String: Entry]) -> [UInt8] {
    var text: [UInt8] = [UInt8(ascii: "{")]
    func quote(_ string: String) { text += Array(string.quotedJSON.utf8) }
    func list<Item>(_ items: [Item], _ write: (Item) -> Void) {
      for (number, item) in items.enumerated() {
        if number > 0 { text.append(UInt8(ascii: ",")) }
        write(item)
      }
    }
    quote(metadataName)
    text += Array(":{".utf8)
    list(metadata.sorted { $0.key < $1.key }) { key, value in
      quote(key)
      text.append(UInt8(ascii: ":"))
      quote(value)
    }
    text.append(UInt8(ascii: "}"))
    for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
      text.append(UInt8(ascii: ","))
      quote(name)
      let shape = entry.shape.map(String.init).joined(separator: ",")
      text += Array(
        ":{\"data_offsets\":[\(entry.begin),\(entry.end)],\"dtype\":\"\(entry.dtype)\",\"shape\":[\(shape)]}"
          .utf8)
    }
    text.append(UInt8(ascii: "}"))
    return text + [UInt8](repeating: 0x20, count: (8 - text.count % 8) % 8)
  }
}
