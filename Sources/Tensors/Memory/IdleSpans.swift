/// Memory of large blocks that nobody uses: it is cut to what is asked for, and joined again where two parts touch.
///
/// Blocks of one step fit those of the next whatever their sizes, so that the system need not make fresh pages for them.
struct IdleSpans: ~Copyable {
  private struct Span {
    var size: Int
    /// When its last part was given back.
    var time: Int
  }

  /// A place among the spans by size, the lowest address first.
  private struct Place: Comparable {
    var size: Int
    var address: UInt

    static func < (a: Place, b: Place) -> Bool { (a.size, a.address) < (b.size, b.address) }
  }

  /// By where they begin.
  private var spans: [UInt: Span] = [:]
  /// Where the span begins that ends at an address.
  private var starts: [UInt: UInt] = [:]
  /// All of them, the smallest first.
  private var places: [Place] = []

  /// When the span that has lain longest was given back; nil where there is none.
  var oldest: Int? { spans.values.lazy.map(\.time).min() }

  /// The smallest span that is large enough gives its first part.
  mutating func take(_ size: Int) -> UInt? {
    let index = index(of: Place(size: size, address: 0))
    guard index < places.count else { return nil }
    let address = places[index].address
    guard let span = remove(address) else { return nil }
    if span.size > size { insert(address + UInt(size), Span(size: span.size - size, time: span.time)) }
    return address
  }

  /// Takes memory back.
  mutating func give(_ address: UInt, _ size: Int, time: Int) {
    var (first, span) = (address, Span(size: size, time: time))
    if let next = remove(address + UInt(size)) { span.size += next.size }
    if let start = starts[address], let before = remove(start) {
      (first, span.size) = (start, span.size + before.size)
    }
    insert(first, span)
  }

  /// Removes so many bytes, or somewhat more, from the end of the span that has lain longest, or all of a smaller one.
  ///
  /// - Parameter page: Memory before the part begins with a whole number of these.
  mutating func release(_ bytes: Int, page: Int) -> (address: UInt, size: Int)? {
    guard let address = spans.min(by: { $0.value.time < $1.value.time })?.key, let span = remove(address)
    else { return nil }
    let end = address + UInt(span.size)
    let cut = bytes < span.size ? (end - UInt(bytes)) / UInt(page) * UInt(page) : address
    guard cut > address else { return (address, span.size) }
    insert(address, Span(size: Int(cut - address), time: span.time))
    return (cut, Int(end - cut))
  }

  /// How many places come before one.
  private func index(of place: Place) -> Int {
    var (low, high) = (0, places.count)
    while low < high {
      let middle = (low + high) / 2
      if places[middle] < place { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private mutating func insert(_ address: UInt, _ span: Span) {
    spans[address] = span
    starts[address + UInt(span.size)] = address
    let place = Place(size: span.size, address: address)
    places.insert(place, at: index(of: place))
  }

  private mutating func remove(_ address: UInt) -> Span? {
    guard let span = spans.removeValue(forKey: address) else { return nil }
    starts[address + UInt(span.size)] = nil
    places.remove(at: index(of: Place(size: span.size, address: address)))
    return span
  }
}
