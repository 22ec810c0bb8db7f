/** Writes a trained network in a format that other programs read. */
import { extname } from "@std/path";
import { UserError } from "../errors.ts";
import { writeAtomically } from "../formats/file.ts";
import { readNetwork, type TrainedNetwork } from "./network.ts";
import { onnxModel } from "./onnx/model.ts";
import { writeSaelens } from "./saelens.ts";
import { writeTorch } from "./torch/write.ts";
import { writeNpz, writeSafetensors } from "./weights_files.ts";

interface Format {
  /** How the file's name ends, or the folder's, which tells no format. */
  readonly ending: string;
  /** @returns the files written beside it */
  write(network: TrainedNetwork, path: string): Promise<readonly string[] | void>;
}

async function writeOnnx(network: TrainedNetwork, path: string): Promise<void> {
  const pieces = onnxModel(network);
  await writeAtomically(path, async (file) => {
    for await (const bytes of pieces) await file.write(bytes);
  });
}

const WRITERS = {
  safetensors: { ending: ".safetensors", write: writeSafetensors },
  npz: { ending: ".npz", write: writeNpz },
  onnx: { ending: ".onnx", write: writeOnnx },
  torch: { ending: ".py", write: writeTorch },
  saelens: { ending: "_saelens", write: writeSaelens },
} as const satisfies Record<string, Format>;

export type ExportFormat = keyof typeof WRITERS;
export const EXPORT_FORMATS = Object.keys(WRITERS) as ExportFormat[];
export const endingOf = (format: ExportFormat): string => WRITERS[format].ending;

/** The format by a file's name. @throws {UserError} where it says none */
export function formatOf(path: string): ExportFormat {
  const ending = extname(path).toLowerCase();
  const format = EXPORT_FORMATS.find((format) => endingOf(format) === ending);
  if (format !== undefined) return format;
  const endings = EXPORT_FORMATS.map(endingOf).filter((ending) => ending.startsWith("."));
  const what = `${path} does not say the format by its ending: ${endings.slice(0, -1).join(", ")} or ${endings.at(-1)}`;
  throw new UserError("--output", what, `name it with --format: ${EXPORT_FORMATS.join(", ")}`);
}

export interface ExportOptions {
  /** "best", "latest" or a checkpoint folder; by default best if the run kept it, otherwise latest. */
  readonly checkpoint?: string;
  /** By default what the file's name says. */
  readonly format?: ExportFormat;
  readonly note?: (text: string) => void;
}

export interface Exported {
  readonly format: ExportFormat;
  /** The files that were written, the one that was asked for first. */
  readonly files: readonly string[];
  /** The name of the checkpoint. */
  readonly checkpoint: string;
  readonly columns: number;
  readonly latent: number;
  readonly tensors: number;
}

/**
 * Writes the network of a run; its data are not needed. Files appear whole or not at all.
 * @throws {UserError} also if the format cannot hold a layer; then nothing is written
 */
export async function exportRun(runDir: string, path: string, options: ExportOptions = {}): Promise<Exported> {
  const format = options.format ?? formatOf(path);
  using network = await readNetwork(runDir, options.checkpoint, options.note ?? (() => {}));
  const beside = await (WRITERS[format] as Format).write(network, path) ?? [];
  const { checkpoint, columns, latent, tensors } = network;
  return { format, files: [path, ...beside], checkpoint, columns, latent, tensors: tensors.size };
}
