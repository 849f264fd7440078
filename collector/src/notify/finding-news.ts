// News of findings as the notifier takes them.
import type { Detector } from '../detect/detector.ts';
import type { FindingNews, NewsListener } from '../detect/findings/writer.ts';
import { type FindingChange, type FindingSink, severities } from './change.ts';

type Described = Pick<Detector, 'id' | 'title' | 'technique'>;

/** Nobody is told of what is muted. */
export function newsFor(sink: FindingSink, detectors: readonly Described[]): NewsListener {
  const byId = new Map(detectors.map((detector) => [detector.id, detector]));
  return (news) => {
    const told = news.filter(({ finding }) => finding.state !== 'muted');
    sink.findings(told.map((one) => changeOf(one, byId.get(one.finding.detector))));
  };
}

function changeOf({ kind, finding }: FindingNews, detector: Described | undefined): FindingChange {
  return {
    change: kind,
    findingId: finding.groupKey,
    hostId: finding.hostId,
    severity: severities[finding.severity] ?? 'low',
    detector: finding.detector,
    title: detector?.title ?? finding.detector,
    technique: detector?.technique ?? { id: '', name: '' },
    summary: finding.summary,
    peer: finding.peer,
    process: finding.process,
    startUs: finding.firstSeenUs,
    endUs: finding.lastSeenUs,
    count: finding.earlierCount + finding.episodeCount,
    score: finding.score,
  };
}
