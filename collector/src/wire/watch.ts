// A live lease as an agent of an older protocol version understands it.
import { LiveSection, type Watch } from '@foretop/proto';

/** The version in which a section came; the others were there from the first. */
const since: Partial<Record<LiveSection, number>> = { [LiveSection.LIVE_SECTION_DNS]: 2 };

/** Without the sections that the version does not have; a lease of which nothing is left ends. */
export function watchFor(version: number, watch: Watch): Watch {
  const sections = (watch.sections ?? []).filter((section) => version >= (since[section] ?? 1));
  if (sections.length === (watch.sections ?? []).length) return watch;
  return sections.length === 0 ? { sections, rateHz: 0, ttlMs: 0, keyFrame: false } : { ...watch, sections };
}
