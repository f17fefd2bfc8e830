import CKernels
import COpenBLAS

/// What computes: on another processor, or with another core of OpenBLAS, the last bits of results may differ.
public struct ComputeFacts: Sendable, Equatable, Codable {
  /// The instructions that the kernels here use: `AVX-512`, `AVX2` or `baseline`.
  public var kernels: String
  /// The core that OpenBLAS chose, or was told to by `OPENBLAS_CORETYPE`: `SkylakeX`, `Haswell`, ...
  public var blas: String

  /// The machine's own.
  public static let current = ComputeFacts(
    kernels: String(cString: dp_kernel_level()),
    blas: openblas_get_corename().map { String(cString: $0) } ?? "unknown")
}
