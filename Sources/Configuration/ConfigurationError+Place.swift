import Files

extension ConfigurationError: LocatedError {
  /// File, line, column and key.
  public var place: ErrorPlace {
    ErrorPlace(
      file: location?.file, line: location?.line, column: location?.column,
      key: keyPath.isEmpty ? nil : keyPath)
  }
}

extension ConfigurationErrors: LocatedError {
  /// What is wrong first.
  public var message: String { errors.first?.message ?? "" }
  /// Where the first is.
  public var place: ErrorPlace { errors.first?.place ?? ErrorPlace() }
  /// All of them.
  public var parts: [any LocatedError] { errors }
}
