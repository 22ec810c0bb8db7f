/**
 * Makes data/digits from Debian's package python3-sklearn: the pixels as dense .npy files as numpy.save writes them, the
 * pixels' names and each image's digit. Needs apt-get and dpkg-deb; the same bytes every time.
 *
 *     deno run -A scripts/make_digits.ts [FOLDER]
 */
import { fromFileUrl, join } from "@std/path";
import { byteNpy } from "./byte_npy.ts";
import { withPackage } from "./debian_package.ts";

const PACKAGE = "python3-sklearn";
const SIDE = 8, PIXELS = SIDE * SIDE, FILES = 3;

/** The lines of a gzipped table of numbers. */
async function table(path: string): Promise<number[][]> {
  const unzipped = (await Deno.open(path)).readable.pipeThrough(new DecompressionStream("gzip"));
  const text = await new Response(unzipped).text();
  return text.trim().split("\n").map((line) => line.split(",").map(Number));
}

/** The licence of sklearn's files, without those of what it bundles. */
function licenceOf(copyright: string): string {
  const stanzas = copyright.split("\n\n");
  const first = stanzas.find((stanza) => stanza.startsWith("Files: *"));
  const start = copyright.lastIndexOf("License: BSD-3-Clause\nRedistribution");
  const end = copyright.indexOf("License: ", start + 1);
  if (first === undefined || start < 0) throw new Error(`${PACKAGE}: its copyright file is not as expected`);
  return `${first.split("\n").slice(1).join("\n")}\n\n${copyright.slice(start, end).split("\n").slice(1).join("\n")}`
    .trimEnd() +
    "\n";
}

async function make(target: string): Promise<void> {
  await withPackage(PACKAGE, async (folder, copyright) => {
    const rows = await table(join(folder, "usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz"));
    if (rows.some((row) => row.length !== PIXELS + 1 || row.some((value) => !(value >= 0 && value <= 16)))) {
      throw new Error("digits.csv.gz is not as expected: 64 pixels of 0 to 16 and a digit a line");
    }
    await Deno.mkdir(target, { recursive: true });
    for (let file = 0; file < FILES; file++) {
      const [first, last] = [file, file + 1].map((k) => Math.round(k * rows.length / FILES)) as [number, number];
      const values = Uint8Array.from(rows.slice(first, last).flatMap((row) => row.slice(0, PIXELS)));
      await Deno.writeFile(join(target, `digits_${file}.npy`), byteNpy("|u1", values, PIXELS));
    }
    const names = Array.from({ length: PIXELS }, (_, i) => `row ${Math.floor(i / SIDE)} column ${i % SIDE}\n`);
    await Deno.writeTextFile(join(target, "pixels.txt"), names.join(""));
    await Deno.writeTextFile(join(target, "labels.txt"), rows.map((row) => `${row[PIXELS]}\n`).join(""));
    await Deno.writeTextFile(join(target, "LICENSE"), licenceOf(copyright));
  });
}

if (import.meta.main) await make(Deno.args[0] ?? fromFileUrl(new URL("../data/digits", import.meta.url)));
