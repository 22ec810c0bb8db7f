/** How a build shows itself on stderr: one line that moves on a terminal, plain lines elsewhere. */
import { tellPart as write } from "../output.ts";

export interface Progress {
  /** What is being done now; done and total count compile steps where they are known. */
  step(what: string, done?: number, total?: number): void;
  /** A line that stays. */
  line(text: string): void;
  /** Takes the moving line away. */
  clear(): void;
}

const BAR = 24;

function columns(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80; // the terminal has gone
  }
}

const terminal: Progress = {
  step(what, done = 0, total = 0) {
    const filled = total > 0 ? Math.round(BAR * done / total) : 0;
    const bar = total > 0 ? `${"━".repeat(filled)}${"╌".repeat(BAR - filled)} ${done}/${total} ` : "";
    const width = columns() - 1;
    write(`\r\x1b[K${`building the engine ${bar}${what}`.slice(0, width)}`);
  },
  line: (text) => write(`\r\x1b[K${text}\n`),
  clear: () => write("\r\x1b[K"),
};

const plain: Progress = {
  step(what, _done, total = 0) {
    if (total === 0) write(`building the engine: ${what}\n`);
  },
  line: (text) => write(`${text}\n`),
  clear: () => {},
};

const quiet: Progress = { step: () => {}, line: () => {}, clear: () => {} };

export function buildProgress(silent = false): Progress {
  return silent ? quiet : Deno.stderr.isTerminal() ? terminal : plain;
}
