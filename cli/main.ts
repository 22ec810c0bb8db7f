/** `narrows COMMAND ...`: the compiled program, and every command in one. Commands are loaded when they are asked for. */
import { VERSION } from "../core/version.ts";
import { nearest } from "../core/config/nearest.ts";

type Command = (args: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, { readonly does: string; readonly load: () => Promise<Command> }>> = {
  train: { does: "train an autoencoder from a config", load: async () => (await import("./train.ts")).trainCommand },
  evaluate: { does: "loss, MSE and R2 of a run", load: async () => (await import("./evaluate.ts")).evaluateCommand },
  embed: { does: "latent vectors as .npy", load: async () => (await import("./embed.ts")).embedCommand },
  reconstruct: {
    does: "reconstructions as .npy",
    load: async () => (await import("./reconstruct.ts")).reconstructCommand,
  },
  report: {
    does: "one HTML file about a run, or comparing several",
    load: async () => (await import("./report.ts")).reportCommand,
  },
  config: {
    does: "check or explain a config, print its schema",
    load: async () => (await import("./config.ts")).configCommand,
  },
  doctor: {
    does: "what this machine has, what is missing",
    load: async () => (await import("./doctor.ts")).doctorCommand,
  },
};

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { does }]) => `  ${name.padEnd(width)}  ${does}`);
  return `narrows ${VERSION}: train, inspect and report on autoencoders\n\n${
    lines.join("\n")
  }\n\nnarrows COMMAND --help tells more`;
}

export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") return console.log(help()), 0;
  if (name === "--version") return console.log(VERSION), 0;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    const close = nearest(name, Object.keys(COMMANDS));
    console.error(`narrows: ${name}: no such command`);
    console.error(`  hint: ${close ? `did you mean ${close}?` : "see: narrows help"}`);
    return 2;
  }
  return await (await command.load())(rest);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
