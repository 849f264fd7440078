// Names of the files that the trust stage keeps in the agent's private folder.

export const trustFiles = {
  trust: 'trust.json',
  audit: 'audit.log',
  heads: 'collector-heads.jsonl',
  watches: 'watches.json',
} as const;
