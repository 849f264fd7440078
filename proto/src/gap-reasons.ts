// Why a span of a host's history is not known.

export const gapReasons = {
  'agent-stopped': 'the agent did not run',
  'spool-overflow': 'the spool was full, the oldest batches were dropped',
  'rows-capped': 'more rows than a flush may hold',
  clock: 'times outside what the collector keeps',
  quarantined: 'a batch could not be stored and was set aside',
  'invalid-rows': 'rows that were not valid',
  stalled: 'the agent was suspended or starved',
  deleted: 'somebody deleted this span of the history',
  'collect-failed': 'a source could not be read',
  'given-up': 'the agent gave something up to stay within its budget',
  'size-budget': 'the collector dropped it to stay within its size budget',
} as const;

export type GapReason = keyof typeof gapReasons;
