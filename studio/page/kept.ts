/**
 * The connections as a picture, which is kept until weights change or the view stands still at another place; meanwhile it moves with
 * the view. Another one is drawn over several frames, so that no frame waits for tens of thousands of lines.
 */
import * as twgl from "twgl.js";
import { type Camera, HOME } from "./picking.ts";

/** Lines of a part of the picture. */
export const CHUNK = 250;
/** Pictures of so few parts are drawn anew in each frame while the view moves. */
const CHUNKS_AT_ONCE = 4;
/** A frame draws more parts than the one before it while they are done within a frame, and fewer where they take longer. */
const PARTS_MOST = 64;
const SHORT_MS = 20;
const LONG_MS = 40;
const SETTLED_MS = 120;

interface Picture {
  readonly target: twgl.FramebufferInfo;
  camera: Camera;
}

export class KeptPicture {
  /** What is shown. */
  #front: Picture | null = null;
  /** What is being drawn, and how many of its chunks are there. */
  #back: Picture | null = null;
  #done = 0;
  #isOld = true;
  #movedAt = 0;
  #last: Camera = HOME;
  #parts = 1;
  /** Behind the parts that were drawn last, and when that was. */
  #fence: WebGLSync | null = null;
  #fencedAt = 0;

  constructor(readonly gl: WebGL2RenderingContext) {}

  /** Whether a picture is drawn in part, so that its lines must stay. */
  get isDrawing(): boolean {
    return this.#back !== null;
  }

  /** What was drawn is not what is to be shown. */
  refresh(): void {
    this.#isOld = true;
  }

  /** The picture to show, and the view that it was drawn for; null where there is none yet. */
  get shown(): { readonly texture: WebGLTexture; readonly camera: Camera } | null {
    const picture = this.#front ?? this.#back;
    return picture && { texture: picture.target.attachments[0] as WebGLTexture, camera: picture.camera };
  }

  clear(): void {
    for (const picture of [this.#front, this.#back]) if (picture) this.#free(picture);
    this.#front = this.#back = null;
  }

  #free({ target }: Picture): void {
    this.gl.deleteFramebuffer(target.framebuffer);
    this.gl.deleteTexture(target.attachments[0] as WebGLTexture);
  }

  /**
   * Draws what is due of a picture.
   * @param chunks number of parts that `draw` can draw, for a view
   * @returns whether more is to be done in the next frame
   */
  advance(camera: Camera, chunks: number, draw: (chunk: number, camera: Camera) => void): boolean {
    const { width, height } = this.gl.canvas, now = performance.now();
    if (!sameCamera(camera, this.#last)) this.#movedAt = now;
    this.#last = camera;
    if (this.#front && (this.#front.target.width !== width || this.#front.target.height !== height)) this.clear();
    if (this.#back === null) {
      const moved = this.#front === null || !sameCamera(camera, this.#front.camera);
      if (!moved && !this.#isOld) return false;
      if (!this.#isOld && chunks > CHUNKS_AT_ONCE && now - this.#movedAt < SETTLED_MS) return true;
      this.#begin(camera, width, height);
    }
    if (!this.#isReady(now)) return true;
    const back = this.#back!, { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, back.target.framebuffer);
    gl.viewport(0, 0, width, height);
    const parts = chunks <= CHUNKS_AT_ONCE ? chunks : this.#parts;
    for (const end = Math.min(chunks, this.#done + parts); this.#done < end;) draw(this.#done++, back.camera);
    this.#fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    this.#fencedAt = now;
    if (this.#done < chunks) return true;
    if (this.#front) this.#free(this.#front);
    [this.#front, this.#back] = [back, null];
    return !sameCamera(camera, back.camera) || this.#isOld;
  }

  /** Whether the parts of the frames before this one are drawn, and not only asked for. */
  #isReady(now: number): boolean {
    const { gl } = this;
    if (this.#fence === null) return true;
    if (gl.getSyncParameter(this.#fence, gl.SYNC_STATUS) !== gl.SIGNALED) return false;
    gl.deleteSync(this.#fence);
    this.#fence = null;
    const took = now - this.#fencedAt;
    if (took < SHORT_MS) this.#parts = Math.min(PARTS_MOST, 2 * this.#parts);
    else if (took > LONG_MS) this.#parts = Math.max(1, this.#parts >> 1);
    return true;
  }

  #begin(camera: Camera, width: number, height: number): void {
    const { gl } = this;
    const format = { format: gl.RGBA, min: gl.LINEAR, mag: gl.LINEAR, wrap: gl.CLAMP_TO_EDGE };
    this.#back = { target: twgl.createFramebufferInfo(gl, [format], width, height), camera };
    this.#done = 0;
    this.#isOld = false;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#back.target.framebuffer);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
  }
}

const sameCamera = (a: Camera, b: Camera) => a.scale === b.scale && a.x === b.x && a.y === b.y;
