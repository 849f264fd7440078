// What a simulated fleet keeps between runs: each host's key, machine id and enrolment, so that a second run is the same hosts.
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Identity } from '../../agent/src/wire/identity.ts';

export interface HostState {
  /** Ed25519 private key. */
  key: ReturnType<KeyObject['export']> & { crv?: string; kty?: string; x?: string };
  /** 32 bytes, hex. */
  machineId: string;
  /** Once it was welcomed. */
  collectorId?: string;
  hostId?: number;
}

export interface FleetState {
  /** Counts the runs, from 1. */
  run: number;
  /** How far the run before this one came, Unix time in µs. The hosts' history goes on from there. */
  untilUs: number;
  hosts: HostState[];
  /** `untilUs`: how far this run came. */
  save(untilUs: number): void;
}

/** Without a folder everything is new and nothing is kept. Throws when the folder holds something else. */
export function openFleetState(dataDir: string | undefined, hostCount: number): FleetState {
  const path = dataDir === undefined ? undefined : join(dataDir, 'fleet.json');
  const before = path === undefined ? undefined : read(path);
  const hosts = before?.hosts ?? [];
  while (hosts.length < hostCount) hosts.push(newHost());
  const state = { run: (before?.run ?? 0) + 1, untilUs: before?.untilUs ?? 0, hosts };
  const save = (untilUs: number) => {
    if (path !== undefined && dataDir !== undefined) write(dataDir, path, { ...state, untilUs });
  };
  save(state.untilUs);
  return { ...state, save };
}

function newHost(): HostState {
  return {
    key: generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }),
    machineId: randomBytes(32).toString('hex'),
  };
}

function read(path: string): Omit<FleetState, 'save'> | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const { run, untilUs, hosts } = JSON.parse(text) as Partial<FleetState>;
  if (Number.isInteger(run) && Number.isFinite(untilUs) && Array.isArray(hosts)) {
    return { run: run!, untilUs: untilUs!, hosts };
  }
  throw new Error(
    `'${path}' does not hold the state of a simulated fleet. Name another folder with --data, or delete the file.`,
  );
}

function write(dataDir: string, path: string, state: Omit<FleetState, 'save'>): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The identity as an agent would have it; the thumbprint is that of RFC 7638. */
export function identityOf({ key }: HostState): Identity {
  const { crv, kty, x } = key;
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
  return { privateKey: createPrivateKey({ key, format: 'jwk' }), publicKey: Buffer.from(x!, 'base64url'), thumbprint };
}
