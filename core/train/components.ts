/** The principal components of a session's training rows, of which several things are made. */
import { evaluatePca, fitPca, type PcaBaseline, type PcaFit } from "../baseline/pca.ts";
import { threadCount } from "./network.ts";
import type { Session } from "./session.ts";

/** Components up to this size, 64 MB, are kept for the end of the run; larger ones would be computed again where they are asked for. */
const KEPT_VALUES = 1 << 24;

/** Computed once in a session, if they are not too large to keep; null where there are fewer than two rows. @throws {Stopped} {EngineError} */
export async function componentsOf(session: Session): Promise<PcaFit | null> {
  const { options: { config, observer }, model, source } = session;
  if (session.fit !== null) return session.fit;
  const fit = await fitPca(source, config, model.latentSize, {
    threads: threadCount(config),
    stopped: () => session.isStopping,
    fitting: (info) => observer?.preparing?.(info),
  });
  if (fit !== null && fit.components.length <= KEPT_VALUES) session.fit = fit;
  return fit;
}

/** What the components explain of each part. @throws {Stopped} {EngineError} */
export function explained(session: Session, fit: PcaFit): Promise<PcaBaseline> {
  const { options: { config, observer }, source } = session;
  return evaluatePca(fit, source, config, {
    threads: threadCount(config),
    stopped: () => session.isStopping,
    progress: (info) => observer?.evaluating?.(info),
  });
}
