/** The engine's functions of a model, a part of the table in symbols.ts. */
export const modelSymbols = {
  nrw_model_create: {
    parameters: [
      "buffer", // const uint8_t* spec
      "u32", // uint32_t spec_bytes
      "buffer", // nrw_model** out
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_model_describe: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // char* text
      "u32", // uint32_t capacity
      "buffer", // uint32_t* written
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_model_estimate: {
    parameters: [
      "pointer", // nrw_model* model
      "u32", // uint32_t batch_rows
      "f64", // double nnz_per_row
      "buffer", // double* estimate
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_model_column_weights: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // const float* weights
      "u32", // uint32_t count
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_model_build: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_model_twin: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // nrw_model** out
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_model_copy: {
    parameters: [
      "pointer", // nrw_model* model
      "pointer", // nrw_model* from
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_model_tensor_count: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // uint32_t* count
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_model_tensor: {
    parameters: [
      "pointer", // nrw_model* model
      "u32", // uint32_t tensor_index
      "buffer", // char* name
      "u32", // uint32_t capacity
      "buffer", // uint32_t* name_bytes
      "buffer", // double* shape
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_model_tensor_read: {
    parameters: [
      "pointer", // nrw_model* model
      "u32", // uint32_t tensor_index
      "f64", // double first_row
      "f64", // double rows
      "buffer", // uint8_t* out
      "f64", // double bytes
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_model_tensor_column: {
    parameters: [
      "pointer", // nrw_model* model
      "u32", // uint32_t tensor_index
      "f64", // double column
      "buffer", // uint8_t* out
      "f64", // double bytes
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_model_tensor_write: {
    parameters: [
      "pointer", // nrw_model* model
      "u32", // uint32_t tensor_index
      "f64", // double first_row
      "f64", // double rows
      "buffer", // const uint8_t* in
      "f64", // double bytes
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_model_get_step: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // double* step
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_model_set_step: {
    parameters: [
      "pointer", // nrw_model* model
      "f64", // double step
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_model_set_rate: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // const uint8_t* layer
      "u32", // uint32_t layer_bytes
      "f64", // double rate
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_model_set_noise: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // const uint8_t* layer
      "u32", // uint32_t layer_bytes
      "f64", // double amount
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_model_open_log: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // const uint8_t* path
      "u32", // uint32_t path_bytes
      "f64", // double after_step
      "u32", // uint32_t every_steps
      "f64", // double elapsed_s
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_model_sync_log: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_model_close_log: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_train: {
    parameters: [
      "pointer", // nrw_model* model
      "pointer", // nrw_batches* batches
      "buffer", // const double* learning_rates
      "u32", // uint32_t learning_rate_count
      "f64", // double epoch
      "f64", // double chunk
      "buffer", // double* result
      "buffer", // double* step_losses
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_model_stop: {
    parameters: [
      "pointer", // nrw_model* model
      "u32", // uint32_t stop
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_model_progress: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // double* progress
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_evaluate: {
    parameters: [
      "pointer", // nrw_model* model
      "pointer", // nrw_batches* batches
      "buffer", // double* result
      "buffer", // double* column_sse
      "buffer", // double* column_sum
      "buffer", // double* column_sumsq
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_mean_loss: {
    parameters: [
      "pointer", // nrw_model* model
      "f64", // double rows
      "buffer", // const double* column_sum
      "buffer", // double* result
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_evaluate_begin: {
    parameters: [
      "pointer", // nrw_model* model
      "f64", // double rows
      "f64", // double nnz
      "u32", // uint32_t by_column
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_evaluate_end: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // double* result
      "buffer", // double* column_sse
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_code_sums: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // double* sums
      "u64", // uint64_t capacity
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_refit_begin: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_refit: {
    parameters: [
      "pointer", // nrw_model* model
      "pointer", // nrw_batches* batches
      "u32", // uint32_t held_out
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_refit_end: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_embed: {
    parameters: [
      "pointer", // nrw_model* model
      "pointer", // nrw_batches* batches
      "buffer", // float* out
      "f64", // double capacity
      "buffer", // double* rows
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_reconstruct: {
    parameters: [
      "pointer", // nrw_model* model
      "pointer", // nrw_batches* batches
      "buffer", // const uint32_t* columns
      "u32", // uint32_t column_count
      "buffer", // float* out
      "f64", // double capacity
      "buffer", // double* rows
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_decode: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // const float* latent
      "u32", // uint32_t rows
      "buffer", // const uint32_t* columns
      "u32", // uint32_t column_count
      "buffer", // float* out
      "f64", // double capacity
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_decoder_jacobian: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // const float* latent
      "buffer", // const uint32_t* columns
      "u32", // uint32_t column_count
      "buffer", // float* out
      "f64", // double capacity
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_encoder_jacobian: {
    parameters: [
      "pointer", // nrw_model* model
      "pointer", // nrw_batches* batches
      "buffer", // float* out
      "f64", // double capacity
      "buffer", // double* rows
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_layer_outputs: {
    parameters: [
      "pointer", // nrw_model* model
      "pointer", // nrw_batches* batches
      "buffer", // const uint8_t* layers
      "u32", // uint32_t layers_bytes
      "buffer", // float* out
      "f64", // double capacity
      "buffer", // double* rows
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_model_backward: {
    parameters: [
      "pointer", // nrw_model* model
      "pointer", // nrw_batches* batches
      "buffer", // double* loss
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
  nrw_model_zero_gradients: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_model_close: {
    parameters: [
      "pointer", // nrw_model* model
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;
