/** The engine's functions about graphs of neurons: see symbols.ts. */
export const graphSymbols = {
  nrw_graph_edges: {
    parameters: [
      "buffer", // const uint8_t* layer
      "u32", // uint32_t layer_bytes
      "buffer", // uint32_t* pairs
      "u64", // uint64_t capacity
      "buffer", // uint64_t* count
      "buffer", // nrw_error* err
    ],
    result: "i32",
  },
  nrw_graph_partition: {
    parameters: [
      "u32", // uint32_t vertices
      "buffer", // const uint32_t* pairs
      "u64", // uint64_t count
      "u32", // uint32_t parts
      "buffer", // uint32_t* part
      "buffer", // nrw_error* err
    ],
    result: "i32",
    nonblocking: true,
  },
} as const;
