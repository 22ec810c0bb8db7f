/** Sections of the user's own diagnostics: what their answers may hold, spoiled ones, and names as text. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ownAnswer, ownData, ownPicture } from "../../core/diagnostics/own.ts";
import { Canvas } from "../../core/formats/canvas.ts";
import { DecodeError } from "../../core/runs/decode.ts";
import { renderRunReport } from "../../reports/run_report.ts";
import { emptyRun } from "./fixture.ts";
import { assertWellFormed } from "./well_formed.ts";

const EVIL = `"><script>alert(1)</script>&<img src=x onerror=alert(1)>`;
const png = btoa(String.fromCharCode(...new Canvas(3, 2).png()));

const answer = (name: string) => ({
  epoch: 4,
  module: `${name}.ts`,
  title: name,
  parts: [
    { kind: "text", text: name },
    { kind: "bars", caption: name, x: name, bars: [{ name, value: -1 }, { name: "b", value: 3 }] },
    { kind: "lines", caption: name, x: name, y: name, series: [{ name, x: [1, 2], y: [0.5, null] }] },
    {
      kind: "points",
      caption: "",
      x: "x",
      y: "y",
      log: ["y"],
      series: [{ name, x: [1], y: [0] }, { name: "b", x: [], y: [] }],
    },
    { kind: "table", caption: name, columns: [name, "n"], rows: [[name, 1], ["b", null]] },
    { kind: "picture", caption: name, png },
  ],
});

Deno.test("own diagnostic: every kind of part is drawn, and names are text", () => {
  for (const name of ["My question", EVIL]) {
    const text = renderRunReport({
      ...emptyRun(),
      diagnostics: { my_question: answer(name), no_parts: { ...answer(name), parts: [] } },
    });
    assertWellFormed(text);
    assertStringIncludes(text, '<section id="own-my_question"');
    assertStringIncludes(text, "Its answer has nothing that is drawn.");
    assert(!text.includes("<script>") && !text.includes("<img src=x") && !/NaN|undefined/.test(text));
    assertEquals(text.split(`href="data:image/png;base64,${png}"`).length, 2);
  }
});

Deno.test("own diagnostic: an answer that cannot be is refused with its place", () => {
  const part = (more: object) => ({ parts: [{ kind: "text", text: "a" }, more] });
  const long = Array.from({ length: 501 }, () => ["a"]);
  const head = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes)), huge = new Canvas(3, 2).png();
  new DataView(huge.buffer).setUint32(16, 5000);
  for (
    const [wrong, why] of [
      [{ parts: 3 }, "parts: expected a list, got 3"],
      [{ parts: Array(13).fill({ kind: "text", text: "" }) }, "parts: has 13 parts, and 12 are the most"],
      [
        part({ kind: "html", text: "" }),
        'parts[1].kind: expected text, table, lines, points, bars, picture, got "html"',
      ],
      [part({ kind: "toString" }), "parts[1].kind: expected text"],
      [part({ kind: "text", text: "a".repeat(4001) }), "parts[1].text: has 4001 characters, and 4000 are the most"],
      [
        part({ kind: "table", caption: "", columns: ["a"], rows: long }),
        "parts[1].rows: has 501 rows, and 500 are the most",
      ],
      [
        part({ kind: "table", caption: "", columns: ["a"], rows: [["b", 1]] }),
        "parts[1].rows[0]: has 2 cells, and there are 1 columns",
      ],
      [
        part({ kind: "lines", caption: "", x: "x", y: "y", series: [{ name: "a", x: [1], y: [] }] }),
        "parts[1].series[0]: has 1 values of x and 0 of y",
      ],
      [
        part({ kind: "picture", caption: "", png: btoa("<svg onload=alert(1)></svg>....") }),
        "parts[1].png: is not a PNG file",
      ],
      [part({ kind: "picture", caption: "", png: '"><script>' }), "parts[1].png: is not a PNG file in base64"],
      [
        part({ kind: "picture", caption: "", png: head(huge) }),
        "parts[1].png: has 5000 x 2 pixels, and 4096 x 4096 are the most",
      ],
    ] as const
  ) {
    const error = assertThrows(() => ownAnswer(wrong, ""), DecodeError);
    assertStringIncludes(error.message, why);
    const text = renderRunReport({ ...emptyRun(), diagnostics: { mine: { ...answer("a"), ...wrong } } });
    assertWellFormed(text);
    assertStringIncludes(text, "The file <code>mine.json</code> cannot be read");
  }
  const picture = ownPicture(ownData(answer("a"), ""));
  assertEquals([picture?.width, picture?.height, picture?.png.length], [3, 2, new Canvas(3, 2).png().length]);
});
