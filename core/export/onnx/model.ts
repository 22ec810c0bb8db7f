/** A trained autoencoder as an ONNX model: rows in, latent vectors and reconstructions out. */
import { UserError } from "../../errors.ts";
import { about, inputText, metadataOf } from "../about.ts";
import { missingKinds } from "../layers/list.ts";
import { linkOf } from "../link.ts";
import type { TrainedNetwork } from "../network.ts";
import { sizeOf } from "../../shapes.ts";
import { encoderInput, reconstructed } from "./ends.ts";
import { Graph } from "./graph.ts";
import { translate } from "./translate.ts";
import { encodeOnnx, type Port } from "./write.ts";

/**
 * The bytes of the model. It computes what `embed` and `reconstruct` give: what layers do in training only is left out, running
 * statistics stand for those of a batch, a drawn code is its mean.
 * @throws {UserError} if a layer or the loss is not in ONNX, or the file would be too large
 */
export function onnxModel(network: TrainedNetwork): AsyncGenerator<Uint8Array> {
  const missing = missingKinds([...network.encoder, ...network.decoder]);
  const link = linkOf(network.loss);
  if (link === null) missing.push(`the loss ${network.loss.kind}`);
  if (missing.length > 0) {
    const what = `cannot hold ${missing.join(", ")}`;
    throw new UserError("--format onnx", what, "use --format safetensors, which holds the weights of any network");
  }
  const graph = new Graph(network);
  const { columns, shape, latent, encoder, decoder } = network;
  const input = graph.within("input", () => encoderInput(graph, "rows", network.inputTransforms));
  const code = translate(graph, encoder, graph.within("input", () => graph.reshaped(input, [columns], shape)));
  const codeShape = encoder.at(-1)!.output;
  graph.output(graph.within("latent", () => graph.reshaped(code, codeShape, [latent])), "latent");
  const outputs = translate(graph, decoder, code);
  const last = decoder.at(-1)!.output, width = sizeOf(last);
  const result = graph.within(
    "reconstruction",
    () => reconstructed(graph, link!, graph.reshaped(outputs, last, [width]), width, "rows"),
  );
  graph.output(result, "reconstruction");

  const rows: Port = { name: "rows", about: inputText(network), dtype: "F32", columns };
  const category: Port = {
    name: "category",
    about: `the number of each row's category, from 0: ${network.categories?.join(", ")}`,
    dtype: "I64",
    columns: null,
  };
  const inputs = network.categories === null ? [rows] : [rows, category];
  const ports = [
    { name: "latent", about: "the latent vector of each row", dtype: "F32", columns: latent },
    { name: "reconstruction", about: "the reconstruction of each row", dtype: "F32", columns },
  ] as const;
  return encodeOnnx(graph, { inputs, outputs: ports }, { doc: about(network), metadata: metadataOf(network) });
}
