// From Hello to Welcome: versions, identity, facts, and how far the store is with each epoch in the agent's spool.
import {
  type Ack,
  type Hello,
  minimumProtocolVersion,
  negotiateVersion,
  ProtocolError,
  protocolVersion,
} from '@foretop/proto';
import type { Store } from '../store/database.ts';
import { controlVersion } from '../command/link.ts';
import { readSequences } from '../store/queries/cursors.ts';
import { recordHostPolicy } from '../store/queries/host-control.ts';
import { recordHostFacts } from '../store/queries/hosts.ts';
import { type Authenticated, authenticate } from './authenticate.ts';
import { BootOffset, type CollectorClock } from './clock.ts';
import { hostPolicy } from './policy.ts';
import { type CheckedHello, checkHello, hostFacts, hostName } from './hello.ts';

export interface Greeted extends Authenticated {
  version: number;
  checked: CheckedHello;
  offset: BootOffset;
  acknowledged: Ack[];
  /** What the host says about itself is new. */
  factsChanged: boolean;
}

export interface GreetOptions {
  store: Store;
  clock: CollectorClock;
  nonce: Uint8Array;
}

/** Throws ProtocolError with the reason to close for. */
export async function greet(hello: Hello, { store, clock, nonce }: GreetOptions): Promise<Greeted> {
  const version = commonVersion(hello);
  const checked = checkHello(hello);
  // Before anything is waited for: the reading ages.
  const offset = new BootOffset(clock, checked.reading.boottimeUs);
  const now = new Date(clock.wallUs() / 1000);
  const proven = await authenticate(hello, { store, nonce, now, name: hostName(hello) });
  const { hostId } = proven;
  const facts = hostFacts(checked, version, offset.offsetUs(), clock.wallUs());
  const factsChanged = await recordHostFacts(store.db, hostId, facts);
  await recordHostPolicy(store.db, hostId, version >= controlVersion ? hostPolicy(hello.policy) : null);
  const acknowledged = await acknowledgeEpochs(store, hostId, checked.epochs, clock);
  return { ...proven, version, checked, offset, acknowledged, factsChanged };
}

function commonVersion(hello: Hello): number {
  const ours = { newest: protocolVersion, oldest: minimumProtocolVersion };
  const theirs = { newest: hello.protocolVersion ?? 0, oldest: hello.minimumVersion ?? 0 };
  const version = negotiateVersion(ours, theirs);
  if (version !== undefined) return version;
  throw new ProtocolError(
    'version-unsupported',
    `the agent speaks versions ${theirs.oldest} to ${theirs.newest}, this collector ${ours.oldest} to ${ours.newest}`,
  );
}

/** Batches that the spool had to drop will never come: the cursor moves over them, and the gap ledger says so. */
async function acknowledgeEpochs(
  store: Store,
  hostId: number,
  epochs: CheckedHello['epochs'],
  clock: CollectorClock,
): Promise<Ack[]> {
  const stored = await readSequences(
    store.db,
    hostId,
    epochs.map(({ epoch }) => epoch),
  );
  const acknowledged: Ack[] = [];
  for (const [place, { epoch, firstSequence }] of epochs.entries()) {
    let sequence = stored[place]!;
    if (firstSequence > sequence + 1) {
      sequence = firstSequence - 1;
      await store.declareLoss(hostId, epoch, sequence);
    }
    if (sequence > 0) acknowledged.push({ epoch, sequence, collectorUs: Math.round(clock.wallUs()) });
  }
  return acknowledged;
}
