/** Successive halving: the schedule of rounds, and who goes on. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { roundsOf, survivors, workOf } from "../../../core/sweep/rounds.ts";

const table = (...[points, settings]: Parameters<typeof roundsOf>) =>
  roundsOf(points, settings).map(({ points, share, seeds, keep }) => [points, share, seeds, keep]);

Deno.test("by default epochs grow first, then seeds, and the last round has all of both", () => {
  assertEquals(table(27, { factor: 3, first: null, seeds: 3, keep: 1 }), [
    [27, 1 / 3, 1, 9],
    [9, 1, 1, 3],
    [3, 1, 3, 1],
  ]);
  assertEquals(table(16, { factor: 2, first: null, seeds: 1, keep: 2 }), [
    [16, 1 / 4, 1, 8],
    [8, 1 / 2, 1, 4],
    [4, 1, 1, 2],
  ]);
});

Deno.test("the first share can be given, and neither epochs nor seeds grow beyond what there is", () => {
  assertEquals(table(10, { factor: 3, first: 0.5, seeds: 2, keep: 1 }), [
    [10, 0.5, 1, 4],
    [4, 1, 1, 2],
    [2, 1, 2, 1],
  ]);
  assertEquals(table(2, { factor: 3, first: 0.1, seeds: 5, keep: 1 }), [[2, 0.1, 1, 1]]);
});

Deno.test("every schedule falls to what is kept, and no round is longer or has more seeds than the next", () => {
  let seen = 0;
  for (const points of [2, 3, 10, 27, 100]) {
    for (const factor of [2, 3, 4]) {
      for (const seeds of [1, 2, 5]) {
        for (const keep of [1, 2, 9].filter((keep) => keep < points)) {
          const rounds = roundsOf(points, { factor, first: null, seeds, keep });
          assertEquals([rounds[0]!.points, rounds.at(-1)!.keep], [points, keep]);
          for (const [i, round] of rounds.entries()) {
            const next = rounds[i + 1];
            assert(round.keep < round.points && round.share > 0 && round.share <= 1 && round.seeds >= 1);
            if (next) assert(next.points === round.keep && next.share >= round.share && next.seeds >= round.seeds);
            if (round.seeds > 1) assertEquals(round.share, 1);
          }
          seen++;
        }
      }
    }
  }
  assert(seen > 50);
});

Deno.test("the work counts nothing twice", () => {
  assertAlmostEquals(workOf(roundsOf(27, { factor: 3, first: null, seeds: 3, keep: 1 })), 27 / 3 + 9 * 2 / 3 + 3 * 2);
});

Deno.test("the smallest losses go on, the earlier of equal ones, and none that failed", () => {
  assertEquals(survivors([3, 1, 2, 1], 2), [1, 3]);
  assertEquals(survivors([1, 1, 1], 2), [0, 1]);
  assertEquals(survivors([Infinity, 5, Infinity], 2), [1]);
  assertEquals(survivors([Infinity, Infinity], 1), []);
});
