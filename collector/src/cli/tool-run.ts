// Runs a tool from hosts: shows what they say as it comes, sums it up, and judges how it went.
import type { ToolRun, ToolRunEvent } from '@foretop/proto/api';
import { differences, serverEventReader, type ToolEvent, type ToolRequest } from '@foretop/proto/tools';
import { printable } from '../config/printable.ts';
import { CliError } from './cli-error.ts';
import { readOn } from './read-on.ts';
import type { Terminal } from './terminal.ts';
import { beginRun, labelsOf } from './tool-begin.ts';
import type { ToolCall } from './tool-call.ts';
import { eventLine, summaryTable } from './tool-text.ts';

/** Throws CliError when a host did not run it to its end, or got no answer at all. */
export async function runTool(call: ToolCall, request: ToolRequest, from: readonly string[]): Promise<void> {
  const { terminal, json } = call;
  const run = await beginRun(call, request, from);
  const { last, said } = await followRun(call, run, { isQuiet: json });
  if (json) terminal.print(JSON.stringify({ run: last, events: said }));
  else printSummary(terminal, last, said);
  judge(last, said);
}

/** Until all hosts are done. The first wish to stop cancels the run, and what the hosts still say is shown. */
export async function followRun(
  { client, terminal, stop }: ToolCall,
  run: ToolRun,
  { isQuiet }: { isQuiet: boolean },
): Promise<{ last: ToolRun; said: ToolRunEvent[] }> {
  const labels = labelsOf(run);
  const prefix = (hostId: number) => (labels.size > 1 ? `${labels.get(hostId) ?? ''}  ` : '');
  const said: ToolRunEvent[] = [];
  let last = run;
  const cancel = () => {
    terminal.note('Cancelling …');
    client.request('DELETE', `/tool-runs/${run.id}`).catch((error: Error) => terminal.note(error.message));
  };
  if (stop.signal.aborted) cancel();
  else stop.signal.addEventListener('abort', cancel, { once: true });
  try {
    let after = '';
    await readOn(async (came) => {
      const body = await client.stream(`/tool-runs/${run.id}/events`, after === '' ? {} : { 'last-event-id': after });
      const read = serverEventReader();
      for await (const bytes of body)
        for (const { kind, id, data } of read(bytes)) {
          came();
          if (kind === 'end') return true;
          if (kind === 'run') last = JSON.parse(data) as ToolRun;
          if (kind !== 'said') continue;
          after = id;
          const one = JSON.parse(data) as ToolRunEvent;
          said.push(one);
          const line = isQuiet ? undefined : eventLine(one.event);
          if (line !== undefined) terminal.print(prefix(one.hostId) + line);
        }
      return false;
    });
    return { last, said };
  } finally {
    stop.signal.removeEventListener('abort', cancel);
  }
}

function byHost(run: ToolRun, said: readonly ToolRunEvent[]): Map<string, ToolEvent[]> {
  const ran = run.hosts.filter(({ signedAt }) => signedAt !== null);
  const labels = labelsOf(run);
  return new Map(
    ran.map(({ hostId }) => [
      labels.get(hostId) ?? '',
      said.filter((one) => one.hostId === hostId).map(({ event }) => event),
    ]),
  );
}

function printSummary(terminal: Terminal, run: ToolRun, said: readonly ToolRunEvent[]): void {
  const found = byHost(run, said);
  const text = summaryTable(found);
  if (text !== '') terminal.print(text);
  for (const [host, texts] of differences(found))
    for (const one of texts) terminal.print(printable(`${host} differs: ${one}`));
  for (const { hostName, status, detail, code } of run.hosts) {
    if (status !== 'ended')
      terminal.note(printable(`${hostName}: ${status}${detail ? `, ${detail}` : ''}${code ? ` (${code})` : ''}`));
  }
}

function judge(run: ToolRun, said: readonly ToolRunEvent[]): void {
  const bad = run.hosts.filter(({ outcome }) => outcome !== 'completed').map(({ hostName }) => hostName);
  if (bad.length > 0) throw new CliError('refused', printable(`Not run to its end: ${bad.join(', ')}.`));
  if (run.tool !== 'ping') return;
  const silent = run.hosts.filter(
    ({ hostId }) =>
      !said.some(({ hostId: by, event }) => by === hostId && event.kind === 'ping' && event.outcome === 'answered'),
  );
  if (silent.length > 0)
    throw new CliError('refused', printable(`No answer to: ${silent.map(({ hostName }) => hostName).join(', ')}.`));
}
