// Which time a page shows, as its address says: now, as of an instant (`at`), or a span (`from`, `to`).

export type View = { kind: 'live' } | { kind: 'at'; atMs: number } | { kind: 'span'; fromMs: number; toMs: number };

/** What is not an instant, or a span that ends before it begins, counts as now. */
export function parseView(parameters: Pick<URLSearchParams, 'get'>): View {
  const atMs = instant(parameters.get('at'));
  if (atMs !== undefined) return { kind: 'at', atMs };
  const [fromMs, toMs] = [instant(parameters.get('from')), instant(parameters.get('to'))];
  if (fromMs !== undefined && toMs !== undefined && fromMs < toMs) return { kind: 'span', fromMs, toMs };
  return { kind: 'live' };
}

function instant(text: string | null): number | undefined {
  const ms = text === null ? Number.NaN : Date.parse(text);
  return Number.isFinite(ms) ? ms : undefined;
}

/** Whole seconds in UTC: what an address and the REST API take. */
export const instantText = (ms: number): string =>
  `${new Date(Math.round(ms / 1000) * 1000).toISOString().slice(0, 19)}Z`;

/** The parameters of a view, for the address and for the REST API alike. */
export function viewParameters(view: View): { at: string; from: string; to: string } {
  return {
    at: view.kind === 'at' ? instantText(view.atMs) : '',
    from: view.kind === 'span' ? instantText(view.fromMs) : '',
    to: view.kind === 'span' ? instantText(view.toMs) : '',
  };
}

/** Ages and "now" of a page that shows the past are those of its instant, or of the end of its span. */
export const endOf = (view: View, nowMs: number): number =>
  view.kind === 'at' ? view.atMs : view.kind === 'span' ? view.toMs : nowMs;

const routesWithPast: ReadonlySet<string | null> = new Set(['/', '/connections', '/hosts/[id]', '/dns', '/map']);

/** Whether a page follows the time bar. */
export const hasPast = (routeId: string | null): boolean => routesWithPast.has(routeId);

const hourMs = 3_600_000;

/** What a page of the past sums up: the span, or the hour that ends at the instant. */
export const recordSpan = (view: View): { fromMs: number; toMs: number } =>
  view.kind === 'span'
    ? { fromMs: view.fromMs, toMs: view.toMs }
    : { fromMs: endOf(view, 0) - hourMs, toMs: endOf(view, 0) };
