/** Programs of `process_test.ts`: `hold PATH` asks a process to read a file and tells its number; `count PATH` counts the rows. */
import { loom } from "../../../../core/data/readers/loom.ts";
import { ReaderProcess } from "../../../../core/data/readers/process_client.ts";
import { readerProgram } from "../../../../core/data/readers/process_program.ts";

const [what, path] = Deno.args as [string, string];
if (what === "hold") {
  const process = new ReaderProcess(readerProgram()!);
  void process.ask({ ask: "open", reader: "loom", path, options: {} });
  console.log(process.pid);
} else {
  const source = await loom.open(path, {});
  let rows = 0;
  for await (const block of source.read(5)) rows += block.rows;
  console.log(JSON.stringify([readerProgram(), rows]));
  source.close();
}
