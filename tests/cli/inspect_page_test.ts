/** The page of `data inspect --html`: of counts, pictures, signals and chunks, whole and without scripts. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { wavOf } from "../../core/formats/wav_write.ts";
import { greyPng } from "../core/formats/pictures/make_png.ts";
import { run, temporary } from "../helpers/cli.ts";
import { npy } from "../helpers/npz.ts";
import { GENES, tenXSample } from "../helpers/ten_x.ts";
import { assertWellFormed } from "../reports/well_formed.ts";

Deno.test("data inspect --html: what is in a file, as one page", async () => {
  using folder = temporary();
  const at = (name: string) => join(folder.path, name);
  tenXSample(at("pbmc"), 60);
  Deno.mkdirSync(at("pictures/a"), { recursive: true });
  Deno.mkdirSync(at("pictures/b"));
  Deno.writeFileSync(at("pictures/a/1.png"), greyPng([[1, 2, 3], [4, 5, 6]]));
  Deno.writeFileSync(at("pictures/b/2.png"), greyPng([[9, 8, 7], [6, 5, 4]]));
  Deno.writeFileSync(at("a.wav"), wavOf(Float32Array.from({ length: 400 }, (_, i) => Math.sin(i / 9)), 1, 8000));
  Deno.writeFileSync(
    at("a.npy"),
    npy("<f4", "3, 3", new Uint8Array(Float32Array.of(0, 1, 2, 0, 0, 0, 4, -1, 0).buffer)),
  );
  const page = async (name: string, ...more: string[]) => {
    const output = at(`${name}.html`);
    const { code, stdout, stderr } = await run("data", ["inspect", at(name), "--html", output, ...more]);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, output);
    const text = Deno.readTextFileSync(output);
    assertWellFormed(text);
    assert(!/<script|https?:\/\/(?!www\.w3\.org)/.test(text));
    return text;
  };
  const counts = await page("pbmc");
  assertStringIncludes(counts, `60 rows of ${GENES} values`);
  for (const what of ["The first rows of the matrix", "Sums of the rows", "Values that are not zero"]) {
    assertStringIncludes(counts, what);
  }
  const pictures = await page("pictures");
  for (const what of ["The first rows as pictures", "pictures of 2 × 3 pixels", "<b>class</b> has 2 different"]) {
    assertStringIncludes(pictures, what);
  }
  const signal = await page("a.wav");
  assertStringIncludes(signal, "time (ms)");
  assertStringIncludes(signal, "sampled at 8,000 Hz");
  assertStringIncludes(await page("a.npy", "--json"), "with negative values");
});
