// For tests of tools: hosts that answer questions and run what is signed, as the test scripts it; and people who ask, sign and follow.
import type { ToolOutput } from '@foretop/proto';
import type { ToolRun, ToolRunAsked, ToolRunMessage, ToolRunSigned } from '@foretop/proto/api';
import type { ToolEvent } from '@foretop/proto/tools';
import type { OfferClaims, ReceiptClaims } from '@foretop/proto/trust';
import { answerOffer, signCommand, signReceipt, type TestSigner } from './commandable.ts';
import type { Answer, TestFleet, TestHost } from './commanded-fleet.ts';
import type { TestAgent } from './test-agent.ts';

export const ping = {
  target: 'example.org',
  protocol: 'icmp',
  count: 2,
  intervalMs: 1_000,
  payloadBytes: 56,
  family: 'any',
} as const;
export const pingOf = (hosts: readonly number[], changes: object = {}) => ({
  tool: 'ping',
  parameters: { ...ping, ...changes },
  hosts,
});

export const answered = (attempt: number): ToolEvent => ({
  kind: 'ping',
  attempt,
  outcome: 'answered',
  rttUs: 410,
  ttl: 60,
});
export const ended: ToolEvent = {
  ...{ kind: 'ended', outcome: 'completed', detail: '2 of 2 answered', summary: { sent: 2, answered: 2 } },
};

const allowed: OfferClaims['allowed'] = ['observe', 'probe'];

/** All of these hosts offer what is asked, or answer as `refusals` says. */
export async function askRun(
  fleet: TestFleet,
  me: Record<string, string>,
  body: { hosts: readonly number[] },
  hosts: readonly TestHost[],
): Promise<ToolRunAsked> {
  const [answer] = await Promise.all([
    fleet.ask<ToolRunAsked>('POST', '/tool-runs', me, body),
    ...hosts.map(({ agent }) => answerOffer(agent, { allowed })),
  ]);
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

export async function signRun(
  fleet: TestFleet,
  me: Record<string, string>,
  { run, offers }: ToolRunAsked,
  signer: TestSigner,
): Promise<Answer<ToolRunSigned>> {
  const signatures = await Promise.all(
    offers.map(async (offer) => ({
      requestId: offer.requestId,
      signature: { statement: await signCommand(signer, offer) },
    })),
  );
  return fleet.ask<ToolRunSigned>('POST', `/tool-runs/${run.id}/sign`, me, { signatures });
}

/** Takes the next command. @returns its id on the wire, and how its host speaks of it. */
export async function startTool(agent: TestAgent) {
  const { requestId } = await agent.next('command');
  let sequence = 0;
  const send = (output: Partial<ToolOutput>) => agent.send({ toolOutput: { requestId: requestId!, ...output } });
  return {
    requestId: requestId!,
    send,
    say: (...events: ToolEvent[]) =>
      send({ sequence: ++sequence, events: events.map((event) => JSON.stringify(event)) }),
    end: async (offer: string, changes: Partial<ReceiptClaims> = {}) => {
      const claims = { outcome: 'completed', detail: 'ended', ...changes } as const;
      agent.send({ receipt: { requestId: requestId!, receipt: await signReceipt(agent.identity, offer, claims) } });
    },
  };
}

/** Reads a run's stream until its end, or until `enough` says so. */
export async function followRun(
  fleet: TestFleet,
  me: Record<string, string>,
  runId: string,
  more: { lastEventId?: string; enough?: (messages: ToolRunMessage[]) => boolean } = {},
): Promise<{ messages: ToolRunMessage[]; ended: boolean }> {
  const headers = {
    ...me,
    accept: 'text/event-stream',
    ...(more.lastEventId !== undefined && { 'last-event-id': more.lastEventId }),
  };
  const response = await fetch(`${fleet.server.url}/api/v1/tool-runs/${runId}/events`, { headers });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  const messages: ToolRunMessage[] = [];
  let rest = '';
  for await (const bytes of response.body!) {
    rest += Buffer.from(bytes).toString();
    const blocks = rest.split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const [, kind] = /^event: (\w+)$/m.exec(block) ?? [];
      const [, data] = /^data: (.*)$/m.exec(block) ?? [];
      if (kind === 'end') return { messages, ended: true };
      if (kind === 'said') messages.push({ kind, said: JSON.parse(data!) });
      if (kind === 'run') messages.push({ kind, run: JSON.parse(data!) });
    }
    // To leave the loop is to leave the stream.
    if (more.enough?.(messages)) return { messages, ended: false };
  }
  return { messages, ended: false };
}

export const saidIn = (messages: readonly ToolRunMessage[]) =>
  messages.flatMap((message) => (message.kind === 'said' ? [message.said] : []));

export const runOf = async (fleet: TestFleet, me: Record<string, string>, runId: string): Promise<ToolRun> =>
  (await fleet.ask<ToolRun>('GET', `/tool-runs/${runId}`, me)).body;
