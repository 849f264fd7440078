// A host's trust for tests: real keys, real files in a folder of its own, and real processes that the test starts.
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentFrame, CollectorFrame, OfferAnswer, OfferRequest } from '@foretop/proto';
import {
  commandDigest,
  type OfferClaims,
  type PublicJwk,
  readStatement,
  type ReceiptClaims,
  type RosterClaims,
  type RosterOperator,
  signStatement,
  thumbprint,
} from '@foretop/proto/trust';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { openLinuxTargets } from '../host/targets.linux.ts';
import type { TargetHost } from '../host/targets.ts';
import type { TerminateTimes } from './terminate.ts';
import { openTrust, type Trust, type TrustOptions } from './trust.ts';

export const linuxMissing =
  process.platform === 'linux' ? undefined : 'processes are held by pidfd, which only Linux has';

export interface Key {
  privateKey: KeyObject;
  jwk: PublicJwk;
  thumbprint: string;
}

export async function makeKey(): Promise<Key> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const jwk: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x: privateKey.export({ format: 'jwk' }).x! };
  return { privateKey, jwk, thumbprint: await thumbprint(jwk) };
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'foretop-trust-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface WorldOptions {
  /** The text of the ceiling file; undefined = terminate, by browser keys. */
  ceiling?: string;
  host?: Partial<TargetHost>;
  times?: Partial<TerminateTimes>;
  /** What is pinned; undefined = owner and recovery. */
  pins?: { owner?: string; recovery?: string };
}

/** Short enough for tests, long enough for a process to be scheduled. */
const shortTimes: TerminateTimes = { graceMs: 1_000, killMs: 2_000, respawnMs: 600, knownRespawnMs: 1_500 };
const answerMs = 15_000;

export class World {
  readonly folder = temporaryFolder();
  readonly answers: AgentFrame[] = [];
  readonly owner: Key;
  readonly recovery: Key;
  readonly operator: Key;
  readonly identity: Key;
  readonly #options: WorldOptions;
  trust!: Trust;
  serial = 0;

  constructor(keys: Key[], options: WorldOptions) {
    [this.owner, this.recovery, this.operator, this.identity] = keys as [Key, Key, Key, Key];
    this.#options = options;
    this.writeCeiling(options.ceiling ?? '{"allow":"terminate","signer":"browser"}');
  }

  get ceilingFile(): string {
    return join(this.folder, 'ceiling.json');
  }

  writeCeiling(text: string): void {
    writeFileSync(this.ceilingFile, text, { mode: 0o600 });
  }

  /** As after a restart of the agent: what is only in memory is gone. */
  async restart(): Promise<void> {
    await this.trust?.[Symbol.asyncDispose]();
    this.trust = await this.open(this.folder);
  }

  /** A second agent with the same key, as a cloned machine has one. */
  open(directory: string): Promise<Trust> {
    return this.openWith({ directory });
  }

  openWith(options: Partial<TrustOptions>): Promise<Trust> {
    return openTrust({
      directory: this.folder,
      ceilingFile: this.ceilingFile,
      identity: this.identity,
      log: pino({ level: 'silent' }),
      host: { ...openLinuxTargets(), blindness: () => '', ...this.#options.host },
      times: { ...shortTimes, ...this.#options.times },
      ...options,
    });
  }

  send(frame: CollectorFrame, trust = this.trust, answers = this.answers): void {
    trust.handle(frame, (answer) => answers.push(answer) > 0);
  }

  /** What the collector has of the roster, with whatever is changed in it. */
  async roster(change: Partial<RosterClaims> = {}, by = this.owner): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const claims: RosterClaims = {
      iss: by.thumbprint,
      serial: ++this.serial,
      iat: now,
      exp: now + 86_400,
      rp: { id: 'localhost', origins: ['http://localhost:8420'] },
      operators: [this.operatorOf()],
      ...change,
    };
    return signStatement('roster', claims, by.privateKey, by.thumbprint);
  }

  operatorOf(change: Partial<RosterOperator> = {}): RosterOperator {
    return {
      name: 'ada',
      signer: 'browser',
      cnf: { jwk: this.operator.jwk },
      capabilities: ['terminate'],
      hosts: { ids: [this.identity.thumbprint], labels: [] },
      ...change,
    };
  }

  async update(roster: string, ownerChanges: string[] = []): Promise<void> {
    const before = this.answers.length;
    this.send({ trust: { roster, ownerChanges } });
    await until('the head that answers an update', () => this.answers.slice(before).find(({ auditHead }) => auditHead));
  }

  async ask(request: OfferRequest, trust = this.trust): Promise<OfferAnswer> {
    const requestId = randomBytes(16);
    this.send({ offerRequest: { requestId, operator: 'ada', ...request } }, trust);
    const isIt = (frame: AgentFrame) => frame.offer && requestId.equals(Buffer.from(frame.offer.requestId!));
    return (await until('an answer', () => this.answers.find(isIt))).offer!;
  }

  /** An offer that must be made. */
  async offer(request: OfferRequest): Promise<Offered> {
    const { requestId, offer, refusal } = await this.ask(request);
    if (!offer) throw new Error(`refused: ${refusal?.code}: ${refusal?.detail}`);
    const claims = await readStatement('offer', offer, this.identity.jwk);
    return { requestId: requestId!, text: offer, claims };
  }

  async sign({ text, claims }: Offered, by = this.operator, aud = this.identity.thumbprint): Promise<string> {
    const digest = Buffer.from(await commandDigest(text, claims.action.kind, aud)).toString('base64url');
    return signStatement('command', { iss: by.thumbprint, aud, digest }, by.privateKey, by.thumbprint);
  }

  async command(
    { requestId }: Pick<Offered, 'requestId'>,
    signature: Pick<NonNullable<CollectorFrame['command']>, 'statement' | 'passkey'>,
    trust = this.trust,
  ): Promise<ReceiptClaims> {
    const answers: AgentFrame[] = [];
    this.send({ command: { requestId, ...signature } }, trust, answers);
    const answer = await until('a receipt', () => answers.find(({ receipt }) => receipt));
    this.answers.push(...answers);
    return readStatement('receipt', answer.receipt!.receipt!, this.identity.jwk);
  }

  /** Offer and command, as they should be. */
  async terminate(pid: number, tree = false): Promise<ReceiptClaims> {
    const offered = await this.offer({ terminate: { pid, tree } });
    return this.command(offered, { statement: await this.sign(offered) });
  }

  audit(): { event: string; detail: Record<string, unknown> }[] {
    const lines = readFileSync(join(this.folder, 'audit.log'), 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as { event: string; detail: Record<string, unknown> });
  }
}

export interface Offered {
  requestId: Uint8Array;
  text: string;
  claims: OfferClaims;
}

/** A host that knows its owner and has a roster in which one operator may end everything. */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const world = await openBareWorld(options);
  await world.update(await world.roster());
  return world;
}

/** Without a roster. */
export async function openBareWorld(options: WorldOptions = {}): Promise<World> {
  const world = new World(await Promise.all([makeKey(), makeKey(), makeKey(), makeKey()]), options);
  await world.restart();
  onTestFinished(() => world.trust[Symbol.asyncDispose]());
  world.trust.pins(options.pins ?? { owner: world.owner.jwk.x, recovery: world.recovery.jwk.x });
  return world;
}

export async function until<Value>(what: string, look: () => Value | undefined, timeMs = answerMs): Promise<Value> {
  const untilMs = performance.now() + timeMs;
  for (;;) {
    const value = look();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > untilMs) throw new Error(`${what} did not come in ${timeMs} ms`);
    await sleep(10);
  }
}

/** A process that the test ends, if nobody else has. Resolves once it bears the name of its program; an empty name is not waited for. */
export async function start(program: string, args: string[], name = program.split('/').at(-1)!): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin!.on('error', () => undefined);
  onTestFinished(() => void (isRunning(child) && child.kill('SIGKILL')));
  await until(`${name} to run`, () => name === '' || nameOf(child.pid!) === name || undefined);
  return child;
}

export function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** Empty for a process that has ended, whether or not somebody has waited for it. */
export function nameOf(pid: number): string {
  try {
    const [, name, state] = /^\d+ \((.*)\) (.)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))!;
    return state === 'Z' ? '' : name!;
  } catch {
    return '';
  }
}
