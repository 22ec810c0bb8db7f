/** One call of the system fails, whichever it is: what is said, and that the run comes to the same end. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { SMALL_CONFIG, smallProject } from "../helpers/small_run.ts";
import type { Told } from "./io_errors.ts";
import { withShim } from "./shim.ts";

const PROGRAM = fromFileUrl(new URL("./io_errors.ts", import.meta.url));

/** One line with path, operation and cause. */
const ERROR = /^narrows: \/[^ ]*: (.*: )?cannot [a-z ]+[^ ]*( to it)? \(Input\/output error\)$/;

/** What is wrong with what a command said and did. */
function wrongWith({ status, after }: Told, said: readonly string[]): string[] {
  const errors = said.filter((line) => line.startsWith("narrows: "));
  // Going on from the checkpoint before one that cannot be read is told, and makes other steps.
  const isBack = said.some((line) => /Input\/output error\); trying step-\d+, the one before$/.test(line));
  const wrong = after === null || isBack ? [] : [after];
  if (said.some((line) => /os error|defect|unexpected|TypeError/.test(line))) wrong.push("not in plain words");
  if (status !== 0 && status !== 1) wrong.push(`exit status ${status}`);
  if (status === 1 && (errors.length !== 1 || !ERROR.test(errors[0]!))) wrong.push("not one line of an error");
  return wrong;
}

Deno.test("io errors: whatever call of a run, a resume or a report fails, it is told, and the next try comes to the same end", () =>
  withShim(async (shim, dir) => {
    const config = smallProject(dir, SMALL_CONFIG.replace("epochs: 3", "epochs: 2"), 40);
    const stride = Deno.env.get("NARROWS_FAULT_STRIDE") ?? "0";
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", PROGRAM, shim, dir, config, stride],
      env: { LD_PRELOAD: shim },
    }).output();
    const [printed, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
    assert(success, said);
    const outcomes: Told[] = printed!.split("\n").filter((line) => line.startsWith("{")).map((line) =>
      JSON.parse(line)
    );
    const blocks = new Map(
      said!.split(/^== /m).map((block) => {
        const [name, ...lines] = block.trim().split("\n");
        return [name!, lines];
      }),
    );
    const wrong = outcomes.flatMap((told) => {
      const lines = blocks.get(`${told.phase} ${told.k}`)!;
      return wrongWith(told, lines).map((what) => `${told.phase}, ${told.call}: ${what}\n    ${lines.join("\n    ")}`);
    });
    assertEquals(wrong, [], wrong.join("\n"));
    assert(outcomes.length > 60, `${outcomes.length} calls`);
    assert(outcomes.filter(({ status }) => status === 1).length > 40, "few of them failed a command");
  }));
