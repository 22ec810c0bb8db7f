/** The stream of events of a run, and the loggers that read it. */
export { sinksOf } from "./sinks.ts";
export { EventStream } from "./stream.ts";
export type { Held, Position } from "./course.ts";
export type { Sink, Tell } from "./sink.ts";
export type * from "./types.ts";
