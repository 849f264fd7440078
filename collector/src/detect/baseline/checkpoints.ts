// Saves what detectors know of each host, a few hosts at a time, always between two transactions of ingest; and puts it back.
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { type HostStates, portionsOfStates, readPositions, saveStates } from '../../store/queries/detect-state.ts';
import type { Database } from '../../store/schema.ts';
import type { Engine } from '../engine/engine.ts';
import type { Prevalence } from '../engine/prevalence.ts';
import { mostFleetBytes, packState, unpackState } from './packed-state.ts';

/** A host that was heard is saved so often. */
const everyMs = 300_000;
const fleetEveryMs = 600_000;
/** Between two transactions, so that nobody waits for it; at the end all that there are. */
const mostAtOnce = 8;
const mostAtEnd = 50;
/** Hosts that come together, as after a start, are saved one after the other: the first time after a share of the time of their own. */
const spread = 0.6180339887;
const prevalencePart = 'prevalence';
const fleetHost = 0;

export interface Checkpoints {
  /** The host was observed in this transaction. */
  touched(hostId: number): void;
  /** Everything up to this transaction was observed, nothing beyond: what is due is gathered now and written meanwhile. */
  boundary(transaction: bigint): void;
  /** Writes everything that is not saved. */
  finish(): Promise<void>;
  /** @returns the position of each host that has one. */
  restore(): Promise<Map<number, bigint>>;
  forget(hostIds: readonly number[] | undefined): void;
  counters(): Record<string, number>;
}

export function createCheckpoints(options: {
  db: Kysely<Database>;
  engine: Engine;
  prevalence: Prevalence;
  log: Logger;
  now?: () => number;
}): Checkpoints {
  const { db, engine, prevalence, log, now = Date.now } = options;
  /** Hosts with something new, and when each is due. */
  const dirty = new Map<number, number>();
  const known = new Set<number>();
  const dueMs = (hostId: number): number => now() + (known.has(hostId) ? 1 : (hostId * spread) % 1) * everyMs;
  let reached: bigint | undefined;
  let fleetSavedMs = now();
  let writing: Promise<void> | undefined;
  const counts = { saved: 0, bytes: 0, failures: 0, tooLarge: 0 };

  const statesOf = (hostId: number, transaction: bigint): HostStates => {
    const host = String(hostId);
    const states = engine.running().flatMap((part) => {
      const saved = engine.save(part, host);
      if (saved === undefined) return [];
      const state = packState(saved);
      if (state === undefined) counts.tooLarge++;
      return state === undefined ? [] : [{ part, state }];
    });
    return { hostId, transaction, states };
  };

  const fleetState = (): HostStates => {
    const state = packState(prevalence.save(), mostFleetBytes);
    if (state === undefined) counts.tooLarge++;
    return {
      hostId: fleetHost,
      transaction: undefined,
      states: state === undefined ? [] : [{ part: prevalencePart, state }],
    };
  };

  const write = async (hosts: HostStates[]): Promise<void> => {
    try {
      await saveStates(db, hosts, new Date(now()));
      counts.saved += hosts.length;
      for (const { states } of hosts) for (const { state } of states) counts.bytes += state.length;
    } catch (error) {
      counts.failures++;
      for (const { hostId } of hosts) if (hostId !== fleetHost && !dirty.has(hostId)) dirty.set(hostId, now());
      log.warn({ event: 'detection-not-saved', error: error instanceof Error ? error.message : String(error) });
    }
  };

  const take = (transaction: bigint, untilMs: number, most: number): HostStates[] => {
    const hosts: HostStates[] = [];
    for (const [hostId, due] of dirty) {
      if (hosts.length >= most) break;
      if (due > untilMs) continue;
      dirty.delete(hostId);
      known.add(hostId);
      hosts.push(statesOf(hostId, transaction));
    }
    return hosts;
  };

  return {
    touched(hostId) {
      if (!dirty.has(hostId)) dirty.set(hostId, dueMs(hostId));
    },
    boundary(transaction) {
      reached = transaction;
      if (writing !== undefined) return;
      const hosts = take(transaction, now(), mostAtOnce);
      if (now() - fleetSavedMs >= fleetEveryMs) {
        fleetSavedMs = now();
        hosts.push(fleetState());
      }
      if (hosts.length > 0) writing = write(hosts).finally(() => (writing = undefined));
    },
    async finish() {
      await writing;
      if (reached === undefined) return;
      const { failures } = counts;
      while (dirty.size > 0 && counts.failures === failures) await write(take(reached, Infinity, mostAtEnd));
      if (counts.failures === failures) await write([fleetState()]);
    },
    async restore() {
      const positions = await readPositions(db);
      const running = new Set(engine.running());
      for await (const portion of portionsOfStates(db)) {
        for (const { hostId, part, state } of portion) {
          if (hostId === fleetHost) {
            if (part === prevalencePart) prevalence.restore(unpackState(state, mostFleetBytes));
            continue;
          }
          const saved = running.has(part) ? unpackState(state) : undefined;
          if (saved !== undefined) engine.restore(part, String(hostId), saved);
        }
      }
      return positions;
    },
    forget(hostIds) {
      for (const hostId of hostIds ?? [...dirty.keys()]) dirty.delete(hostId);
    },
    counters: () => ({
      states_saved_total: counts.saved,
      state_bytes_written_total: counts.bytes,
      state_failures_total: counts.failures,
      states_too_large_total: counts.tooLarge,
      hosts_unsaved: dirty.size,
    }),
  };
}
