/** The engine's functions of {@link Pca}: see symbols.ts. */
export const pcaSymbols = {
  nrw_pca_create: {
    parameters: [
      "u32", // uint32_t columns
      "u32", // uint32_t components
      "u32", // uint32_t more
      "u64", // uint64_t seed
      "u32", // uint32_t threads
      "buffer", // nrw_pca** out
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_pca_add: {
    parameters: [
      "pointer", // nrw_pca* pca
      "pointer", // nrw_batches* batches
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_pca_next_pass: {
    parameters: [
      "pointer", // nrw_pca* pca
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_pca_result: {
    parameters: [
      "pointer", // nrw_pca* pca
      "buffer", // float* mean
      "buffer", // float* components
      "buffer", // double* variances
      "buffer", // double* sizes
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_pca_close: {
    parameters: [
      "pointer", // nrw_pca* pca
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
} as const;
