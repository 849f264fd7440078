// Which entries of the audit log are wanted, as it stands in the address and as the collector is asked.

export const auditFields = ['q', 'actor', 'action', 'host', 'outcome', 'from', 'to', 'since'] as const;
export type AuditField = (typeof auditFields)[number];
export type AuditFilter = Record<AuditField, string>;

export const outcomes = ['done', 'refused', 'failed'] as const;

/** How far back, in ms; the words for it are those of a choice. */
export const periods: Record<string, { word: string; ms: number }> = {
  '1h': { word: 'the last hour', ms: 3_600_000 },
  '24h': { word: 'the last 24 h', ms: 86_400_000 },
  '7d': { word: 'the last 7 days', ms: 7 * 86_400_000 },
  '30d': { word: 'the last 30 days', ms: 30 * 86_400_000 },
};

/** What means nothing counts as not asked. */
export function parseAuditFilter(parameters: Pick<URLSearchParams, 'get'>): AuditFilter {
  const text = (name: AuditField) => (parameters.get(name) ?? '').trim().slice(0, 200);
  const known = (name: AuditField, values: readonly string[]) => (values.includes(text(name)) ? text(name) : '');
  const instant = (name: AuditField) => (Number.isNaN(Date.parse(text(name))) ? '' : text(name));
  return {
    q: text('q'),
    actor: text('actor'),
    action: text('action'),
    host: /^\d{1,10}$/.test(text('host')) ? text('host') : '',
    outcome: known('outcome', outcomes),
    since: known('since', Object.keys(periods)),
    from: instant('from'),
    to: instant('to'),
  };
}

/** For the collector: a period becomes the instant at which it begins. */
export function auditQuery(filter: AuditFilter, nowMs: number): Record<string, string> {
  const { since, ...rest } = filter;
  const period = periods[since];
  const asked: Record<string, string> = period
    ? { ...rest, from: new Date(nowMs - period.ms).toISOString(), to: '' }
    : rest;
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== ''));
}

export const isFiltered = (filter: AuditFilter): boolean => Object.values(filter).some((value) => value !== '');
