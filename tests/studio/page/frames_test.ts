/** Frames are drawn where something has changed; what streams waits for what a person waits for. */
import { assert, assertEquals } from "@std/assert";
import { Frames } from "../../../studio/page/frames.ts";

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Frames of a browser that gives one every few milliseconds. @param run says what is to be drawn @returns when it was drawn */
async function drawn(run: (frames: Frames) => Promise<void>): Promise<number[]> {
  const known = globalThis as unknown as { requestAnimationFrame?: (draw: () => void) => number };
  const before = known.requestAnimationFrame, times: number[] = [], begun = performance.now();
  known.requestAnimationFrame = (draw) => setTimeout(draw, 5) as unknown as number;
  try {
    await run(new Frames(() => times.push(performance.now() - begun)));
  } finally {
    known.requestAnimationFrame = before;
  }
  return times;
}

/** Values that come all the time. */
async function stream(frames: Frames, ms: number, also: () => void = () => {}): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end; await pause(5)) {
    frames.streamed();
    also();
  }
}

Deno.test("page: values that stream are drawn now and then, and what was asked for at once", async () => {
  const times = await drawn((frames) => stream(frames, 400));
  assert(times.length >= 2 && times.length <= 10, `${times}`);
  assertEquals(
    (await drawn(async (frames) => {
      frames.soon();
      frames.soon();
      await pause(60);
    })).length,
    1,
  );
});

Deno.test("page: nothing that streams is drawn while an answer is waited for, and it is drawn at once afterwards", async () => {
  let released = 0;
  const times = await drawn(async (frames) => {
    frames.hold();
    await stream(frames, 120);
    released = performance.now();
    frames.release();
    await pause(60);
  });
  assertEquals(times.length, 1);
  assert(released > 0 && times[0]! >= 120, `${times}`);
  // What a person waits for is drawn nevertheless.
  assertEquals(
    (await drawn(async (frames) => {
      frames.hold();
      frames.soon();
      await pause(60);
    })).length,
    1,
  );
});

Deno.test("page: answers that never come do not stop what streams", async () => {
  const times = await drawn((frames) => stream(frames, 900, () => frames.hold()));
  assert(times.length >= 1, "nothing was drawn");
});
