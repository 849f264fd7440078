// A collector in an attacker's hands: a real agent connects to it, and it asks, signs and sends whatever it likes.
import { randomBytes } from 'node:crypto';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import type { AgentFrame, CollectorFrame, OfferAnswer, OfferRequest } from '@foretop/proto';
import {
  commandDigest,
  type OwnerClaims,
  peekStatement,
  type ReceiptClaims,
  readStatement,
  type RosterClaims,
  signStatement,
  thumbprint,
} from '@foretop/proto/trust';
import { type Key, makeKey } from '../../agent/src/trust/test-trust.ts';
import { type FakeCollector, fakeCollectorId, startFakeCollector } from '../../agent/test/fake-collector.ts';
import type { Child } from '../harness/child.ts';
import { eventually, startAgent, temporaryFolder } from '../harness/foretop.ts';

export interface HostKey {
  x: string;
  thumbprint: string;
}

export class HostileCollector implements AsyncDisposable {
  readonly fake: FakeCollector;
  readonly agent: Child;
  readonly folder: string;
  /** Pinned by the host. Whether the attacker has it is for the test to say, by using it or not. */
  readonly owner: Key;
  readonly recovery: Key;
  /** Of a person whom the owner has named. */
  readonly operator: Key;
  /** Of nobody that the host has heard of. */
  readonly attacker: Key;
  readonly #stack: AsyncDisposableStack;
  #serial = 0;

  private constructor(
    parts: Pick<HostileCollector, 'fake' | 'agent' | 'folder' | 'owner' | 'recovery' | 'operator' | 'attacker'>,
    stack: AsyncDisposableStack,
  ) {
    ({
      fake: this.fake,
      agent: this.agent,
      folder: this.folder,
      owner: this.owner,
      recovery: this.recovery,
      operator: this.operator,
      attacker: this.attacker,
    } = parts);
    this.#stack = stack;
  }

  /** Resolves once an agent with this ceiling is connected; `uid` = one without rights, `prefix` = a command that runs it. */
  static async start(ceiling: string, uid?: number, prefix: string[] = []): Promise<HostileCollector> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder('hostile-collector')).path;
    const [owner, recovery, operator, attacker] = await Promise.all([makeKey(), makeKey(), makeKey(), makeKey()]);
    const fake = stack.use(await startFakeCollector());
    await writeFile(`${folder}/ceiling.json`, ceiling, { mode: 0o644 });
    const content = {
      c: fakeCollectorId,
      s: randomBytes(32).toString('base64url'),
      e: 2e9,
      o: owner.jwk.x,
      r: recovery.jwk.x,
      n: 0,
    };
    const token = `fte1_${Buffer.from(JSON.stringify(content)).toString('base64url')}`;
    const env = { FORETOP_AGENT_CEILING_FILE: `${folder}/ceiling.json` };
    await mkdir(`${folder}/agent`, { mode: 0o700 });
    if (uid !== undefined) await chown(`${folder}/agent`, uid, uid);
    const options = { token, env, prefix, ...(uid !== undefined && { uid }) };
    const agent = stack.use(startAgent(fake.url, `${folder}/agent`, 'victim', options));
    await agent.waitFor(/"event":"pinned"/, 60_000);
    return new HostileCollector({ fake, agent, folder, owner, recovery, operator, attacker }, stack.move());
  }

  async setCeiling(text: string): Promise<void> {
    await writeFile(`${this.folder}/ceiling.json`, text);
  }

  async host(): Promise<HostKey> {
    const x = Buffer.from(this.fake.connections[0]!.hello!.enrolment!.publicKey!).toString('base64url');
    return { x, thumbprint: await thumbprint({ kty: 'OKP', crv: 'Ed25519', x }) };
  }

  send(frame: CollectorFrame): void {
    this.fake.connections.at(-1)!.send(frame);
  }

  raw(bytes: Uint8Array): void {
    this.fake.connections.at(-1)!.raw(bytes);
  }

  /** A roster in which `operator` may end everything on this host. */
  async roster(by: Key, operator: Key, change: Partial<RosterClaims> = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const hosts = { ids: [(await this.host()).thumbprint], labels: [] };
    const claims: RosterClaims = {
      ...{ iss: by.thumbprint, serial: ++this.#serial, iat: now, exp: now + 86_400, rp: null },
      operators: [{ name: 'ada', signer: 'approve', cnf: { jwk: operator.jwk }, capabilities: ['terminate'], hosts }],
      ...change,
    };
    return signStatement('roster', claims, by.privateKey, by.thumbprint);
  }

  async ownerChange(by: Key, owner: Key): Promise<string> {
    const claims: OwnerClaims = { iss: by.thumbprint, serial: 1, iat: 1_800_000_000, owner: owner.jwk };
    return signStatement('owner', claims, by.privateKey, by.thumbprint);
  }

  /** Sends it, and waits until the agent has looked at it. */
  async update(roster: string, ownerChanges: string[] = []): Promise<void> {
    const before = this.fake.frames.length;
    this.send({ trust: { roster, ownerChanges } });
    await this.#frame('the head that answers an update', ({ auditHead }) => auditHead != null, before);
  }

  async ask(request: OfferRequest): Promise<OfferAnswer> {
    const requestId = randomBytes(16);
    this.send({ offerRequest: { requestId, operator: 'ada', ...request } });
    return (await this.#frame('an offer', ({ offer }) => requestId.equals(offer?.requestId ?? new Uint8Array())))
      .offer!;
  }

  async sign(offer: string, by: Key): Promise<string> {
    const { thumbprint: aud } = await this.host();
    const { action } = peekStatement('offer', offer);
    const digest = Buffer.from(await commandDigest(offer, action.kind, aud)).toString('base64url');
    return signStatement('command', { iss: by.thumbprint, aud, digest }, by.privateKey, by.thumbprint);
  }

  async command(requestId: Uint8Array, statement: string): Promise<ReceiptClaims> {
    const before = this.fake.frames.length;
    this.send({ command: { requestId, statement } });
    const isIt = ({ receipt }: AgentFrame) => Buffer.from(requestId).equals(receipt?.requestId ?? new Uint8Array());
    const { receipt } = await this.#frame('a receipt', isIt, before);
    const { x } = await this.host();
    return readStatement('receipt', receipt!.receipt!, { kty: 'OKP', crv: 'Ed25519', x });
  }

  /** Offer, signature and command in one. */
  async terminate(pid: number, by: Key): Promise<string> {
    const { requestId, offer, refusal } = await this.ask({ terminate: { pid } });
    if (!offer) return `not offered: ${refusal?.code}`;
    const { outcome, code } = await this.command(requestId!, await this.sign(offer, by));
    return code === '' ? outcome : `${outcome}: ${code}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  #frame(what: string, isIt: (frame: AgentFrame) => boolean, from = 0): Promise<AgentFrame> {
    return eventually(what, async () => this.fake.frames.slice(from).find(isIt), 20_000);
  }
}
