// What would happen if a process were ended, alone or with all that descend from it: the offer, and a hold on each of them.
import { formatAddress, type CollectorFrame } from '@foretop/proto';
import type { OfferedAction, OfferPreview } from '@foretop/proto/trust';
import { messageOf } from '../host/host-error.ts';
import type { HeldProcess, ListedProcess, ProcessEvidence } from '../host/targets.ts';
import { offeredProcess, startedUs, textOf } from './describe-process.ts';
import { type Draft, type OfferContext, remoteText } from './draft.ts';
import { descendantsOf } from './family.ts';
import { protectionOf, protectionOfPid } from './protected.ts';
import { Refusal } from './refusal.ts';

export type TerminateRequest = NonNullable<NonNullable<CollectorFrame['offerRequest']>['terminate']>;

const mostTree = 64;
const mostShown = 20;
const nameLength = 255;
const mostPid = 2 ** 22;
/** Clocks differ, ticks are coarse, and what a collector noted long ago has drifted from this host's boottime since. */
const startTolerance = { us: 3_000_000, drift: 200e-6 } as const;
const commandLineLengths = { one: 2_048, ofTree: 128 };
const noCommandLines = { one: 0, ofTree: 0 };

/** Throws Refusal, with nothing held. */
export async function draftTermination(request: TerminateRequest, context: OfferContext): Promise<Draft> {
  const { host } = context;
  const pid = request.pid ?? 0;
  const blindness = host.blindness();
  if (blindness !== '') throw new Refusal('not-visible', `It says: ${blindness}.`);
  if (!Number.isInteger(pid) || pid < 1 || pid > mostPid) throw new Refusal('malformed', 'A PID is missing.');
  const held: HeldProcess[] = [];
  try {
    const first = await hold(pid, context);
    held.push(first);
    requireStart(first.evidence, request.startedUs ?? 0, context);
    const descendants = descendantsOf(pid, host.list());
    if (request.tree === true) held.push(...(await holdAll(descendants, context)));
    const processes = held.map(({ evidence }) => evidence);
    return {
      action: actionOf(processes, context),
      preview: await previewOf(processes, request.tree === true ? [] : descendants, context),
      target: { kind: 'terminate', processes: held },
    };
  } catch (error) {
    for (const process of held) process[Symbol.dispose]();
    throw error;
  }
}

async function hold(pid: number, { host, own }: OfferContext): Promise<HeldProcess> {
  const byNumber = protectionOfPid(pid, own);
  if (byNumber !== undefined) throw new Refusal('protected', byNumber);
  let held: HeldProcess | undefined;
  try {
    held = await host.hold(pid);
  } catch (error) {
    throw new Refusal('not-supported', `PID ${pid}: ${messageOf(error)}.`, { cause: error });
  }
  if (!held) throw new Refusal('no-such-process', `PID ${pid}.`);
  const protection = protectionOf(held.evidence, own);
  if (protection === undefined) return held;
  held[Symbol.dispose]();
  throw new Refusal('protected', protection);
}

/** Those that ended meanwhile are left out, and so is a newcomer with the number of one that did. */
async function holdAll(listed: readonly ListedProcess[], context: OfferContext): Promise<HeldProcess[]> {
  if (listed.length > mostTree)
    throw new Refusal(
      'not-supported',
      `${listed.length} processes descend from it; at most ${mostTree} are ended at once.`,
    );
  const held: HeldProcess[] = [];
  try {
    for (const { pid, startTicks } of listed) {
      const process = await hold(pid, context).catch((error: unknown) => {
        if (error instanceof Refusal && error.code === 'no-such-process') return undefined;
        throw error;
      });
      if (process?.evidence.startTicks === startTicks) held.push(process);
      else process?.[Symbol.dispose]();
    }
    return held;
  } catch (error) {
    for (const process of held) process[Symbol.dispose]();
    throw error;
  }
}

function requireStart(
  { pid, startTicks }: ProcessEvidence,
  meantUs: number,
  { host, collectorOffsetUs }: OfferContext,
): void {
  if (meantUs === 0 || collectorOffsetUs === undefined) return;
  const foundUs = startedUs(startTicks, host);
  const ageUs = host.clock.boottimeUs() - foundUs;
  const differenceUs = foundUs + collectorOffsetUs - meantUs;
  if (Math.abs(differenceUs) > startTolerance.us + startTolerance.drift * ageUs)
    throw new Refusal('process-changed', `The one that has PID ${pid} now started at another time.`);
}

function actionOf(
  [first, ...tree]: readonly ProcessEvidence[],
  { host, tellsCommandLines }: OfferContext,
): OfferedAction {
  const lengths = tellsCommandLines ? commandLineLengths : noCommandLines;
  return {
    kind: 'terminate',
    process: offeredProcess(first!, host, lengths.one),
    tree: tree.map((process) => offeredProcess(process, host, lengths.ofTree)),
  };
}

async function previewOf(
  processes: readonly ProcessEvidence[],
  children: readonly ListedProcess[],
  { host, nameOf }: OfferContext,
): Promise<OfferPreview> {
  const first = processes[0]!;
  const parent = host.list().find(({ pid }) => pid === first.parentPid);
  const connections = host.connectionsOf(new Set(processes.map(({ pid }) => pid)));
  const restarts = await host.restarts(first);
  return {
    parent: parent ? { pid: parent.pid, name: textOf(parent.name, nameLength) } : null,
    unit: textOf(first.unit, nameLength),
    container: first.containerId === '' ? '' : `${first.containerRuntime} ${first.containerId}`,
    children: children.slice(0, mostShown).map(({ pid, name }) => ({ pid, name: textOf(name, nameLength) })),
    childCount: children.length,
    connections: connections.slice(0, mostShown).map(({ pid, protocol, remoteAddress, remotePort: port }) => {
      const address = formatAddress(remoteAddress);
      return { protocol, remote: remoteText(address, port), name: textOf(nameOf({ pid, address, port }), nameLength) };
    }),
    connectionCount: connections.length,
    restartedBy: textOf(restarts.by, 512),
    restartChecked: restarts.checked.slice(0, mostShown).map((text) => textOf(text, nameLength)),
  };
}
