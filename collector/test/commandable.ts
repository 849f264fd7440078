// For tests of commands: a control lane over a fresh database, and hosts that sign offers and receipts as the test wants them.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { formatAddress, type OfferRequest, type SignedCommand, type TrustUpdate } from '@foretop/proto';
import {
  type AuditHeadClaims,
  commandDigest,
  type OfferClaims,
  type OfferedAction,
  type OfferedProcess,
  type PublicJwk,
  type ReceiptClaims,
  type RosterOperator,
  sha256Text,
  signStatement,
  thumbprint,
} from '@foretop/proto/trust';
import { pino } from 'pino';
import { createHeadSigner, type HeadSigner } from '../src/audit/head.ts';
import { type CollectorKey, newCollectorKey } from '../src/audit/key.ts';
import { type Control, type ControlOptions, openControl } from '../src/command/control.ts';
import type { TrustSource } from '../src/command/trust-source.ts';
import type { Store } from '../src/store/database.ts';
import { openToolDesk, type ToolDesk } from '../src/tools/tool-desk.ts';
import type { TestAgent, TestIdentity } from './test-agent.ts';

/** What agents are told, as a test sets it. */
export class TestTrust implements TrustSource {
  #update: TrustUpdate = { roster: '', ownerChanges: [] };
  readonly #listeners = new Set<() => void>();

  current(): TrustUpdate {
    return this.#update;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(update: TrustUpdate): void {
    this.#update = update;
    for (const listener of this.#listeners) listener();
  }
}

export interface TestControl extends Control<ToolDesk> {
  trust: TestTrust;
  signer: HeadSigner;
}

export async function openTestControl(
  store: Store,
  options: Partial<ControlOptions<ToolDesk>> & { key?: CollectorKey } = {},
): Promise<TestControl> {
  const trust = new TestTrust();
  const signer = createHeadSigner(store.db, options.key ?? (await newCollectorKey()));
  const control = await openControl({
    ...{ store, signer, trust, log: pino({ level: 'silent' }), openTools: openToolDesk },
    ...options,
  });
  return { ...control, trust, signer };
}

/** Somebody with a key. */
export interface TestSigner {
  privateKey: KeyObject;
  jwk: PublicJwk;
  thumbprint: string;
}

export async function testSigner(): Promise<TestSigner> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const jwk: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x: publicKey.export({ format: 'jwk' }).x! };
  return { privateKey, jwk, thumbprint: await thumbprint(jwk) };
}

/** A roster by some owner, good for an hour, with one operator who may end processes of this host. */
export async function rosterWith(
  operator: TestSigner,
  host: TestIdentity,
  more: Partial<RosterOperator> = {},
  nowMs = Date.now(),
): Promise<string> {
  const owner = await testSigner();
  const iat = Math.floor(nowMs / 1000);
  const named = { name: 'alice', signer: 'browser', cnf: { jwk: operator.jwk }, capabilities: ['terminate'] } as const;
  const entry: RosterOperator = {
    ...{ ...named, capabilities: [...named.capabilities], hosts: { ids: [host.thumbprint], labels: [] } },
    ...more,
  };
  const claims = { iss: owner.thumbprint, serial: 1, iat, exp: iat + 3_600, rp: null, operators: [entry] };
  return signStatement('roster', claims, owner.privateKey, owner.thumbprint);
}

export function offeredProcess(pid: number): OfferedProcess {
  const text = { name: 'nginx', executable: '/usr/sbin/nginx', user: 'www', commandLine: 'nginx: worker' };
  return { pid, startTicks: '4711', startedAt: 1_700_000_000, sha256: '', device: '8:1', inode: '42', ...text };
}

function offeredAction({ terminate, closeConnection, runTool }: OfferRequest): OfferedAction {
  if (runTool) {
    const { tool, parameters } = runTool;
    return { kind: 'run-tool', tool: tool!, parameters: parameters!, addresses: ['192.0.2.7'] };
  }
  if (terminate) return { kind: 'terminate', process: offeredProcess(terminate.pid!), tree: [] };
  const { localAddress, localPort, remoteAddress, remotePort, cookie } = closeConnection!;
  return {
    kind: 'close-connection',
    protocol: 'tcp',
    local: { address: formatAddress(localAddress!), port: localPort! },
    remote: { address: formatAddress(remoteAddress!), port: remotePort! },
    cookie: String(cookie),
    process: null,
  };
}

/** An offer of what was asked, but for `changes`. */
export function signOffer(
  identity: TestIdentity,
  request: OfferRequest,
  changes: Partial<OfferClaims> = {},
): Promise<string> {
  const claims: OfferClaims = {
    iss: identity.thumbprint,
    nonce: randomBytes(32).toString('base64url'),
    bootId: Buffer.from(identity.bootId).toString('hex'),
    iat: Math.floor(Date.now() / 1000),
    lifeSeconds: 60,
    action: offeredAction(request),
    preview: {
      parent: { pid: 1, name: 'systemd' },
      ...{ unit: 'nginx.service', container: '', children: [], childCount: 0, connections: [], connectionCount: 0 },
      ...{ restartedBy: 'unit nginx.service (Restart=always)', restartChecked: ['systemd'] },
    },
    allowed: ['observe', 'terminate'],
    weakestSigner: 'browser',
    ...changes,
  };
  return signStatement('offer', claims, identity.privateKey, claims.iss);
}

export async function signReceipt(
  identity: TestIdentity,
  offer: string,
  changes: Partial<ReceiptClaims> = {},
): Promise<string> {
  const claims: ReceiptClaims = {
    iss: identity.thumbprint,
    offer: await sha256Text(offer),
    iat: Math.floor(Date.now() / 1000),
    outcome: 'gone',
    code: '',
    detail: 'gone 0.3 s after SIGTERM',
    operator: { thumbprint: '', name: '' },
    ...changes,
  };
  return signStatement('receipt', claims, identity.privateKey, claims.iss);
}

export function signHead(
  identity: TestIdentity,
  sequence: number,
  more: Partial<AuditHeadClaims> = {},
): Promise<string> {
  const hash = createHash('sha256').update(String(sequence)).digest('hex');
  const claims = { iss: identity.thumbprint, sequence, hash, iat: Math.floor(Date.now() / 1000), ...more };
  return signStatement('auditHead', claims, identity.privateKey, claims.iss);
}

export async function signCommand(
  operator: TestSigner,
  offer: { offer: string; claims: OfferClaims; hostThumbprint: string },
): Promise<string> {
  const digest = await commandDigest(offer.offer, offer.claims.action.kind, offer.hostThumbprint);
  const claims = {
    iss: operator.thumbprint,
    aud: offer.hostThumbprint,
    digest: Buffer.from(digest).toString('base64url'),
  };
  return signStatement('command', claims, operator.privateKey, operator.thumbprint);
}

/** Answers the next question with an offer of it, but for `changes`. */
export async function answerOffer(
  agent: TestAgent,
  changes: Partial<OfferClaims> = {},
): Promise<{ request: OfferRequest; offer: string }> {
  const request = await agent.next('offerRequest');
  const offer = await signOffer(agent.identity, request, changes);
  agent.send({ offer: { requestId: request.requestId!, offer } });
  return { request, offer };
}

/** Carries out the next command: a word of progress, then a receipt, but for `changes`. */
export async function answerCommand(
  agent: TestAgent,
  offer: string,
  changes: Partial<ReceiptClaims> = {},
): Promise<SignedCommand> {
  const command = await agent.next('command');
  const requestId = command.requestId!;
  agent.send({ progress: { requestId, text: 'SIGTERM sent to 1 process' } });
  agent.send({ receipt: { requestId, receipt: await signReceipt(agent.identity, offer, changes) } });
  return command;
}
