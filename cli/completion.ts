/** `completion`: a script with which a shell completes commands, their options and the options' values. */
import { bashCompletion } from "./completion/bash.ts";
import { fishCompletion } from "./completion/fish.ts";
import { completionSpec } from "./completion/spec.ts";
import { zshCompletion } from "./completion/zsh.ts";
import { defineCommand } from "./command.ts";
import { runCommand } from "./run_command.ts";
import { print } from "../core/output.ts";

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** Without the line in which a task tells what it starts. */
const LOAD = Deno.build.standalone ? "narrows completion" : "deno task --quiet completion";

const completion = defineCommand({
  name: "completion",
  positional: ["shell"],
  options: {
    shell: {
      type: "choice",
      value: "SHELL",
      values: ["bash", "zsh", "fish"],
      required: true,
      help: "the shell for which the script is",
    },
  },
  notes: [
    "The script completes narrows and, for deno, the commands of narrows after deno task. Load it with\n" +
    `  bash  eval "$(${LOAD} bash)", in .bashrc\n` +
    `  zsh   eval "$(${LOAD} zsh)", in .zshrc, after compinit\n` +
    `  fish  ${LOAD} fish | source, in config.fish`,
  ],
  async run({ shell }) {
    print(SCRIPTS[shell](await completionSpec()).trimEnd());
    return 0;
  },
});

export default completion;

if (import.meta.main) Deno.exit(await runCommand(completion, Deno.args));
