import Imaging

/// What TensorBoard reads of one moment: a record of an event file.
struct EventRecord {
  /// What it tells.
  enum Content {
    /// The first record of each file.
    case version
    /// Figures under their names.
    case scalars([(name: String, value: Float)])
    /// A picture, in the bytes of a PNG file.
    case picture(name: String, size: ImageSize, png: [UInt8])
    /// A text, which is shown as Markdown.
    case text(name: String, String)
  }

  /// Seconds since 1970.
  var time: Double
  /// Iterations done.
  var step: Int
  var content: Content

  /// The record: length, checksum, the message `tensorflow.Event`, checksum.
  var bytes: [UInt8] {
    let message = message
    let length = UInt64(message.count).littleEndianBytes
    return length + CRC32C.masked(length).littleEndianBytes + message
      + CRC32C.masked(message).littleEndianBytes
  }

  private var message: [UInt8] {
    var event = ProtocolBuffer()
    event.add(1, time)
    if step != 0 { event.add(2, step) }
    switch content {
    case .version: event.add(3, "brain.Event:2")
    case .scalars(let values):
      event.add(5) { summary in
        for (name, value) in values {
          summary.add(1) {
            $0.add(1, name)
            $0.add(2, value)
          }
        }
      }
    case .picture(let name, let size, let png):
      event.add(5) { summary in
        summary.add(1) { value in
          value.add(1, name)
          value.add(4) {
            $0.add(1, size.height)
            $0.add(2, size.width)
            // Red, green, blue.
            $0.add(3, 3)
            $0.add(4, png)
          }
        }
      }
    case .text(let name, let text):
      event.add(5) { summary in
        summary.add(1) { value in
          value.add(1, "\(name)/text_summary")
          value.add(9) { metadata in
            metadata.add(1) { $0.add(1, "text") }
            // DATA_CLASS_TENSOR
            metadata.add(4, 2)
          }
          value.add(8) { tensor in
            // DT_STRING, one element
            tensor.add(1, 7)
            tensor.add(2) { shape in shape.add(2) { $0.add(1, 1) } }
            tensor.add(8, text)
          }
        }
      }
    }
    return event.bytes
  }
}
