/**
 * The table of commands: name, what it does, the module that defines it. Light, so that a command starts without the others'
 * code. README's table and deno.json's tasks are made from it by scripts/write_commands.ts.
 */
import { type Command, type CommandGroup, DEFINED } from "./command.ts";

export interface Entry {
  /** One line; ends without a full stop. */
  readonly does: string;
  /** Whether it needs the sources, which the program compiled to one binary does not have. */
  readonly needsSources?: true;
  readonly load: () => Promise<unknown>;
}

export const COMMANDS: Readonly<Record<string, Entry>> = {
  init: { does: "look at data and write a commented config for it", load: () => import("./init.ts") },
  train: {
    does: "train an autoencoder from a config, or go on with a run that was stopped",
    load: () => import("./train.ts"),
  },
  evaluate: { does: "loss, MSE and R2 of a run on any split", load: () => import("./evaluate.ts") },
  embed: { does: "latent vectors of the rows, as .npy or .csv", load: () => import("./embed.ts") },
  reconstruct: {
    does: "reconstructions of the rows, of all columns or some, as .npy or .csv",
    load: () => import("./reconstruct.ts"),
  },
  report: {
    does: "one HTML page about a run, or one that compares several",
    load: () => import("./report.ts"),
  },
  runs: { does: "list the run folders: status, epochs, best loss, age, size", load: () => import("./runs.ts") },
  config: {
    does: "check a config, explain where a value comes from, print the schema for editors",
    load: () => import("./config.ts"),
  },
  doctor: { does: "what this machine has, what is missing and how to get it", load: () => import("./doctor.ts") },
  build: { does: "compile the engine; train does so by itself", needsSources: true, load: () => import("./build.ts") },
  completion: {
    does: "completion of commands and options for bash, zsh or fish",
    load: () => import("./completion.ts"),
  },
  help: { does: "the commands, or the options of one", load: () => import("./help.ts") },
};

/** The commands that there are where this program runs. */
export function present(standalone = Deno.build.standalone): readonly [string, Entry][] {
  return Object.entries(COMMANDS).filter(([, entry]) => !(standalone && entry.needsSources));
}

/**
 * The definition of a command, loaded if it is not yet. A module that runs as the main one is not loaded again: it would
 * wait for itself.
 */
export async function definitionOf(name: string): Promise<Command | CommandGroup> {
  if (!DEFINED.has(name)) await COMMANDS[name]!.load();
  return DEFINED.get(name)!;
}
