/** The principal components of a session's training rows, of which several things are made. */
import { evaluatePca, fitPca, type PcaBaseline, type PcaFit } from "../baseline/pca.ts";
import { threadCount } from "./network.ts";
import type { Session } from "./session.ts";

/** Computed once in a session; null where there are fewer than two rows. @throws {Stopped} {EngineError} */
export async function componentsOf(session: Session): Promise<PcaFit | null> {
  const { options: { config, observer }, model, source } = session;
  session.fit ??= await fitPca(source, config, model.latentSize, {
    threads: threadCount(config),
    stopped: () => session.signal !== null,
    fitting: (info) => observer?.preparing?.(info),
  });
  return session.fit;
}

/** What the components explain of each part. @throws {Stopped} {EngineError} */
export function explained(session: Session, fit: PcaFit): Promise<PcaBaseline> {
  const { options: { config, observer }, source } = session;
  return evaluatePca(fit, source, config, {
    threads: threadCount(config),
    stopped: () => session.signal !== null,
    progress: (info) => observer?.evaluating?.(info),
  });
}
