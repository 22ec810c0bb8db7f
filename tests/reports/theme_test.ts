import { assert, assertEquals } from "@std/assert";
import { DARK, LIGHT } from "../../reports/theme.ts";

type Triple = readonly [number, number, number];

/** How linear RGB looks with each kind of sight: Machado, Oliveira and Fernandes (2009), severity 1. */
const SIGHTS: Readonly<Record<string, readonly [Triple, Triple, Triple]>> = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

function linear(hex: string): Triple {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return [r!, g!, b!];
}

function luminance([r, g, b]: Triple): number {
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** As WCAG 2 defines it. */
function contrast(a: string, b: string): number {
  const [high, low] = [luminance(linear(a)), luminance(linear(b))].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** CIELAB (D65) of a colour as a kind of sight has it. */
function lab(hex: string, sight: readonly [Triple, Triple, Triple]): Triple {
  const rgb = linear(hex);
  const seen = sight.map((row) => Math.min(1, Math.max(0, row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2])));
  const [r, g, b] = seen as [number, number, number];
  const f = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
  const y = f(luminance([r, g, b]));
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

Deno.test("colours stand out in both modes: text at 4.5:1, lines and points at 3:1", () => {
  let compared = 0;
  for (const [mode, palette] of Object.entries({ LIGHT, DARK })) {
    for (
      const [name, hex, least] of [
        ...(["ink", "muted", "good", "warn", "bad"] as const).map((n) => [n, palette[n], 4.5] as const),
        ["training", palette.series[0]!, 4.5] as const,
        ["validation", palette.series[1]!, 4.5] as const,
        ...palette.series.map((c, i) => [`series ${i}`, c, 3] as const),
        ...palette.ramp.map((c, i) => [`ramp ${i}`, c, 3] as const),
        ...palette.density.map((c, i) => [`density ${i}`, c, 3] as const),
        ...palette.scale.map((c, i) => [`scale ${i}`, c, 3] as const),
      ]
    ) {
      const ratio = contrast(hex, palette.page);
      assert(ratio >= least, `${mode} ${name}: ${ratio.toFixed(2)}`);
      compared++;
    }
  }
  assertEquals(compared, 60);
});

Deno.test("every two categorical colours are apart, whatever the sight", () => {
  let compared = 0;
  for (const [mode, { series }] of Object.entries({ LIGHT, DARK })) {
    for (const [sight, matrix] of Object.entries(SIGHTS)) {
      const seen = series.map((hex) => lab(hex, matrix));
      for (const [i, a] of seen.entries()) {
        for (const [j, b] of seen.slice(0, i).entries()) {
          const distance = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
          assert(distance >= 19, `${mode} ${sight}: ${series[i]} and ${series[j]} are ${distance.toFixed(1)} apart`);
          compared++;
        }
      }
    }
  }
  assertEquals(compared, 2 * 4 * 28);
});

Deno.test("a scale goes from near the page to far from it, each colour further than the one before", () => {
  for (const [mode, { scale, page }] of Object.entries({ LIGHT, DARK })) {
    for (const [i, hex] of scale.entries()) {
      if (i > 0) assert(contrast(hex, page) > 1.15 * contrast(scale[i - 1]!, page), `${mode} ${hex}`);
    }
  }
});
