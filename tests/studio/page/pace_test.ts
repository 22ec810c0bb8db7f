/** The pace of what a page asks by itself. */
import { assert, assertEquals } from "@std/assert";
import { LEAST_MS, Pace, SHARE, type Standing } from "../../../studio/page/pace.ts";

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

const standing = (more: Partial<Standing> = {}): Standing => ({
  ...{ isTraining: () => true, isHidden: () => false, pages: () => 1, stood: () => 0 },
  ...more,
});

/**
 * A page whose questions are wanted all the time.
 * @param costs milliseconds of each question for which training stands still, of those that the page waits for it
 * @returns when each bundle began and ended, and the questions in each
 */
async function asked(
  given: Standing,
  names: readonly string[],
  ms: number,
  takes: number,
  costs: number,
  fails = false,
) {
  let stood = 0;
  const standing = { ...given, stood: () => stood }, pace = new Pace(standing);
  const bundles: { begun: number; ended: number; names: string[] }[] = [];
  let underWay = 0;
  const ask = (name: string) => async () => {
    if (underWay++ === 0) bundles.push({ begun: performance.now(), ended: 0, names: [] });
    const bundle = bundles.at(-1)!;
    bundle.names.push(name);
    await pause(takes);
    stood += costs;
    underWay--;
    bundle.ended = performance.now();
    if (fails) throw new Error("refused");
  };
  for (const end = performance.now() + ms; performance.now() < end; await pause(5)) {
    for (const name of names) pace.want(name, ask(name));
  }
  await pause(2 * takes);
  standing.isHidden = () => true;
  pace.changed(); // asks no more
  return bundles;
}

for (const fails of [false, true]) {
  Deno.test(`pace: questions of every kind ${fails ? "that are refused " : ""}take a share of the time together`, async () => {
    const bundles = await asked(standing(), ["a", "b", "c"], 3500, 15, 5, fails);
    assert(bundles.length >= 2, `${bundles.length} bundles`);
    for (const [i, { begun, names }] of bundles.entries()) {
      assertEquals(names, ["a", "b", "c"], "all that is wanted is asked at once, each once");
      const next = bundles[i + 1];
      if (next) assert(next.begun - begun > Math.max(LEAST_MS, 3 * 5 / SHARE) - 30, "asked again too early");
    }
  });
}

Deno.test("pace: pages divide the share, and what a page waits for is no cost where training went on", async () => {
  const early = await asked(standing({ pages: () => 100 }), ["a"], 1500, 15, 1);
  assertEquals(early.length, 1);
  const waited = await asked(standing(), ["a"], 2300, 40, 0.1);
  assert(waited.length >= 2, `${waited.length} bundles`);
});

Deno.test("pace: nothing is asked while nobody sees the page, and what was wanted is asked afterwards", async () => {
  let hidden = true, count = 0;
  const pace = new Pace(standing({ isHidden: () => hidden }));
  pace.want("a", () => Promise.resolve(count++));
  await pause(40);
  assertEquals(count, 0);
  hidden = false;
  pace.changed();
  await pause(40);
  assertEquals(count, 1);
});

Deno.test("pace: after an edit, and where nothing trains, there is no waiting, and no question overlaps itself", async () => {
  let training = true, count = 0, underWay = 0, most = 0;
  const pace = new Pace(standing({ isTraining: () => training }));
  const ask = async () => {
    count++;
    most = Math.max(most, ++underWay);
    await pause(10);
    underWay--;
  };
  pace.want("a", ask);
  await pause(50);
  pace.want("a", ask);
  await pause(50);
  assertEquals(count, 1, "too early for the second time");
  pace.hurry();
  await pause(5);
  pace.want("a", ask);
  pace.hurry(); // while the one before is under way
  await pause(60);
  assertEquals(count, 3);
  training = false;
  for (let i = 0; i < 20; i++) {
    pace.want("a", ask);
    await pause(3);
  }
  await pause(40);
  assert(count > 5, `${count} questions`);
  assertEquals(most, 1);
});
