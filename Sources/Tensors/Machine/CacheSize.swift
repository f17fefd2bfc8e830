#if canImport(Glibc)
  import Glibc
#endif

/// What the processor's caches hold. How work is cut may depend on it, numbers may not.
enum CacheSize {
  /// Bytes of a core's second level; a megabyte where the system does not say.
  static let secondLevel: Int = {
    let bytes = sysconf(Int32(_SC_LEVEL2_CACHE_SIZE))
    return bytes > 0 ? min(max(bytes, 1 << 18), 1 << 22) : 1 << 20
  }()
}
