/**
 * The table of commands: name, what it does, and the module that defines it, which is loaded when it is needed. README's table and deno.json's tasks are made from it by scripts/write_commands.ts.
 */
import { type Command, type CommandGroup, DEFINED } from "./command.ts";

export interface Entry {
  /** One line; ends without a full stop. */
  readonly does: string;
  /** Whether the command needs the sources, which the single binary does not contain. */
  readonly needsSources?: true;
  readonly load: () => Promise<unknown>;
}

export const COMMANDS: Readonly<Record<string, Entry>> = {
  init: { does: "look at data and write a commented config for them", load: () => import("./init.ts") },
  train: {
    does: "train an autoencoder from a config, or resume a run that was stopped",
    load: () => import("./train.ts"),
  },
  evaluate: { does: "compute loss, MSE and R2 of a run on any part of the data", load: () => import("./evaluate.ts") },
  embed: {
    does: "write the latent vectors of the rows: .npy, .csv, .parquet, or into a copy of an .h5ad file",
    load: () => import("./embed.ts"),
  },
  reconstruct: {
    does: "write the reconstructions of the rows, as numbers, pictures or recordings",
    load: () => import("./reconstruct.ts"),
  },
  export: {
    does: "write a trained network for other programs: ONNX, PyTorch, safetensors, .npz",
    load: () => import("./export.ts"),
  },
  data: {
    does: "import data of other formats, or show what is in a file",
    load: () => import("./data.ts"),
  },
  report: {
    does: "write an HTML page about a run, a sweep or several runs, or follow training",
    load: () => import("./report.ts"),
  },
  studio: {
    does: "train in front of a page that shows the network at work and takes commands",
    load: () => import("./studio.ts"),
  },
  runs: { does: "list the run folders with status, epochs, best loss, age and size", load: () => import("./runs.ts") },
  sweep: {
    does: "train a config with many values and seeds, and go on where that was interrupted",
    load: () => import("./sweep.ts"),
  },
  analyze: {
    does: "compare groups of runs: mean, spread, intervals and paired differences over seeds",
    load: () => import("./analyze.ts"),
  },
  config: {
    does: "check a config, explain where a value comes from, or print the schema for editors",
    load: () => import("./config.ts"),
  },
  doctor: { does: "show what is installed, what is missing and how to install it", load: () => import("./doctor.ts") },
  build: {
    does: "compile the engine; train does this by itself",
    needsSources: true,
    load: () => import("./build.ts"),
  },
  completion: {
    does: "print a completion script for bash, zsh or fish",
    load: () => import("./completion.ts"),
  },
  help: { does: "list the commands, or the options of one command", load: () => import("./help.ts") },
};

/** The commands that this program has; the single binary has fewer. */
export function present(standalone = Deno.build.standalone): readonly [string, Entry][] {
  return Object.entries(COMMANDS).filter(([, entry]) => !(standalone && entry.needsSources));
}

/**
 * The definition of a command, loaded if necessary. A module that runs as the main module is not loaded again, because it
 * would wait for itself.
 */
export async function definitionOf(name: string): Promise<Command | CommandGroup> {
  if (!DEFINED.has(name)) await COMMANDS[name]!.load();
  return DEFINED.get(name)!;
}
