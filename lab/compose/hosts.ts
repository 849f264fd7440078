// The hosts of the container lab and the programs that run on each.

export interface Program {
  /** Of the file in programs/, and what the process is called. */
  name: string;
  /** Absent: it runs as long as the host does. Seconds from the host's start to the first run, and between two. */
  every?: { firstS: number; s: number };
  /** It is not started again: whoever ends it sees it gone until its host starts anew. */
  once?: true;
}

export const hosts: Readonly<Record<string, readonly Program[]>> = {
  'web-1': [{ name: 'web-server' }],
  'db-1': [{ name: 'database' }, { name: 'name-server' }],
  'desk-1': [
    { name: 'browser' },
    { name: 'beacon', once: true },
    { name: 'port-scan', every: { firstS: 120, s: 900 } },
  ],
};

export const ports = { dns: 53, web: 80, beacon: 443, database: 5432 } as const;
