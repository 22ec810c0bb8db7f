/* The C ABI of libnarrows: the only interface of the engine.
 *
 * Rules that hold for every function unless its own block says otherwise:
 *  - It returns an nrw_status as int32_t, never throws, never prints, never ends the process.
 *  - The last parameter `err` is a caller-allocated record of this one call (may be NULL). On NRW_OK its code is 0.
 *  - Strings go in as UTF-8 bytes with an explicit length, without a terminating zero.
 *  - Arrays go in as a pointer with an explicit count. The engine keeps no pointer into caller memory after it returns.
 *  - Handles are created by `nrw_X_create` / `nrw_X_open` and ended by `nrw_X_close`, which waits for a call in flight.
 *  - Two calls at once on one handle give NRW_BUSY. The functions marked "any thread" may be called at any time.
 *  - Counts that may pass 2^32 are double (exact to 2^53).
 */
#ifndef NARROWS_H
#define NARROWS_H

#include <stdint.h>

#define NRW_ABI_VERSION 2u

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
  NRW_INVALID_ARGUMENT = 1, /* the call itself is wrong: a null pointer, a size of 0, an unknown kind */
  NRW_IO = 2,               /* the operating system refused: open, read, write, map */
  NRW_FORMAT = 3,           /* a file's content is wrong; the message names file, member and field */
  NRW_OUT_OF_MEMORY = 4,
  NRW_BUSY = 5,        /* another call on this handle is in flight */
  NRW_STOPPED = 6,     /* ended early by nrw_model_stop or nrw_batches_stop */
  NRW_NON_FINITE = 7,  /* the loss or a gradient became NaN or infinite; nothing was updated in that step */
  NRW_CLOSED = 8,      /* the handle has been closed */
  NRW_UNSUPPORTED = 9, /* well-formed, but this build cannot do it; the message says what it can */
  NRW_END = 10,        /* no more batches */
  NRW_TIMEOUT = 11,
  NRW_INTERNAL = 12 /* a defect of the engine: please report */
} nrw_status;

typedef struct nrw_error {
  int32_t code;
  char message[508]; /* UTF-8, zero-terminated */
} nrw_error;

typedef struct nrw_chunk nrw_chunk;
typedef struct nrw_batches nrw_batches;
typedef struct nrw_model nrw_model;

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

/* Takes signal number `from` away from the handler that the process has for it: from now on it is counted, and sent to
 * the process again as `to`. Any thread. */
NRW_API int32_t nrw_signal_turn(int32_t from, int32_t to, nrw_error* err) NRW_NOEXCEPT;

/* How many signals were turned since the last call. Any thread. */
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
  NRW_NO_ARRAY = 255 /* indices and indptr of a dense chunk */
};

/* Opens one file of rows: a dense .npy array (rows x columns, in C order), which is mapped and checked against its
 * size, or a scipy.sparse.save_npz file of a CSR matrix: maps stored members, inflates deflated ones into one buffer,
 * checks every declared size against the file and `budget_bytes` before anything is allocated, then checks the CSR
 * structure (indptr rises from 0 to nnz, indices within the columns). Slow: call it off the main thread.
 * budget_bytes: the most that may be allocated for this chunk; 0 for no limit. Errors: NRW_IO, NRW_FORMAT,
 * NRW_OUT_OF_MEMORY, each naming file and member. */
NRW_API int32_t nrw_chunk_open(const uint8_t* path, uint32_t path_bytes, double budget_bytes, nrw_chunk** out,
                               nrw_error* err) NRW_NOEXCEPT;

/* A chunk of a matrix in the caller's memory, which is copied and then checked as a file is. name: what messages call
 * it. Sparse (CSR): data and indices have one element a stored entry, indptr rows + 1; indices and indptr are of 32 or
 * 64 bits. Dense: data is rows x columns, row by row; indices_type and indptr_type are NRW_NO_ARRAY, and the two arrays
 * are not read. The caller's arrays must not be freed before this returns. Errors: NRW_INVALID_ARGUMENT, NRW_FORMAT,
 * NRW_OUT_OF_MEMORY, each naming the array and, within it, the row. */
NRW_API int32_t nrw_chunk_from_arrays(const uint8_t* name, uint32_t name_bytes, double rows, double columns,
                                      uint32_t data_type, const uint8_t* data, double data_bytes, uint32_t indices_type,
                                      const uint8_t* indices, double indices_bytes, uint32_t indptr_type,
                                      const uint8_t* indptr, double indptr_bytes, nrw_chunk** out,
                                      nrw_error* err) NRW_NOEXCEPT;

/* Only the headers: info as nrw_chunk_info gives it (mapped and bytes_held are 0), without reading data or indices. */
NRW_API int32_t nrw_chunk_peek(const uint8_t* path, uint32_t path_bytes, double* info, nrw_error* err) NRW_NOEXCEPT;

/* info: 8 doubles: rows, columns, nnz, data type, indices type, indptr type, members mapped (0 to 3), bytes held. A
 * dense chunk has nnz = rows x columns and NRW_NO_ARRAY as the type of its indices and indptr. */
NRW_API int32_t nrw_chunk_info(nrw_chunk* chunk, double* info, nrw_error* err) NRW_NOEXCEPT;

/* pointers: 3 addresses: data (nnz), indices (nnz), indptr (rows + 1; both 0 where the chunk is dense), of the types in
 * nrw_chunk_info, perhaps not aligned to their size. They live until the chunk is closed and the last batch creator
 * over it is closed. */
NRW_API int32_t nrw_chunk_pointers(nrw_chunk* chunk, uint64_t* pointers, nrw_error* err) NRW_NOEXCEPT;

/* What the file's own checksums say of its content: 3 CRC-32, of data, indices and indptr, from the archive's directory
 * and without reading the arrays; they change with any stored value. NRW_INVALID_ARGUMENT for a dense file, which has
 * none. */
NRW_API int32_t nrw_chunk_checksums(const uint8_t* path, uint32_t path_bytes, uint32_t* out,
                                    nrw_error* err) NRW_NOEXCEPT;

/* Gives up the caller's share of the chunk; a batch creator over it keeps its own. NULL is allowed. */
NRW_API int32_t nrw_chunk_close(nrw_chunk* chunk, nrw_error* err) NRW_NOEXCEPT;

/* Seeded split: out[i] (rows bytes) = 0 train, 1 validation, 2 test for the row whose key is first_row + i; a function
 * of (seed, key) alone. Shares are in [0, 1], train + validation at most 1; the rest is test. Any thread. */
NRW_API int32_t nrw_split_rows(uint64_t seed, double first_row, uint32_t rows, double train_share,
                               double validation_share, uint8_t* out, nrw_error* err) NRW_NOEXCEPT;

/* ---- batch creator ----------------------------------------------------------------------------------------------- */

enum { NRW_SHUFFLE = 1, NRW_DROP_LAST = 2 };

/* Transform kinds, applied in order while a row is cut. p0, p1 by kind. */
enum {
  NRW_LIBRARY_SIZE = 0, /* scale the row so that it sums to p0; an empty or zero-sum row stays as it is */
  NRW_LOG1P = 1,        /* log(1 + x) */
  NRW_SCALE = 2,        /* x * p0 */
  NRW_CLIP = 3,         /* min(max(x, p0), p1) of the stored values; p0 <= 0 <= p1, so that zeros stay zeros */
  NRW_BINARIZE = 4      /* 1 where x > p0 (p0 >= 0), else the value is dropped */
};

/* Starts a background batch creator over the rows of one or more chunks (a shuffle window) and begins to preload.
 * chunks: chunk_count addresses of nrw_chunk. rows: row_count indices into the chunks' rows laid end to end; their
 * order is kept without NRW_SHUFFLE, else it is a function of (seed, epoch, stream). row_offsets: chunk_count doubles,
 * the key of each chunk's first row; the rows after it count on (keys of random draws and row ids).
 * first_batch: batches skipped at the start (resume). preload: batches held ready at most, >= 1. workers: threads,
 * >= 1. transforms: transform_count triples (kind, p0, p1). mask_rate: share of the stored values dropped from the
 * input (not from the target), a function of (seed, epoch, row, column); 0 for none. column_map: NULL, or for
 * each column of the chunks the column of the batch that it becomes, a permutation. The chunks are all sparse or all
 * dense; of dense ones all values are stored. A sparse row's columns come out strictly
 * ascending; duplicates are added up, explicit zeros dropped. */
NRW_API int32_t nrw_batches_create(const uint64_t* chunks, uint32_t chunk_count, const double* row_offsets,
                                   const uint32_t* rows, uint32_t row_count, uint32_t batch_size, uint32_t flags,
                                   uint64_t seed, uint32_t epoch, uint32_t stream, uint32_t first_batch,
                                   uint32_t preload, uint32_t workers, const double* transforms,
                                   uint32_t transform_count, double mask_rate, const uint32_t* column_map,
                                   nrw_batches** out, nrw_error* err) NRW_NOEXCEPT;

/* info: 8 doubles: batches in all (from batch 0), next batch, rows, columns, batches ready, bytes ready, batches cut so
 * far, milliseconds the consumer waited so far. Any thread. */
NRW_API int32_t nrw_batches_info(nrw_batches* batches, double* info, nrw_error* err) NRW_NOEXCEPT;

/* The next batch, for scripts and tests (training does not come this way). view: 8 u64: rows, nnz, then addresses of
 * row_ptr (u32, rows + 1), columns (u32), target (f32), input (f32), row ids (u64, global), and the batch number.
 * A batch of dense chunks has row_ptr 0, in place of columns the number of floats from column to column, and target and
 * input by column: value (row, column) at [column * that number + row].
 * They live until the next call on this handle. NRW_END after the last, NRW_TIMEOUT after timeout_ms (< 0: wait). */
NRW_API int32_t nrw_batches_next(nrw_batches* batches, double timeout_ms, uint64_t* view, nrw_error* err) NRW_NOEXCEPT;

/* Ends the workers soon; a waiting nrw_batches_next returns NRW_STOPPED. Any thread. */
NRW_API int32_t nrw_batches_stop(nrw_batches* batches, nrw_error* err) NRW_NOEXCEPT;

/* Stops, joins, frees. NULL is allowed. */
NRW_API int32_t nrw_batches_close(nrw_batches* batches, nrw_error* err) NRW_NOEXCEPT;

/* ---- model ------------------------------------------------------------------------------------------------------- */

enum { NRW_ENCODER = 0, NRW_DECODER = 1 };

enum {
  NRW_LINEAR = 0, /* size outputs */
  NRW_RELU = 1,
  NRW_LEAKY_RELU = 2, /* p0: slope below 0 */
  NRW_ELU = 3,        /* p0: alpha */
  NRW_GELU = 4,       /* exact, with erf */
  NRW_SILU = 5,
  NRW_TANH = 6,
  NRW_SIGMOID = 7,
  NRW_DROPOUT = 8,    /* p0: share dropped; the rest is scaled by 1 / (1 - p0) */
  NRW_LAYER_NORM = 9, /* p0: eps */
  NRW_BATCH_NORM = 10 /* p0: eps, p1: momentum (PyTorch's meaning) */
};

/* Flags of a linear layer. NRW_TIED: the weight is the transpose of the encoder's mirrored linear layer. */
enum { NRW_NO_BIAS = 1, NRW_TIED = 2, NRW_FACTORED = 4 };

/* Weight initialisations. Biases follow PyTorch's nn.Linear with NRW_INIT_DEFAULT and are 0 with the others. */
enum {
  NRW_INIT_DEFAULT = 0,         /* PyTorch's nn.Linear: uniform(-1/sqrt(in), 1/sqrt(in)) for weight and bias */
  NRW_INIT_KAIMING_UNIFORM = 1, /* gain sqrt(2) */
  NRW_INIT_KAIMING_NORMAL = 2,
  NRW_INIT_XAVIER_UNIFORM = 3,
  NRW_INIT_XAVIER_NORMAL = 4,
  NRW_INIT_NORMAL = 5, /* p: standard deviation */
  NRW_INIT_ZEROS = 6
};

/* An empty network for rows of `columns` values. threads >= 1. Weights are a function of (seed, tensor, element). */
NRW_API int32_t nrw_model_create(uint32_t columns, uint64_t seed, uint32_t threads, nrw_model** out,
                                 nrw_error* err) NRW_NOEXCEPT;

/* Appends a layer. The last decoder layer must be linear of size `columns` (the output layer). */
NRW_API int32_t nrw_model_add_layer(nrw_model* model, uint32_t part, uint32_t kind, uint32_t size, double p0, double p1,
                                    uint32_t flags, uint32_t init, double init_p, nrw_error* err) NRW_NOEXCEPT;

enum { NRW_LOSS_MSE = 0 };
/* mean: over rows and columns; row_mean: summed over columns, mean over rows; sum: over both. */
enum { NRW_REDUCE_MEAN = 0, NRW_REDUCE_ROW_MEAN = 1, NRW_REDUCE_SUM = 2 };
NRW_API int32_t nrw_model_set_loss(nrw_model* model, uint32_t kind, uint32_t reduction, nrw_error* err) NRW_NOEXCEPT;

enum { NRW_SGD = 0, NRW_ADAM = 1, NRW_ADAMW = 2, NRW_RMSPROP = 3 };
/* params: 6 doubles: weight_decay, momentum (SGD, RMSprop), nesterov (0 or 1), beta1 (Adam) or alpha (RMSprop), beta2,
 * eps. PyTorch's formulas. gradient_clip: the largest L2 norm of all gradients together; 0 for none. */
NRW_API int32_t nrw_model_set_optimizer(nrw_model* model, uint32_t kind, const double* params, double gradient_clip,
                                        nrw_error* err) NRW_NOEXCEPT;

/* For an output layer with NRW_FACTORED: params: 6 doubles: beta (forgetting, in (0, 1)), ridge and kappa (both >= 0;
 * see docs/factored.md), the number of different training rows (0: not known), the rule, its weight decay (>= 0). Beta
 * to rows are of NRW_LEAST_SQUARES (the default), which has no learning rate; weight decay is of NRW_FACTORED_SGD, the
 * exact stochastic gradient with each step's learning rate. Before build. */
enum { NRW_LEAST_SQUARES = 0, NRW_FACTORED_SGD = 1 };
NRW_API int32_t nrw_model_set_factored(nrw_model* model, const double* params, nrw_error* err) NRW_NOEXCEPT;

/* What the first layer's update does to the weights of columns that no sample of a batch has an entry in. Exact, the
 * default: what the optimizer does to weights with a gradient of zero, at once or later in closed form. Lazy: nothing,
 * as the sparse optimizers of other libraries. Before build. A tied layer is always updated exactly. */
enum { NRW_SPARSE_EXACT = 0, NRW_SPARSE_LAZY = 1 };
NRW_API int32_t nrw_model_set_sparse_update(nrw_model* model, uint32_t mode, nrw_error* err) NRW_NOEXCEPT;

/* The form of the data's rows, that is, of the batches: the first layer is made for one of them. Before build; the
 * default is sparse. With dense data the output layer cannot be factored, and nrw_model_set_sparse_update has no
 * effect: there are no columns without an entry. */
enum { NRW_DATA_SPARSE = 0, NRW_DATA_DENSE = 1 };
NRW_API int32_t nrw_model_set_data(nrw_model* model, uint32_t form, nrw_error* err) NRW_NOEXCEPT;

/* bf16: while training, the dense output layer rounds the operands of its products to bf16; sums, weights and optimizer
 * state stay f32, and so do evaluation and all other layers. On a machine without bf16 products (nrw_info: bf16=none)
 * it is the same as f32. Before build; the default is f32. */
enum { NRW_PRECISION_F32 = 0, NRW_PRECISION_BF16 = 1 };
NRW_API int32_t nrw_model_set_precision(nrw_model* model, uint32_t precision, nrw_error* err) NRW_NOEXCEPT;

/* estimate: 6 doubles in bytes: parameters, optimizer state, gradients and workspace for batches of batch_rows rows
 * with nnz_per_row non-zeros, largest single allocation, sum, number of parameters (not bytes). Before or after build.
 */
NRW_API int32_t nrw_model_estimate(nrw_model* model, uint32_t batch_rows, double nnz_per_row, double* estimate,
                                   nrw_error* err) NRW_NOEXCEPT;

/* Checks the layers, allocates, initialises. After this the shape is fixed. */
NRW_API int32_t nrw_model_build(nrw_model* model, nrw_error* err) NRW_NOEXCEPT;

/* A twin of a built network: a second network with the same layers and one thread, which holds copies of the first
 * one's state. Its own state is not set. The caller closes *out. Slow: call it off the main thread. Any thread, once
 * the network is built: also while it trains. Two twins at once give NRW_BUSY. */
NRW_API int32_t nrw_model_twin(nrw_model* model, nrw_model** out, nrw_error* err) NRW_NOEXCEPT;

/* Copies the state of a model, the step number too, to its twin or back, as it lies in memory: much faster than through
 * nrw_model_tensor_read. Slow: call it off the main thread. */
NRW_API int32_t nrw_model_copy(nrw_model* model, nrw_model* from, nrw_error* err) NRW_NOEXCEPT;

/* layer: 8 doubles: part, index in its part, kind, inputs, outputs, parameters, solver (0 none, 1 sparse input,
 * 2 dense, 3 tile-fused output, 4 factored output, 5 dense input), flags. count gets the number of layers in all.
 * Before or after build. */
NRW_API int32_t nrw_model_layer(nrw_model* model, uint32_t layer_index, double* layer, uint32_t* count,
                                nrw_error* err) NRW_NOEXCEPT;

/* Tensors by name, PyTorch's shapes and order (encoder.0.weight is out x in). Roles: what a file keeps them in. */
enum { NRW_ROLE_PARAMETER = 0, NRW_ROLE_BUFFER = 1, NRW_ROLE_OPTIMIZER = 2, NRW_ROLE_GRADIENT = 3 };
NRW_API int32_t nrw_model_tensor_count(nrw_model* model, uint32_t* count, nrw_error* err) NRW_NOEXCEPT;
/* name: capacity bytes, *name_bytes its length. shape: 6 doubles: role, element type (NRW_F32, NRW_F64, NRW_U32,
 * NRW_I64), number of dimensions (0 to 3), sizes. Gradients are listed only after nrw_model_backward. */
NRW_API int32_t nrw_model_tensor(nrw_model* model, uint32_t tensor_index, char* name, uint32_t capacity,
                                 uint32_t* name_bytes, double* shape, nrw_error* err) NRW_NOEXCEPT;
/* Rows [first_row, first_row + rows) of the first dimension, dense, into / from `bytes` bytes. */
NRW_API int32_t nrw_model_tensor_read(nrw_model* model, uint32_t tensor_index, double first_row, double rows,
                                      uint8_t* out, double bytes, nrw_error* err) NRW_NOEXCEPT;
NRW_API int32_t nrw_model_tensor_write(nrw_model* model, uint32_t tensor_index, double first_row, double rows,
                                       const uint8_t* in, double bytes, nrw_error* err) NRW_NOEXCEPT;

/* The number of optimizer steps taken: Adam's t, and the key of dropout draws. */
NRW_API int32_t nrw_model_get_step(nrw_model* model, double* step, nrw_error* err) NRW_NOEXCEPT;
NRW_API int32_t nrw_model_set_step(nrw_model* model, double step, nrw_error* err) NRW_NOEXCEPT;

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
 * output layer, steps done counts the good ones and the message names step and batch. Slow: call it off the main
 * thread. */
NRW_API int32_t nrw_train(nrw_model* model, nrw_batches* batches, const double* learning_rates,
                          uint32_t learning_rate_count, double epoch, double chunk, double* result, double* step_losses,
                          nrw_error* err) NRW_NOEXCEPT;

/* Ends nrw_train (NRW_OK), nrw_evaluate, nrw_embed and nrw_reconstruct (NRW_STOPPED) after the current batch, and the
 * next ones at once, until cleared. Any thread. */
NRW_API int32_t nrw_model_stop(nrw_model* model, uint32_t stop, nrw_error* err) NRW_NOEXCEPT;

/* progress: 6 doubles: step, batches done in this call of nrw_train or nrw_evaluate, batches of this call; of nrw_train
 * last loss, rows a second, wait share. Any thread. */
NRW_API int32_t nrw_model_progress(nrw_model* model, double* progress, nrw_error* err) NRW_NOEXCEPT;

/* Loss and error over all batches left, without dropout, with running batch-norm statistics. result: 8 doubles: rows,
 * mean loss (the config's reduction, weighted by rows), sum of squared errors, sum of y, sum of y^2, nnz, ms, columns.
 * column_sse, column_sum, column_sumsq: `columns` doubles each, added to, or all NULL. */
NRW_API int32_t nrw_evaluate(nrw_model* model, nrw_batches* batches, double* result, double* column_sse,
                             double* column_sum, double* column_sumsq, nrw_error* err) NRW_NOEXCEPT;

/* Between these two calls nrw_evaluate may leave out its loss and squared errors, which are then 0, also by column:
 * where it is faster, they are worked out for all batches together at the end. rows, nnz: of all batches to come,
 * about; by_column: whether column_sse is wanted. A training step in between ends this without a result. result: 2
 * doubles, to be added: sum of squared errors, sum of loss times rows. column_sse: `columns` doubles, added to, or
 * NULL. Slow: call them off the main thread. */
NRW_API int32_t nrw_evaluate_begin(nrw_model* model, double rows, double nnz, uint32_t by_column,
                                   nrw_error* err) NRW_NOEXCEPT;
NRW_API int32_t nrw_evaluate_end(nrw_model* model, double* result, double* column_sse, nrw_error* err) NRW_NOEXCEPT;

/* Latent vectors (rows x latent, f32) of the batches left, in their order, until `capacity` floats would be passed. */
NRW_API int32_t nrw_embed(nrw_model* model, nrw_batches* batches, float* out, double capacity, double* rows,
                          nrw_error* err) NRW_NOEXCEPT;

/* Reconstructions (rows x column_count, f32) of the batches left, likewise. columns: which ones; NULL with
 * column_count 0 for all. */
NRW_API int32_t nrw_reconstruct(nrw_model* model, nrw_batches* batches, const uint32_t* columns, uint32_t column_count,
                                float* out, double capacity, double* rows, nrw_error* err) NRW_NOEXCEPT;

/* Reconstruction of latent vectors (rows x latent, f32) instead of data. out: rows x column_count. */
NRW_API int32_t nrw_decode(nrw_model* model, const float* latent, uint32_t rows, const uint32_t* columns,
                           uint32_t column_count, float* out, double capacity, nrw_error* err) NRW_NOEXCEPT;

/* Forward and backward of the next batch in training mode without an update: *loss, and gradients that
 * nrw_model_tensor lists with NRW_ROLE_GRADIENT. They are added to what is there; nrw_model_zero_gradients zeroes them.
 */
NRW_API int32_t nrw_model_backward(nrw_model* model, nrw_batches* batches, double* loss, nrw_error* err) NRW_NOEXCEPT;
NRW_API int32_t nrw_model_zero_gradients(nrw_model* model, nrw_error* err) NRW_NOEXCEPT;

/* Frees the model. NULL is allowed. */
NRW_API int32_t nrw_model_close(nrw_model* model, nrw_error* err) NRW_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
