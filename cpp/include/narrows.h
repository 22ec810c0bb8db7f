/* The C ABI of libnarrows: the only interface of the engine.
 *
 * Rules that hold for every function unless its own block says otherwise:
 *  - It returns an nrw_status as int32_t, never throws, never prints, never ends the process.
 *  - The last parameter `err` is a record that the caller allocates for this call; it may be NULL. On NRW_OK its code
 * is 0.
 *  - Strings are passed as UTF-8 bytes with an explicit length, without a terminating zero.
 *  - Arrays are passed as a pointer with an explicit count. The engine keeps no pointer into the caller's memory after
 * it returns.
 *  - Handles are created by `nrw_X_create` or `nrw_X_open` and ended by `nrw_X_close`, which waits for a running call.
 *  - A call on a handle that is in use by another call returns NRW_BUSY. The functions marked "any thread" may be
 * called at any time.
 *  - Counts that may exceed 2^32 are double, which is exact up to 2^53.
 */
#ifndef NARROWS_H
#define NARROWS_H

#include <stdint.h>

#define NRW_ABI_VERSION 11u

#if defined(_WIN32)
#define NRW_API __declspec(dllexport)
#else
#define NRW_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
#define NRW_NOEXCEPT noexcept
extern "C" {
#else
#define NRW_NOEXCEPT
#endif

typedef enum nrw_status {
  NRW_OK = 0,
  NRW_INVALID_ARGUMENT = 1, /* the call is wrong: a null pointer, a size of 0, an unknown kind */
  NRW_IO = 2,               /* the operating system refused: open, read, write, map */
  NRW_FORMAT = 3,           /* a file's content is wrong; the message names file, member and field */
  NRW_OUT_OF_MEMORY = 4,
  NRW_BUSY = 5,        /* another call on this handle is still running */
  NRW_STOPPED = 6,     /* ended early by nrw_model_stop or nrw_batches_stop */
  NRW_NON_FINITE = 7,  /* the loss or a gradient became NaN or infinite; nothing was updated in that step */
  NRW_CLOSED = 8,      /* the handle has been closed */
  NRW_UNSUPPORTED = 9, /* this build or machine cannot do it; the message says what it can do */
  NRW_END = 10,        /* no more batches */
  NRW_TIMEOUT = 11,
  NRW_INTERNAL = 12 /* a defect of the engine, which should be reported */
} nrw_status;

typedef struct nrw_error {
  int32_t code;
  char message[508]; /* UTF-8, zero-terminated */
} nrw_error;

typedef struct nrw_chunk nrw_chunk;
typedef struct nrw_batches nrw_batches;
typedef struct nrw_model nrw_model;
typedef struct nrw_pca nrw_pca;

/* ---- build and machine ------------------------------------------------------------------------------------------- */

/* The ABI this library was built with. Any thread. */
NRW_API uint32_t nrw_abi_version(void) NRW_NOEXCEPT;

/* Lines `key=value`: version, compiler, build_type, specialised (the shapes that this build is made for, or none),
 * isa (the kernel table in use), isa_reason (why no faster one), isa_available (comma-separated),
 * bf16 (the table that NRW_PRECISION_BF16 uses, or none), bf16_reason, inflate (library and version),
 * threads (the cores this process may use: affinity and cgroup quota respected),
 * memory_total, memory_available (bytes, cgroup limit respected). Any thread.
 * text: capacity bytes; *written gets the length without a terminating zero. */
NRW_API int32_t nrw_info(char* text, uint32_t capacity, uint32_t* written, nrw_error* err) NRW_NOEXCEPT;

/* ---- signals ----------------------------------------------------------------------------------------------------- */

/* From this call on, signal number `from` does not reach the handler that the process has for it. It is counted, and
 * sent to the process again as signal `to`. Any thread. */
NRW_API int32_t nrw_signal_turn(int32_t from, int32_t to, nrw_error* err) NRW_NOEXCEPT;

/* The number of signals that were sent on in this way since the last call. Any thread. */
NRW_API uint32_t nrw_signal_turned(void) NRW_NOEXCEPT;

/* ---- chunks ------------------------------------------------------------------------------------------------------ */

/* Element types of a chunk's arrays as stored. */
enum {
  NRW_F32 = 0,
  NRW_F64 = 1,
  NRW_I8 = 2,
  NRW_I16 = 3,
  NRW_I32 = 4,
  NRW_I64 = 5,
  NRW_U8 = 6,
  NRW_U16 = 7,
  NRW_U32 = 8,
  NRW_U64 = 9,
  NRW_BOOL = 10,
  NRW_F16 = 11,
  NRW_BF16 = 12,
  NRW_NO_ARRAY = 255 /* indices and indptr of a dense chunk */
};

/* Opens one file of rows. A dense .npy array (rows x columns, in C order) is mapped and checked against its size. Of a
 * file of scipy.sparse.save_npz with a CSR matrix, stored members are mapped and deflated ones are inflated into one
 * buffer; before anything is allocated, every declared size is checked against the file and `budget_bytes`, and after
 * that the CSR structure is checked (indptr rises from 0 to nnz, indices are within the columns). It is slow, so it
 * should not be called on the main thread. budget_bytes: the most that may be allocated for this chunk; 0 for no limit.
 * Errors: NRW_IO, NRW_FORMAT, NRW_OUT_OF_MEMORY, each of which names file and member. */
NRW_API int32_t nrw_chunk_open(const uint8_t* path, uint32_t path_bytes, double budget_bytes, nrw_chunk** out,
                               nrw_error* err) NRW_NOEXCEPT;

/* Opens a dense matrix that lies in a file of any format: rows x columns values of `type`, row by row and
 * little-endian, from byte `offset` on. It is mapped. first_row: the number that messages give the first row. whole:
 * whether most rows will be used soon, so that all pages are read at once, which takes as long as the disk needs.
 * Errors: NRW_IO; NRW_FORMAT where the file is too short. */
NRW_API int32_t nrw_chunk_open_matrix(const uint8_t* path, uint32_t path_bytes, double offset, double rows,
                                      double columns, uint32_t type, double first_row, uint32_t whole, nrw_chunk** out,
                                      nrw_error* err) NRW_NOEXCEPT;

/* A chunk made of a matrix in the caller's memory, which is copied and then checked like a file. name: its name in
 * messages. Sparse (CSR): data and indices have one element for each stored entry, indptr has rows + 1; indices and
 * indptr have 32 or 64 bits. Dense: data is rows x columns, row by row; indices_type and indptr_type are NRW_NO_ARRAY,
 * and the two arrays are not read. The caller's arrays must not be freed before this returns. Errors:
 * NRW_INVALID_ARGUMENT, NRW_FORMAT, NRW_OUT_OF_MEMORY, which name the array and, where there is one, the row. */
NRW_API int32_t nrw_chunk_from_arrays(const uint8_t* name, uint32_t name_bytes, double rows, double columns,
                                      uint32_t data_type, const uint8_t* data, double data_bytes, uint32_t indices_type,
                                      const uint8_t* indices, double indices_bytes, uint32_t indptr_type,
                                      const uint8_t* indptr, double indptr_bytes, nrw_chunk** out,
                                      nrw_error* err) NRW_NOEXCEPT;

/* Reads only the headers. info is as in nrw_chunk_info, with 0 for the members mapped and the bytes held. */
NRW_API int32_t nrw_chunk_peek(const uint8_t* path, uint32_t path_bytes, double* info, nrw_error* err) NRW_NOEXCEPT;

/* info: 8 doubles: rows, columns, nnz, data type, indices type, indptr type, members mapped (0 to 3), bytes held. A
 * dense chunk has nnz = rows x columns and NRW_NO_ARRAY as the type of its indices and indptr. */
NRW_API int32_t nrw_chunk_info(nrw_chunk* chunk, double* info, nrw_error* err) NRW_NOEXCEPT;

/* pointers: 3 addresses: data (nnz), indices (nnz), indptr (rows + 1; both 0 where the chunk is dense), of the types in
 * nrw_chunk_info, perhaps not aligned to their size. They live until the chunk is closed and the last batch creator
 * over it is closed. */
NRW_API int32_t nrw_chunk_pointers(nrw_chunk* chunk, uint64_t* pointers, nrw_error* err) NRW_NOEXCEPT;

/* The checksums of the file's content: 3 CRC-32, of data, indices and indptr. They are read from the directory of the
 * archive, without reading the arrays, and change with any stored value. Error: NRW_INVALID_ARGUMENT for a dense file,
 * which has no checksums. */
NRW_API int32_t nrw_chunk_checksums(const uint8_t* path, uint32_t path_bytes, uint32_t* out,
                                    nrw_error* err) NRW_NOEXCEPT;

/* Ends the caller's use of the chunk. It is freed when no batch creator uses it any more. NULL is allowed. */
NRW_API int32_t nrw_chunk_close(nrw_chunk* chunk, nrw_error* err) NRW_NOEXCEPT;

/* Assigns rows to parts. out (rows bytes): out[i] is 0 (train), 1 (validation) or 2 (test) for the row with the key
 * first_row + i, as a function of (seed, key) only. The shares are in [0, 1] with a sum of at most 1, and the rest is
 * the test part. Any thread. */
NRW_API int32_t nrw_split_rows(uint64_t seed, double first_row, uint32_t rows, double train_share,
                               double validation_share, uint8_t* out, nrw_error* err) NRW_NOEXCEPT;

/* ---- batch creator ----------------------------------------------------------------------------------------------- */

enum { NRW_SHUFFLE = 1, NRW_DROP_LAST = 2 };

/* Kinds of transforms, which are applied in order when a batch is made. The meaning of p0 and p1 depends on the kind.
 */
enum {
  NRW_LIBRARY_SIZE = 0, /* scale the row so that it sums to p0; a row with sum 0 is left as it is */
  NRW_LOG1P = 1,        /* log(1 + x) */
  NRW_SCALE = 2,        /* x * p0 */
  NRW_CLIP = 3,         /* min(max(x, p0), p1) of the stored values; p0 <= 0 <= p1, so that zeros stay zeros */
  NRW_BINARIZE = 4,     /* 1 if x > p0 (p0 >= 0), otherwise 0 */
  NRW_ROW_SHAPE = 5,    /* changes nothing: a row is channels of p0 x p1 values, for the transforms after it. Without it
                           the row is one channel of height 1 */
  /* Changes of dense rows at random, as a function of (seed, epoch, row, place of the transform in its list). With one
   * of them a list has at most 16 transforms. */
  NRW_FLIP = 6,     /* reverse the height (p0 = 0) or the width (p0 = 1) of the row with the probability p1 */
  NRW_SHIFT = 7,    /* move by up to p0 places along the height and p1 along the width; edges are repeated */
  NRW_GAIN = 8,     /* multiply the row by a number between p0 and p1 */
  NRW_NOISE = 9,    /* add normal noise with the standard deviation p0 */
  NRW_POLARITY = 10 /* change the sign of the row with the probability p0 */
};

/* Starts a batch creator over the rows of one or more chunks (a shuffle window), whose threads begin to make batches.
 *  - chunks: chunk_count addresses of nrw_chunk, all sparse or all dense.
 *  - row_offsets: chunk_count doubles, the key of each chunk's first row. The following rows of the chunk have the
 *    following keys, which are the row ids and the keys of random draws.
 *  - rows: row_count indices into the rows of all chunks, one chunk after another. Without NRW_SHUFFLE their order is
 * kept; with it the order is a function of (seed, epoch, stream).
 *  - first_batch: the number of batches to skip at the start, for a resume. preload: the largest number of batches held
 *    ready, >= 1. workers: the number of threads, >= 1.
 *  - transforms: transform_count triples (kind, p0, p1).
 *  - input_transforms: input_transform_count more, applied after these to the input but not to the target.
 *  - mask_rate: the share of the stored values that are set to 0 in the input but not in the target, as a function of
 *    (seed, epoch, row, column); 0 for none. All values of dense chunks are stored values.
 *  - column_map: NULL, or for each column of the chunks its column in the batch, a permutation.
 *  - row_weights: NULL, or for each row of the chunks, one chunk after another, what its loss is multiplied by: 0 or
 *    more.
 *  - row_categories: NULL, or for each row of the chunks, likewise, its category, which layers may need.
 * The columns of a sparse row in a batch are strictly ascending; duplicates are added up and explicit zeros are
 * dropped. */
NRW_API int32_t nrw_batches_create(const uint64_t* chunks, uint32_t chunk_count, const double* row_offsets,
                                   const uint32_t* rows, uint32_t row_count, uint32_t batch_size, uint32_t flags,
                                   uint64_t seed, uint32_t epoch, uint32_t stream, uint32_t first_batch,
                                   uint32_t preload, uint32_t workers, const double* transforms,
                                   uint32_t transform_count, const double* input_transforms,
                                   uint32_t input_transform_count, double mask_rate, const uint32_t* column_map,
                                   const float* row_weights, const uint32_t* row_categories, nrw_batches** out,
                                   nrw_error* err) NRW_NOEXCEPT;

/* Makes several readers of the batches that are left, for networks that are trained on the same batches: each reader
 * has all of them, and they are made once. The handle becomes the first reader; out: the addresses of the readers - 1
 * others, which are closed like it. A batch is handed to all readers, and the next one when no reader uses it any more:
 * each has to be taken from by a thread of its own, and a closed or stopped one is not waited for.
 *  - first_batches: for each reader the number of the first batch that it takes, not before the next one of the handle.
 *  - turns: the largest number of readers that use a batch at the same time, >= 1.
 * No other call on the handle may run meanwhile. */
NRW_API int32_t nrw_batches_share(nrw_batches* batches, const uint32_t* first_batches, uint32_t readers, uint32_t turns,
                                  uint64_t* out, nrw_error* err) NRW_NOEXCEPT;

/* info: 8 doubles: number of batches (counted from batch 0), next batch, rows, columns, batches ready, bytes ready,
 * batches made so far, milliseconds that the consumer has waited so far. Any thread. */
NRW_API int32_t nrw_batches_info(nrw_batches* batches, double* info, nrw_error* err) NRW_NOEXCEPT;

/* The next batch, for scripts and tests; training does not use this function. view: 8 u64: rows, nnz, the addresses of
 * row_ptr (u32, rows + 1), columns (u32), target (f32), input (f32) and row ids (u64, global), and the batch number.
 * For a batch of dense chunks row_ptr is 0, columns is a stride (a number of floats, not an address), and target and
 * input are stored by column, with value (row, column) at [column * stride + row]. The arrays are valid until the next
 * call on this handle. Returns NRW_END after the last batch and NRW_TIMEOUT after timeout_ms (< 0: no limit). */
NRW_API int32_t nrw_batches_next(nrw_batches* batches, double timeout_ms, uint64_t* view, nrw_error* err) NRW_NOEXCEPT;

/* Stops the workers after the batches that they are making. A waiting nrw_batches_next returns NRW_STOPPED. Any thread.
 */
NRW_API int32_t nrw_batches_stop(nrw_batches* batches, nrw_error* err) NRW_NOEXCEPT;

/* Stops and joins the workers and frees everything. NULL is allowed. */
NRW_API int32_t nrw_batches_close(nrw_batches* batches, nrw_error* err) NRW_NOEXCEPT;

/* ---- model ------------------------------------------------------------------------------------------------------- */

/* All types of layers, losses and optimizers with their settings, as JSON text: {"layers": [TYPE...], "losses": [...],
 * "optimizers": [...]}. TYPE: {"name", "about", "fields": [FIELD...]}; of a loss also "separable", "quadratic",
 * "likelihood" and "link"; of a layer, where they apply, "noise", "bounds", and the expressions "torch" and "onnx" by
 * which other programs compute it; of an optimizer, where it is, "decoupled". FIELD:
 * {"name", "type", "about"} and, where they apply, "value" (it stands beside the kind), "default", "minimum",
 * "maximum", "above", "below" (whether these are excluded), "words", "tag", "refusal", "example", "only". Any thread.
 * text: capacity bytes; *written gets the length without a terminating zero. With a capacity of 0 only the length is
 * told. */
NRW_API int32_t nrw_vocabulary(char* text, uint32_t capacity, uint32_t* written, nrw_error* err) NRW_NOEXCEPT;

/* The connections between the neurons of a layer neuron_graph. layer: JSON text, {"kind": "neuron_graph", SETTING:
 * VALUE, ...}. pairs: capacity pairs of source and target, as neurons are numbered; *count gets their number. With a
 * capacity of 0 only the number is told. Any thread. Errors: NRW_INVALID_ARGUMENT with "layer." and the setting, also
 * where a file of connections cannot be read or is none. */
NRW_API int32_t nrw_graph_edges(const uint8_t* layer, uint32_t layer_bytes, uint32_t* pairs, uint64_t capacity,
                                uint64_t* count, nrw_error* err) NRW_NOEXCEPT;

/* Divides `vertices` vertices into `parts` (at least 1) of about the same size with few edges between them: a function
 * of its arguments. pairs: count pairs, undirected; repeated ones count as often. part: gets the part of each vertex.
 * Any thread. */
NRW_API int32_t nrw_graph_partition(uint32_t vertices, const uint32_t* pairs, uint64_t count, uint32_t parts,
                                    uint32_t* part, nrw_error* err) NRW_NOEXCEPT;

/* Checks the description of a network, shapes included, and allocates nothing but the handle. spec: JSON text, a map of
 *   columns        width of a row of the data
 *   shape          of such a row, channels first: [28, 28]; its product is `columns`. Left out: a flat row
 *   data           "sparse" (default) or "dense": the form of the batches
 *   seed           whole number below 2^64 as text; weights are a function of (seed, tensor, element)
 *   threads        at least 1 (default)
 *   encoder, decoder   lists of layers: {"kind": NAME, SETTING: VALUE, ...}, with names as nrw_vocabulary has them;
 *                  "output" as a size is what the last layer must have: columns, times the outputs that the loss wants
 *                  for each
 *   loss           {"kind": NAME, ...}; mse by default
 *   optimizer      {"name": NAME, ...}; adam by default. "sparse": "exact" (default) or "lazy" says what the first
 *                  layer's update does to the weights of columns that no sample of a batch has an entry in: what the
 *                  optimizer does to weights with a gradient of zero, or nothing
 *   gradient_clip  the largest L2 norm of all gradients together; 0 (default) for none
 *   precision      "f32" (default) or "bf16": whether training rounds the operands of the dense output layer's products
 *                  to bf16, where the machine has such products (nrw_info)
 *   training_rows  the number of different ones; 0 (default): not known
 *   steps_per_epoch  of training: for settings in epochs; 0 (default): not known
 *   categories     of the rows, for layers that need them; 0 (default): the rows have none
 *   hidden_only    false (default); true: the loss of training is the mean over the places that the encoder's first
 * layer, mask_tokens, hides accelerators   true (default): the first and the last layer are fused with the batch and
 * the loss where they can be Errors: NRW_INVALID_ARGUMENT, NRW_UNSUPPORTED with the path of the setting,
 * "encoder.2.kernel: must be ...". */
NRW_API int32_t nrw_model_create(const uint8_t* spec, uint32_t spec_bytes, nrw_model** out,
                                 nrw_error* err) NRW_NOEXCEPT;

/* The network as JSON text: {"columns", "shape", "latent": {"size", "shape"}, "parameters", "layers": [{"part",
 * "index", "kind", "input", "output" (shapes, channels first), "parameters" (trained values of its own), "solver"
 * ("none", "dense", "sparse input", "dense input", "tile-fused", "factored"), "settings", "layers", "past"}...]}.
 * "layers": those within the layer, likewise but for "part", "index" and "solver"; the first values of a row go through
 * them. "past": {"first", "size", "added"}, which of a row's values, channels first, go past them to its first outputs,
 * and whether they are added to what the layers give, which else stands behind them; null where none do. Before or
 * after build. Text as nrw_vocabulary has it. */
NRW_API int32_t nrw_model_describe(nrw_model* model, char* text, uint32_t capacity, uint32_t* written,
                                   nrw_error* err) NRW_NOEXCEPT;

/* estimate: 6 doubles in bytes: parameters, optimizer state, gradients and workspace for batches of batch_rows rows
 * with nnz_per_row non-zeros, largest single allocation, sum, number of parameters (not bytes). Before or after build.
 */
NRW_API int32_t nrw_model_estimate(nrw_model* model, uint32_t batch_rows, double nnz_per_row, double* estimate,
                                   nrw_error* err) NRW_NOEXCEPT;

/* What the loss of each column is multiplied by, 0 or more. weights: count floats, count = columns; they are copied.
 * Before nrw_model_build. Errors: NRW_UNSUPPORTED "loss.column_weights: ..." where the loss takes rows as a whole or
 * the output layer is factored. */
NRW_API int32_t nrw_model_column_weights(nrw_model* model, const float* weights, uint32_t count,
                                         nrw_error* err) NRW_NOEXCEPT;

/* Allocates and draws the starting weights. */
NRW_API int32_t nrw_model_build(nrw_model* model, nrw_error* err) NRW_NOEXCEPT;

/* A twin of a built network: a second network with the same layers and one thread, made to hold copies of the state of
 * the first. Its state is undefined until nrw_model_copy. The caller closes *out. It is slow, so it should not be
 * called on the main thread. Any thread, once the network is built, also while it trains. Two such calls at once on one
 * network give NRW_BUSY. */
NRW_API int32_t nrw_model_twin(nrw_model* model, nrw_model** out, nrw_error* err) NRW_NOEXCEPT;

/* Copies the state of a model, including the step number, to its twin or back. It copies memory as it is, which is much
 * faster than nrw_model_tensor_read, but still slow, so it should not be called on the main thread. */
NRW_API int32_t nrw_model_copy(nrw_model* model, nrw_model* from, nrw_error* err) NRW_NOEXCEPT;

/* Tensors by name, PyTorch's shapes and order (encoder.0.weight is out x in). Roles: what a file keeps them in. */
enum { NRW_ROLE_PARAMETER = 0, NRW_ROLE_BUFFER = 1, NRW_ROLE_OPTIMIZER = 2, NRW_ROLE_GRADIENT = 3 };
NRW_API int32_t nrw_model_tensor_count(nrw_model* model, uint32_t* count, nrw_error* err) NRW_NOEXCEPT;
/* name: capacity bytes, *name_bytes its length. shape: 8 doubles: role, element type (NRW_F32, NRW_F64, NRW_U32,
 * NRW_I64), number of dimensions (0 to 5), sizes. Gradients are listed only after nrw_model_backward. */
NRW_API int32_t nrw_model_tensor(nrw_model* model, uint32_t tensor_index, char* name, uint32_t capacity,
                                 uint32_t* name_bytes, double* shape, nrw_error* err) NRW_NOEXCEPT;
/* Rows [first_row, first_row + rows) of the first dimension, dense, into / from `bytes` bytes. */
NRW_API int32_t nrw_model_tensor_read(nrw_model* model, uint32_t tensor_index, double first_row, double rows,
                                      uint8_t* out, double bytes, nrw_error* err) NRW_NOEXCEPT;
NRW_API int32_t nrw_model_tensor_write(nrw_model* model, uint32_t tensor_index, double first_row, double rows,
                                       const uint8_t* in, double bytes, nrw_error* err) NRW_NOEXCEPT;
/* One value of each row of a tensor of NRW_F32, at place `column` within the row, into `bytes` bytes. */
NRW_API int32_t nrw_model_tensor_column(nrw_model* model, uint32_t tensor_index, double column, uint8_t* out,
                                        double bytes, nrw_error* err) NRW_NOEXCEPT;

/* The number of optimizer steps taken: Adam's t, and the key of random draws. */
NRW_API int32_t nrw_model_get_step(nrw_model* model, double* step, nrw_error* err) NRW_NOEXCEPT;
NRW_API int32_t nrw_model_set_step(nrw_model* model, double step, nrw_error* err) NRW_NOEXCEPT;

/* Multiplies the learning rate for the weights of one layer, such as "encoder.0", or "encoder.1.layers.0" for one
 * within a layer, from the next step on. 0: they stay as they are. 1 is what a new model has; it is no part of the
 * state that tensors hold. */
NRW_API int32_t nrw_model_set_rate(nrw_model* model, const uint8_t* layer, uint32_t layer_bytes, double rate,
                                   nrw_error* err) NRW_NOEXCEPT;

/* How much noise a layer such as "encoder.1" or "encoder.1.layers.0" makes in training, from the next step on, in the
 * place of the setting beside its kind and within that setting's bounds. It is no part of the state that tensors hold.
 */
NRW_API int32_t nrw_model_set_noise(nrw_model* model, const uint8_t* layer, uint32_t layer_bytes, double amount,
                                    nrw_error* err) NRW_NOEXCEPT;

/* steps.csv: appends a row for each step > after_step that is a multiple of every_steps, or step 1.
 * elapsed_s: what the column elapsed_s starts from. Writes the header when the file is empty. Rows are flushed to the
 * operating system at least once a second and at the end of each nrw_train; fsynced by nrw_model_sync_log. */
NRW_API int32_t nrw_model_open_log(nrw_model* model, const uint8_t* path, uint32_t path_bytes, double after_step,
                                   uint32_t every_steps, double elapsed_s, nrw_error* err) NRW_NOEXCEPT;
NRW_API int32_t nrw_model_sync_log(nrw_model* model, nrw_error* err) NRW_NOEXCEPT;
NRW_API int32_t nrw_model_close_log(nrw_model* model, nrw_error* err) NRW_NOEXCEPT;

/* Trains on batches from the queue until it ends, learning_rate_count steps are done, or nrw_model_stop. One learning
 * rate a step. result: 12 doubles: steps done, rows, loss summed over rows (mean loss = / rows), last loss, last
 * gradient norm, largest gradient norm, wait ms, compute ms, batches left, largest loss, nnz, forward ms (the rest of
 * compute is backward and update). step_losses: learning_rate_count doubles that get the loss of each step done, or
 * NULL. epoch and chunk go into steps.csv. NRW_OK also when stopped: compare steps done.
 * NRW_NON_FINITE: the step's loss or gradient is not finite; that step changed no parameter of a layer before the
 * output layer, but for layers that update within their backward pass (sparse_code, dictionary); steps done counts the
 * good ones and the message names step and batch. Slow: call it off the main
 * thread. */
NRW_API int32_t nrw_train(nrw_model* model, nrw_batches* batches, const double* learning_rates,
                          uint32_t learning_rate_count, double epoch, double chunk, double* result, double* step_losses,
                          nrw_error* err) NRW_NOEXCEPT;

/* With stop = 1, a running nrw_train (which returns NRW_OK), nrw_evaluate, nrw_embed or nrw_reconstruct (NRW_STOPPED)
 * ends after the current batch, and later calls end at once, until this is called with stop = 0. Any thread. */
NRW_API int32_t nrw_model_stop(nrw_model* model, uint32_t stop, nrw_error* err) NRW_NOEXCEPT;

/* progress: 6 doubles: step, batches done in this call of nrw_train or nrw_evaluate, batches of this call; of nrw_train
 * last loss, rows a second, wait share. Any thread. */
NRW_API int32_t nrw_model_progress(nrw_model* model, double* progress, nrw_error* err) NRW_NOEXCEPT;

/* Loss and error over all batches left, in evaluation mode: without random draws, with running statistics. result: 12
 * doubles: rows, mean loss (by its reduction, with what layers add to it, weighted by rows), sum of squared errors, sum
 * of y, sum of y^2, nnz, ms, columns; sum of the loss alone, without its reduction; with column_sum, of a loss that is
 * a negative log-likelihood, otherwise 0: what that sum is where each reconstruction is the value itself, and the share
 * of it that no reconstruction changes; and the sum of the weights of the rows, which is their number where they have
 * none. The mean loss is of weighted rows and columns, all else counts all of them alike. column_sse, column_sum,
 * column_sumsq: `columns` doubles each, added to, or all NULL. */
NRW_API int32_t nrw_evaluate(nrw_model* model, nrw_batches* batches, double* result, double* column_sse,
                             double* column_sum, double* column_sumsq, nrw_error* err) NRW_NOEXCEPT;

/* Of a loss that is a negative log-likelihood, otherwise 0: its sum over `rows` rows with the sums column_sum
 * (`columns` doubles), where each value is reconstructed by its column's mean, less the share that no reconstruction
 * changes. result: 1 double. */
NRW_API int32_t nrw_mean_loss(nrw_model* model, double rows, const double* column_sum, double* result,
                              nrw_error* err) NRW_NOEXCEPT;

/* Between these two calls nrw_evaluate may give 0 for its loss and squared errors, also by column. If that is faster,
 * they are computed for all batches together by nrw_evaluate_end. rows, nnz: the approximate totals of all batches to
 * come. by_column: whether column_sse is needed. A training step in between discards the evaluation. result: 2 doubles
 * to add to the results of nrw_evaluate: sum of squared errors, sum of loss times rows. column_sse: `columns` doubles,
 * which are added to, or NULL. Both are slow, so they should not be called on the main thread. */
NRW_API int32_t nrw_evaluate_begin(nrw_model* model, double rows, double nnz, uint32_t by_column,
                                   nrw_error* err) NRW_NOEXCEPT;
NRW_API int32_t nrw_evaluate_end(nrw_model* model, double* result, double* column_sse, nrw_error* err) NRW_NOEXCEPT;

/* Of the rows of all calls of nrw_evaluate since nrw_evaluate_begin, for each value of the latent vector: the number of
 * rows in which it was not 0, where the encoder's last layer sets most values of a row to 0 (`few_values` in the
 * vocabulary); the sum of its KL divergence from the prior in nats, where that layer has one (`divergence`). sums:
 * capacity doubles, at least as many as the latent vector has. Fails with NRW_UNSUPPORTED where that layer is another.
 */
NRW_API int32_t nrw_code_sums(nrw_model* model, double* sums, uint64_t capacity, nrw_error* err) NRW_NOEXCEPT;

/* Solves for the weights of a factored output layer (least_squares) with all other layers as they are, from the batches
 * of any number of calls of nrw_refit in between, whose rows all count the same: what the layer had learned before is
 * forgotten. held_out: the rows are not fitted to; they come last, and with `ridge: auto` the ridge is chosen by their
 * error, or else by generalized cross-validation. NRW_UNSUPPORTED: the layer is trained by gradients. nrw_model_stop
 * does not end it, since the layer would be left without weights. Slow: call them off the main thread. */
NRW_API int32_t nrw_refit_begin(nrw_model* model, nrw_error* err) NRW_NOEXCEPT;
NRW_API int32_t nrw_refit(nrw_model* model, nrw_batches* batches, uint32_t held_out, nrw_error* err) NRW_NOEXCEPT;
NRW_API int32_t nrw_refit_end(nrw_model* model, nrw_error* err) NRW_NOEXCEPT;

/* Latent vectors (rows x latent, f32) of the remaining batches, in their order, as long as they fit into `capacity`
 * floats. */
NRW_API int32_t nrw_embed(nrw_model* model, nrw_batches* batches, float* out, double capacity, double* rows,
                          nrw_error* err) NRW_NOEXCEPT;

/* Reconstructions (rows x column_count, f32) of the remaining batches, with `capacity` as in nrw_embed. columns: the
 * columns to reconstruct; NULL with column_count 0 for all. */
NRW_API int32_t nrw_reconstruct(nrw_model* model, nrw_batches* batches, const uint32_t* columns, uint32_t column_count,
                                float* out, double capacity, double* rows, nrw_error* err) NRW_NOEXCEPT;

/* Reconstruction of latent vectors (rows x latent, f32) instead of data. out: rows x column_count. */
NRW_API int32_t nrw_decode(nrw_model* model, const float* latent, uint32_t rows, const uint32_t* columns,
                           uint32_t column_count, float* out, double capacity, nrw_error* err) NRW_NOEXCEPT;

/* Derivatives of the decoder's outputs by the latent vector, at one latent vector (latent floats), in evaluation mode.
 * out: column_count x latent, with `columns` as in nrw_reconstruct. The outputs are those of the last layer: of a loss
 * that makes reconstructions of them, such as binary_cross_entropy, before it does; of one with several outputs a
 * column, the first of them. By backward passes of the decoder's layers, in f32. Gradients of nrw_model_backward become
 * zero. NRW_UNSUPPORTED names a layer of the decoder that computes something else in training than in evaluation. */
NRW_API int32_t nrw_decoder_jacobian(nrw_model* model, const float* latent, const uint32_t* columns,
                                     uint32_t column_count, float* out, double capacity, nrw_error* err) NRW_NOEXCEPT;

/* Derivatives of the latent vector by the input, at the remaining rows of the batches as long as they fit into
 * `capacity` floats: latent x columns for each, likewise. */
NRW_API int32_t nrw_encoder_jacobian(nrw_model* model, nrw_batches* batches, float* out, double capacity, double* rows,
                                     nrw_error* err) NRW_NOEXCEPT;

/* What layers give for the remaining rows of the batches, in evaluation mode, from one pass: of each row the outputs of
 * one layer after the other, channels first, with `capacity` as in nrw_embed. layers: a JSON list of names, at least
 * one, in any order: "encoder.1"; "encoder.1.layers.0" for the first of the layers within it; with ".neurons" behind
 * the name of a layer that is a network of neurons, what all its neurons give in the round before the last one, from
 * which the outputs are made (of one round, in that round). NRW_UNSUPPORTED for an output layer whose values are made
 * with the loss. */
NRW_API int32_t nrw_layer_outputs(nrw_model* model, nrw_batches* batches, const uint8_t* layers, uint32_t layers_bytes,
                                  float* out, double capacity, double* rows, nrw_error* err) NRW_NOEXCEPT;

/* Forward and backward pass of the next batch in training mode without an update. It sets *loss and adds to the
 * gradients, which nrw_model_tensor lists with NRW_ROLE_GRADIENT. nrw_model_zero_gradients sets them to zero. */
NRW_API int32_t nrw_model_backward(nrw_model* model, nrw_batches* batches, double* loss, nrw_error* err) NRW_NOEXCEPT;
NRW_API int32_t nrw_model_zero_gradients(nrw_model* model, nrw_error* err) NRW_NOEXCEPT;

/* Frees the model. NULL is allowed. */
NRW_API int32_t nrw_model_close(nrw_model* model, nrw_error* err) NRW_NOEXCEPT;

/* Principal components of rows that come in batches, by subspace iteration from a random start. The rows are passed
 * several times, each time all of them in the same batches: nrw_pca_add any number of times, then nrw_pca_next_pass.
 * The first pass makes the mean. Each next one, of which there is at least one, makes the components more exact; after
 * the last one comes nrw_pca_result instead of nrw_pca_next_pass. Sparse rows stay sparse.
 * more: columns of the basis beyond the components, which make it converge faster; components + more <= columns.
 * Errors: NRW_INVALID_ARGUMENT, NRW_OUT_OF_MEMORY. */
NRW_API int32_t nrw_pca_create(uint32_t columns, uint32_t components, uint32_t more, uint64_t seed, uint32_t threads,
                               nrw_pca** out, nrw_error* err) NRW_NOEXCEPT;
/* Slow: call them off the main thread. */
NRW_API int32_t nrw_pca_add(nrw_pca* pca, nrw_batches* batches, nrw_error* err) NRW_NOEXCEPT;
NRW_API int32_t nrw_pca_next_pass(nrw_pca* pca, nrw_error* err) NRW_NOEXCEPT;
/* Slow. mean: columns floats. components: components x columns, orthonormal, or 0 beyond the rank of the rows.
 * variances: components doubles, falling: of the rows along each component, with rows - 1 in the denominator.
 * sizes: 2 doubles, the means over the rows of the sum of a row's absolute values and of the sum of its squares. */
NRW_API int32_t nrw_pca_result(nrw_pca* pca, float* mean, float* components, double* variances, double* sizes,
                               nrw_error* err) NRW_NOEXCEPT;
NRW_API int32_t nrw_pca_close(nrw_pca* pca, nrw_error* err) NRW_NOEXCEPT; /* NULL is allowed */

#ifdef __cplusplus
}
#endif
#endif
