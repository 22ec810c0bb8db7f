/** Drawing only where something has changed: once in a frame at most, and what streams at most some times a second. */

/** Milliseconds between two frames of values that stream. */
const STREAM_MS = 50;

export class Frames {
  #frame = 0;
  #later = 0;
  #drawn = -Infinity;

  constructor(readonly draw: () => void) {}

  /** Draws in the next frame, as where a person waits for it. Browsers give no frames to pages that nobody sees. */
  readonly soon = (): void => {
    clearTimeout(this.#later);
    this.#later = 0;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#drawn = performance.now();
      this.draw();
    });
  };

  /** Draws as soon as the last frame is long enough ago. */
  readonly streamed = (): void => {
    if (this.#frame !== 0 || this.#later !== 0) return;
    const wait = this.#drawn + STREAM_MS - performance.now();
    if (wait <= 0) this.soon();
    else this.#later = setTimeout(this.soon, wait) as unknown as number;
  };
}
