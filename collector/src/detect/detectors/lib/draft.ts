// What every finding of a connection or process says about who it is.
import type { FindingLinks } from '../../finding.ts';
import type { ConnectionObservation, ObservedProcess } from '../../observation.ts';
import { executablePath, programTitle } from './executable.ts';

export function linksOf(observation: ConnectionObservation): FindingLinks {
  return {
    connections: [observation.id],
    ...(observation.process?.id !== undefined && { processes: [observation.process.id] }),
    ...(observation.remote !== undefined && { addresses: [observation.remote.address] }),
    ...(observation.name !== '' && { names: [observation.name] }),
  };
}

/** "curl (/usr/bin/curl)"; "A program" where none is known. */
export function describeProcess(process: ObservedProcess | undefined): string {
  const title = programTitle(process);
  if (process === undefined || title === '') return 'A program';
  const path = executablePath(process);
  return path === '' || path === title ? title : `${title} (${path})`;
}
