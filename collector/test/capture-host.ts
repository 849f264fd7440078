// For tests of captures: hosts that send packets as the test scripts it, and what comes out of the collector again.
import type { ToolRunAsked, ToolRunHost } from '@foretop/proto/api';
import { enhancedPacket, interfaceDescription, sectionHeader } from '@foretop/proto/capture';
import type { CaptureParameters, EndedEvent } from '@foretop/proto/tools';
import { answerOffer, type TestSigner } from './commandable.ts';
import type { TestFleet, TestHost } from './commanded-fleet.ts';
import { runOf, signRun, startTool } from './tool-host.ts';

export const capture: CaptureParameters = {
  ...{ interface: 'eth0', filter: 'tcp port 443', content: 'headers', maxBytes: 1_000_000, maxSeconds: 60 },
};

/** The first blocks of a capture. */
export const head = Buffer.concat([
  sectionHeader({ os: 'Linux', application: 'test' }),
  interfaceDescription({ name: 'eth0', linkType: 1, snapLength: 0, filter: '' }),
]);

export const packetOf = (bytes: Uint8Array, atNs = 1_795_000_000_000_000_000n): Uint8Array =>
  enhancedPacket({ interface: 0, atNs, original: bytes.length, bytes });

export const captured: EndedEvent = {
  ...{ kind: 'ended', outcome: 'completed', detail: '1 packet' },
  summary: { packets: 1, bytes: 60, droppedByKernel: 0, droppedByLimit: 0 },
};

/** A capture on this host that is under way. */
export async function startCapture(
  fleet: TestFleet,
  me: Record<string, string>,
  signer: TestSigner,
  host: TestHost,
  changes: Partial<CaptureParameters> = {},
) {
  const body = { tool: 'capture', parameters: { ...capture, ...changes }, hosts: [host.hostId] };
  const [asked] = await Promise.all([
    fleet.ask<ToolRunAsked>('POST', '/tool-runs', me, body),
    answerOffer(host.agent, { allowed: ['observe', 'capture-headers', 'capture-payload'] }),
  ]);
  if (asked.status !== 201) throw new Error(`${asked.status} ${JSON.stringify(asked.body)}`);
  const { run, offers } = asked.body;
  await signRun(fleet, me, asked.body, signer);
  const tool = await startTool(host.agent);
  let sequence = 0;
  return {
    id: run.id,
    requestId: offers[0]!.requestId,
    wireId: tool.requestId,
    send: tool.send,
    bring: (packets: Uint8Array, ...events: object[]) =>
      tool.send({ sequence: ++sequence, packets, events: events.map((event) => JSON.stringify(event)) }),
    /** A frame that never comes. */
    lose: () => void sequence++,
    end: (more: Parameters<typeof tool.end>[1] = {}) => tool.end(offers[0]!.offer, more),
  };
}

export async function partOf(fleet: TestFleet, me: Record<string, string>, id: string): Promise<ToolRunHost> {
  return (await runOf(fleet, me, id)).hosts[0]!;
}

export const packetsOf = (
  fleet: TestFleet,
  me: Record<string, string>,
  { id, requestId }: { id: string; requestId: string },
  query = '',
  init: RequestInit = {},
): Promise<Response> =>
  fetch(`${fleet.server.url}/api/v1/tool-runs/${id}/packets/${requestId}${query}`, { headers: me, ...init });
