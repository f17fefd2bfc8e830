/// What commands say of `--half`.
enum PrecisionHelp {
  static let half =
    "Multiply in bfloat16 with float32 sums, as precision: bfloat16 in a config does: faster, less memory for weights, and "
    + "figures that differ in their third digit. Where the processor has no AVX512_BF16 the command says so and runs "
    + "float32."
}
