import { graphSymbols } from "./graph_symbols.ts";
import { modelSymbols } from "./model_symbols.ts";
import { pcaSymbols } from "./pca_symbols.ts";

/**
 * The engine's functions, one entry a function of cpp/include/narrows.h, each parameter annotated with its C
 * declaration. A test holds this table against the header. Functions that may take long are nonblocking: Deno runs them
 * on another thread and hands back a promise.
 */
export const symbols = {
  nrw_abi_version: {
    parameters: [],
    result: "u32",
  },
  nrw_info: {
    parameters: [
      "buffer", // char* text
      "u32", // uint32_t capacity
      "buffer", // uint32_t* written
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_vocabulary: {
    parameters: [
      "buffer", // char* text
      "u32", // uint32_t capacity
      "buffer", // uint32_t* written
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_signal_turn: {
    parameters: [
      "i32", // int32_t from
      "i32", // int32_t to
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_signal_turned: {
    parameters: [],
    result: "u32",
  },
  nrw_chunk_open: {
    parameters: [
      "buffer", // const uint8_t* path
      "u32", // uint32_t path_bytes
      "f64", // double budget_bytes
      "buffer", // nrw_chunk** out
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_chunk_open_matrix: {
    parameters: [
      "buffer", // const uint8_t* path
      "u32", // uint32_t path_bytes
      "f64", // double offset
      "f64", // double rows
      "f64", // double columns
      "u32", // uint32_t type
      "f64", // double first_row
      "u32", // uint32_t whole
      "buffer", // nrw_chunk** out
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_chunk_from_arrays: {
    parameters: [
      "buffer", // const uint8_t* name
      "u32", // uint32_t name_bytes
      "f64", // double rows
      "f64", // double columns
      "u32", // uint32_t data_type
      "buffer", // const uint8_t* data
      "f64", // double data_bytes
      "u32", // uint32_t indices_type
      "buffer", // const uint8_t* indices
      "f64", // double indices_bytes
      "u32", // uint32_t indptr_type
      "buffer", // const uint8_t* indptr
      "f64", // double indptr_bytes
      "buffer", // nrw_chunk** out
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_chunk_peek: {
    parameters: [
      "buffer", // const uint8_t* path
      "u32", // uint32_t path_bytes
      "buffer", // double* info
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_chunk_checksums: {
    parameters: [
      "buffer", // const uint8_t* path
      "u32", // uint32_t path_bytes
      "buffer", // uint32_t* out
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_chunk_info: {
    parameters: [
      "pointer", // nrw_chunk* chunk
      "buffer", // double* info
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_chunk_pointers: {
    parameters: [
      "pointer", // nrw_chunk* chunk
      "buffer", // uint64_t* pointers
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_chunk_close: {
    parameters: [
      "pointer", // nrw_chunk* chunk
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_split_rows: {
    parameters: [
      "u64", // uint64_t seed
      "f64", // double first_row
      "u32", // uint32_t rows
      "f64", // double train_share
      "f64", // double validation_share
      "buffer", // uint8_t* out
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_batches_create: {
    parameters: [
      "buffer", // const uint64_t* chunks
      "u32", // uint32_t chunk_count
      "buffer", // const double* row_offsets
      "buffer", // const uint32_t* rows
      "u32", // uint32_t row_count
      "u32", // uint32_t batch_size
      "u32", // uint32_t flags
      "u64", // uint64_t seed
      "u32", // uint32_t epoch
      "u32", // uint32_t stream
      "u32", // uint32_t first_batch
      "u32", // uint32_t preload
      "u32", // uint32_t workers
      "buffer", // const double* transforms
      "u32", // uint32_t transform_count
      "buffer", // const double* input_transforms
      "u32", // uint32_t input_transform_count
      "f64", // double mask_rate
      "buffer", // const uint32_t* column_map
      "buffer", // const float* row_weights
      "buffer", // const uint32_t* row_categories
      "buffer", // nrw_batches** out
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_batches_share: {
    parameters: [
      "pointer", // nrw_batches* batches
      "buffer", // const uint32_t* first_batches
      "u32", // uint32_t readers
      "u32", // uint32_t turns
      "buffer", // uint64_t* out
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_batches_info: {
    parameters: [
      "pointer", // nrw_batches* batches
      "buffer", // double* info
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_batches_next: {
    parameters: [
      "pointer", // nrw_batches* batches
      "f64", // double timeout_ms
      "buffer", // uint64_t* view
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_batches_stop: {
    parameters: [
      "pointer", // nrw_batches* batches
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_batches_close: {
    parameters: [
      "pointer", // nrw_batches* batches
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  ...graphSymbols,
  ...modelSymbols,
  ...pcaSymbols,
} as const satisfies Deno.ForeignLibraryInterface;
