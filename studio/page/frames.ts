/**
 * Drawing only where something has changed: once in a frame at most, and what streams at most some times a second, and not while a
 * person waits for an answer, which would wait behind the drawing.
 */

/** Milliseconds between two frames of values that stream. */
const STREAM_MS = 50;
/** For so long, at most, does what streams wait for an answer. */
const HOLD_MS = 300;

export class Frames {
  #frame = 0;
  #later = 0;
  #drawn = -Infinity;
  /** Until then nothing is drawn of what streams. */
  #heldUntil = -Infinity;
  /** Whether the frame that comes is drawn for what streams alone. */
  #isStream = false;

  constructor(readonly draw: () => void) {}

  /** Draws in the next frame, as where a person waits for it. Browsers give no frames to pages that nobody sees. */
  readonly soon = (): void => {
    this.#isStream = false;
    this.#plan();
  };

  /** Draws as soon as the last frame is long enough ago. */
  readonly streamed = (): void => {
    if (this.#frame !== 0 || this.#later !== 0) return;
    const wait = Math.max(this.#drawn + STREAM_MS, this.#heldUntil) - performance.now();
    const draw = () => {
      this.#isStream = true;
      this.#plan();
    };
    if (wait <= 0) draw();
    else this.#later = setTimeout(draw, wait) as unknown as number;
  };

  /** What streams waits until {@linkcode release}. Where this is said again and again, some of it is drawn in between. */
  hold(): void {
    const now = performance.now();
    if (now > this.#heldUntil + 2 * STREAM_MS) this.#heldUntil = now + HOLD_MS;
  }

  release(): void {
    this.#heldUntil = -Infinity;
    if (this.#later === 0) return;
    clearTimeout(this.#later);
    this.#later = 0;
    this.streamed();
  }

  #plan(): void {
    clearTimeout(this.#later);
    this.#later = 0;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      const now = performance.now();
      if (this.#isStream && now < this.#heldUntil) return this.streamed();
      this.#drawn = now;
      this.draw();
    });
  }
}
