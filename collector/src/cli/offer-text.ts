// An offer in words, for whoever is to sign it: only what the host's own text says, with nothing in it that steers a terminal.
import type { OfferClaims, OfferedProcess } from '@foretop/proto/trust';
import { printable } from '../config/printable.ts';

/** The lines, and what to type to confirm them: the host and the PID, the port at the far end, or the tool. */
export function offerText(claims: OfferClaims, hostName: string): { lines: string[]; confirmation: string } {
  const host = printable(hostName);
  const { action, preview } = claims;
  const effects = action.kind === 'run-tool' ? [] : previewLines(preview);
  const lines = [...actionLines(claims), ...effects].map(([title, text]) => `  ${title.padEnd(12)} ${printable(text)}`);
  return { lines, confirmation: `${host} ${confirmedBy(action)}` };
}

type Line = [title: string, text: string];

function confirmedBy(action: OfferClaims['action']): string | number {
  if (action.kind === 'run-tool') return printable(action.tool);
  return action.kind === 'terminate' ? action.process.pid : action.remote.port;
}

function actionLines({ action }: OfferClaims): Line[] {
  if (action.kind === 'run-tool') {
    const { tool, parameters, addresses } = action;
    return [
      ['Run', tool],
      ['With', parameters],
      ['Towards', addresses.join(' ') || 'no address'],
    ];
  }
  if (action.kind === 'close-connection') {
    const { local, remote, process } = action;
    const ends = `${local.address} port ${local.port} to ${remote.address} port ${remote.port}`;
    return [['Close', `the TCP connection from ${ends}`], ...(process === null ? [] : processLines('Of', process))];
  }
  const { process, tree } = action;
  return [
    ...processLines('End', process),
    ...tree.map((member): Line => ['and', `PID ${member.pid} ${member.name}, ${member.executable}, ${member.user}`]),
  ];
}

function processLines(title: string, process: OfferedProcess): Line[] {
  const started = new Date(process.startedAt * 1_000).toISOString().slice(0, 19).replace('T', ' ');
  return [
    [title, `PID ${process.pid} ${process.name}, user ${process.user}, since ${started} by the host's clock`],
    ['Program', process.executable || 'not known'],
    ['SHA-256', process.sha256 || 'not known'],
    ['Command', process.commandLine || '-'],
  ];
}

function previewLines(preview: OfferClaims['preview']): Line[] {
  const { parent, unit, container, children, childCount, connections, connectionCount } = preview;
  const shown = connections.map(
    ({ protocol, remote, name }) => `${protocol} ${remote}${name === '' ? '' : ` ${name}`}`,
  );
  const restarts = preview.restartedBy || `nothing found; looked at: ${preview.restartChecked.join(', ') || 'nothing'}`;
  return [
    ['Parent', parent === null ? '-' : `PID ${parent.pid} ${parent.name}`],
    ...(unit === '' ? [] : [['Unit', unit] satisfies Line]),
    ...(container === '' ? [] : [['Container', container] satisfies Line]),
    [
      'Children',
      listed(
        children.map(({ pid, name }) => `${pid} ${name}`),
        childCount,
      ),
    ],
    ['Connections', listed(shown, connectionCount)],
    ['Restarted by', restarts],
  ];
}

function listed(shown: readonly string[], count: number): string {
  if (count === 0) return 'none';
  const more = count - shown.length;
  return `${count}: ${shown.join('; ')}${more > 0 ? ` and ${more} more` : ''}`;
}
