// Captures packets on hosts: signed here, shown or written as they come, and ended with what is missing, if anything is.
import { newRecipient, type Packet } from '@foretop/proto/capture';
import type { CaptureParameters } from '@foretop/proto/tools';
import type { ToolRun, ToolRunHost } from '@foretop/proto/api';
import { printable } from '../config/printable.ts';
import { createFile, type PacketFile, pathFor, standardOutput } from './capture-files.ts';
import { readCapture } from './capture-source.ts';
import { packetJson, packetLine } from './capture-text.ts';
import { CliError } from './cli-error.ts';
import { beginRun, labelsOf } from './tool-begin.ts';
import { checked, type ToolCall } from './tool-call.ts';
import { followRun } from './tool-run.ts';

export interface WantedCapture extends Omit<CaptureParameters, 'recipient'> {
  /** A file, "-" for standard output; undefined: lines. */
  write: string | undefined;
}

interface Caught {
  host: string;
  packets: number;
  bytes: number;
  file: string | undefined;
  fault: string | undefined;
}

/** Throws CliError when a capture failed or is not whole. */
export async function runCapture(call: ToolCall, wanted: WantedCapture, from: readonly string[]): Promise<void> {
  const { terminal, client, json, stop } = call;
  const { write, ...parameters } = wanted;
  const isPipe = write === '-';
  if (isPipe && from.length > 1) throw new CliError('usage', 'Packets of one host only go to standard output.');
  const output = isPipe ? standardOutput(() => stop.abort()) : undefined;
  // Made for this run alone, and gone with this process.
  const recipient = parameters.content === 'payload' ? await newRecipient() : undefined;
  const request = checked({
    tool: 'capture',
    parameters: { ...parameters, ...(recipient && { recipient: recipient.publicKey }) },
  });
  const run = await beginRun(call, request, from);
  const parts = run.hosts.filter(({ status }) => status === 'running' || status === 'ended');
  const labels = labelsOf(run);
  const following = followRun(call, run, { isQuiet: true });
  const reading = Promise.all(
    parts.map(async (part): Promise<Caught> => {
      const host = parts.length > 1 ? `${labels.get(part.hostId) ?? ''}  ` : '';
      await using file = output ?? (await fileOf(write, part, parts.length));
      const caught: Caught = { host: part.hostName, packets: 0, bytes: 0, file: file?.path, fault: undefined };
      const show = (packet: Packet) =>
        terminal.print(json ? packetJson(part.hostName, packet) : host + packetLine(packet, wanted.interface === ''));
      caught.fault = await readCapture({
        ...{ client, run, part, recipient },
        async onBytes(bytes, packets) {
          caught.packets += packets.length;
          caught.bytes += bytes.length;
          if (file) await file.write(bytes);
          else packets.forEach(show);
        },
      });
      return caught;
    }),
  );
  // What breaks one of them stops the hosts as well.
  reading.catch(() => stop.abort());
  const [{ last }, caught] = await Promise.all([following, reading]);
  if (json && !isPipe) terminal.print(JSON.stringify({ run: last, captures: caught }));
  else tell(call, last, caught);
  judge(last, caught, stop.signal.aborted);
}

async function fileOf(write: string | undefined, part: ToolRunHost, hosts: number): Promise<PacketFile | undefined> {
  if (write === undefined) return undefined;
  return createFile(hosts === 1 ? write : pathFor(write, part.hostName, part.hostId));
}

function tell({ terminal }: ToolCall, run: ToolRun, caught: readonly Caught[]): void {
  for (const { host, packets, bytes, file } of caught)
    terminal.note(printable(`${host}: ${packets} packets, ${bytes} bytes${file === undefined ? '' : ` in ${file}`}`));
  for (const { hostName, status, outcome, detail, code } of run.hosts)
    terminal.note(printable(`${hostName}: ${outcome ?? status}: ${detail}${code === '' ? '' : ` (${code})`}`));
}

/** One that a person stopped, or that reached a bound, is as good as one that came to its end. */
function judge(run: ToolRun, caught: readonly Caught[], isStopped: boolean): void {
  const cut = caught.filter(({ fault }) => fault !== undefined);
  if (cut.length > 0)
    throw new CliError('refused', cut.map(({ host, fault }) => `${printable(host)}: ${fault!}`).join('\n'));
  const good = ['completed', 'limit', ...(isStopped ? ['cancelled'] : [])];
  const bad = run.hosts.filter(({ outcome }) => outcome === null || !good.includes(outcome));
  if (bad.length === 0) return;
  throw new CliError('refused', printable(`Not run to its end: ${bad.map(({ hostName }) => hostName).join(', ')}.`));
}
