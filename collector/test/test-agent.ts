// An agent for tests of the endpoint: speaks the protocol by hand, so that it can break it at any point.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import {
  type AgentFrame,
  type CloseName,
  closeNameOf,
  type CollectorFrame,
  decodeCollectorFrame,
  encodeAgentFrame,
  type Hello,
  type SealedBatch,
} from '@foretop/proto';
import { type JWTPayload, SignJWT } from 'jose';
import { WebSocket } from 'ws';

export interface TestIdentity {
  privateKey: KeyObject;
  publicKey: Uint8Array;
  thumbprint: string;
  machineId: Uint8Array;
  bootId: Uint8Array;
  /** Unix time of boot. */
  offsetUs: number;
}

/** A new host, booted an hour ago. */
export function testIdentity(): TestIdentity {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  const members = JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x });
  return {
    privateKey,
    publicKey: Buffer.from(x!, 'base64url'),
    thumbprint: createHash('sha256').update(members).digest('base64url'),
    machineId: randomBytes(32),
    bootId: randomBytes(16),
    offsetUs: (Date.now() - 3_600_000) * 1000,
  };
}

export interface SignOptions {
  collectorId: string;
  nonce: Uint8Array;
  header?: Record<string, unknown>;
  claims?: JWTPayload;
  key?: KeyObject;
}

export function signJwt(identity: TestIdentity, options: SignOptions): Promise<string> {
  const claims = {
    iss: identity.thumbprint,
    sub: identity.thumbprint,
    aud: options.collectorId,
    nonce: Buffer.from(options.nonce).toString('base64url'),
    mid: Buffer.from(identity.machineId).toString('base64url'),
    ...options.claims,
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'Ed25519', typ: 'foretop-agent+jwt', kid: identity.thumbprint, ...options.header })
    .sign(options.key ?? identity.privateKey);
}

export interface End {
  code: number;
  name: CloseName | undefined;
}

export class TestAgent implements Disposable {
  readonly identity: TestIdentity;
  readonly socket: WebSocket;
  /** Of the connection's end, whoever ended it. */
  readonly ended: Promise<End>;
  readonly #frames: CollectorFrame[] = [];
  #wake: () => void = () => undefined;

  constructor(url: string, identity: TestIdentity) {
    this.identity = identity;
    this.socket = new WebSocket(url, 'foretop.agent.v1', { perMessageDeflate: false });
    this.socket.on('message', (data) => {
      this.#frames.push(decodeCollectorFrame(data as Buffer));
      this.#wake();
    });
    this.socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      this.socket.on('close', (code) => {
        resolve({ code, name: closeNameOf(code) });
        this.#wake();
      });
    });
  }

  /** The next frame of this kind, those before it left out. Rejects when the connection ends first. */
  async next<Kind extends NonNullable<CollectorFrame['body']>>(kind: Kind): Promise<NonNullable<CollectorFrame[Kind]>> {
    for (;;) {
      for (let frame = this.#frames.shift(); frame; frame = this.#frames.shift()) {
        const body = frame[kind];
        if (body) return body as NonNullable<CollectorFrame[Kind]>;
      }
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error(`connection closed while waiting for ${kind}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Kinds of the frames that came and were not asked for by `next` yet. */
  get waiting(): (CollectorFrame['body'] | undefined)[] {
    return this.#frames.map(({ body }) => body);
  }

  send(frame: AgentFrame): void {
    this.socket.send(encodeAgentFrame(frame));
  }

  sendRaw(bytes: Uint8Array | string): void {
    this.socket.send(bytes);
  }

  boottimeUs(): number {
    return Date.now() * 1000 - this.identity.offsetUs;
  }

  /** A valid Hello but for `changes`. */
  async hello(changes: Partial<Hello> = {}, sign: Partial<SignOptions> = {}): Promise<Hello> {
    const challenge = await this.next('challenge');
    const jwt = await signJwt(this.identity, { collectorId: challenge.collectorId!, nonce: challenge.nonce!, ...sign });
    return {
      protocolVersion: 1,
      minimumVersion: 1,
      agentVersion: '0.1.0',
      jwt,
      machineId: this.identity.machineId,
      host: {
        name: 'web-1',
        os: 'Debian',
        kernel: '6.18',
        arch: 'x86_64',
        platform: 'linux',
        addresses: ['10.0.0.1'],
        cpus: 2,
      },
      clock: { bootId: this.identity.bootId, boottimeUs: this.boottimeUs(), wallUs: Date.now() * 1000 },
      scope: 'machine',
      tier: 2,
      ...changes,
    };
  }

  /** @returns the host's id. */
  async enrol(token: string, changes: Partial<Hello> = {}): Promise<number> {
    this.send({ hello: await this.hello({ enrolment: { token, publicKey: this.identity.publicKey }, ...changes }) });
    return (await this.next('welcome')).hostId!;
  }

  async join(changes: Partial<Hello> = {}): Promise<number> {
    this.send({ hello: await this.hello(changes) });
    return (await this.next('welcome')).hostId!;
  }

  pulse(rxRate = 0): void {
    this.send({ pulse: { boottimeUs: this.boottimeUs(), rxRate, txRate: 0, connections: 3 } });
  }

  batch(batch: Partial<SealedBatch>): void {
    const clock = { bootId: this.identity.bootId, boottimeUs: this.boottimeUs(), wallUs: Date.now() * 1000 };
    this.send({ batch: { clock, bootId: this.identity.bootId, ...batch } });
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}
