/** What a session is given. */
import type { Model } from "../../ffi/model.ts";
import type { Config } from "../config/types.ts";
import type { MemoryRows } from "../data/memory.ts";
import type { FeedMember } from "../data/shared_feed.ts";
import type { Sink } from "../events/mod.ts";
import type { Desk } from "../steer/desk.ts";
import type { Edit } from "../steer/journal.ts";
import type { RunFolder } from "../runs/folder.ts";
import type { Prepared } from "../data/prepared.ts";
import type { Fork } from "./fork.ts";
import type { Session } from "./session.ts";
import type { TrainObserver } from "./trainer.ts";

export interface SessionOptions {
  readonly config: Config;
  readonly run: RunFolder;
  /** The checkpoint from which the run is resumed: "latest", "best" or a folder; null for a new run. */
  readonly resumeFrom: string | null;
  /** Rows in memory instead of the config's files. The caller closes them. */
  readonly memory?: MemoryRows | null;
  /** What was prepared of the config's sources. */
  readonly prepared?: Prepared;
  /** Has the batches of training together with other runs; by default the run makes its own. */
  readonly shared?: FeedMember;
  /** The config of a resumed run before the changes. */
  readonly saved?: Config;
  /** The checkpoint from which a fork starts. */
  readonly fork?: Fork;
  readonly observer?: TrainObserver;
  /** Loggers besides those of the config. */
  readonly sinks?: readonly Sink[];
  /** Called when the network is ready, to show progress. */
  readonly onModel?: (model: Model) => void;
  readonly note?: (text: string) => void;
  /** Like `note`, but for what went wrong without ending the run. */
  readonly warn?: (text: string) => void;
  /** Gets details that are shown with --verbose only. */
  readonly detail?: (text: string) => void;
  /** Called when the run's lock is taken. */
  readonly onLocked?: () => void;
  /** The config that the session uses, asked under the run's lock; by default `config`. */
  readonly underLock?: () => Promise<Config>;
  /** Called under the run's lock once everything is ready, before the first step. */
  readonly onReady?: () => Promise<void>;
  readonly commandLine?: readonly string[];
  /** Where others leave commands and questions for this session. */
  readonly desk?: Desk;
  /** The journal of a run whose edits this one makes again, at the same steps. */
  readonly replay?: string;
  /** Told of each command that has taken effect. */
  readonly edited?: (edit: Edit) => void;
  /** Told when a command lets training stand still before the next step, and when it goes on. */
  readonly paused?: (isPaused: boolean) => void;
  /** Called once the session takes commands, before the starting weights are made. */
  readonly onSession?: (session: Session) => void;
  /** Ends the session after this epoch, so that the run can be resumed. */
  readonly untilEpoch?: number;
  /** Whether SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 end the run after a save. */
  readonly signals?: boolean;
}
