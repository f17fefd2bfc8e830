extension String {
  /// A word as a shell takes it.
  package var quotedForShell: String {
    let plain = unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-./=,:@%+".unicodeScalars.contains($0)
    }
    return plain && !isEmpty ? self : "'" + replacing("'", with: "'\\''") + "'"
  }
}
