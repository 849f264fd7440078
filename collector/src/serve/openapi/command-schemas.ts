// Schemas of commands, a host's policy and the audit chain. Types: proto/src/api-commands.ts.
import type * as api from '@foretop/proto/api';
import { capabilities, signers } from '@foretop/proto/trust';
import { z } from 'zod';
import { count, hostId, list, name, rowId, time } from './schema-parts.ts';

const capability = z.enum(capabilities);
const signer = z.enum(signers);
export const outcome = z.enum([
  'completed',
  'cancelled',
  'gone',
  'respawned',
  'still-there',
  'closed',
  'refused',
  'failed',
]);
export const requestId = () => z.string().regex(/^[0-9a-f]{32}$/);

export const hostPolicy = name(
  'HostPolicy',
  z.strictObject({
    allowed: z.array(capability),
    weakestSigner: signer,
    labels: z.array(z.string()),
    networks: z.array(z.string()),
    ownerThumbprint: z.string().describe('Of the owner key that the host has pinned; empty: none.'),
    recoveryThumbprint: z.string(),
    rosterSerial: count(),
    rosterExpiresAt: time().nullable(),
    source: z.string().describe('Path of the file, or why there is none.'),
    withheld: z.array(z.string()),
    updatesAllowed: z.boolean(),
    privilegeSplit: z.boolean(),
  }) satisfies z.ZodType<api.HostPolicyView>,
);

const offeredProcess = name(
  'OfferedProcess',
  z.strictObject({
    pid: count(),
    startTicks: z.string(),
    startedAt: z.number(),
    name: z.string(),
    executable: z.string(),
    sha256: z.string(),
    device: z.string(),
    inode: z.string(),
    user: z.string(),
    commandLine: z.string(),
  }),
);
const end = z.strictObject({ address: z.string(), port: count() });
const named = z.strictObject({ pid: count(), name: z.string() });

const offerClaims = name(
  'OfferClaims',
  z.strictObject({
    iss: z.string(),
    nonce: z.string(),
    bootId: z.string(),
    iat: z.number(),
    lifeSeconds: z.number(),
    action: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('terminate'), process: offeredProcess, tree: z.array(offeredProcess) }),
      z.strictObject({
        kind: z.literal('close-connection'),
        protocol: z.literal('tcp'),
        local: end,
        remote: end,
        cookie: z.string(),
        process: offeredProcess.nullable(),
      }),
      z.strictObject({
        kind: z.literal('run-tool'),
        tool: z.string(),
        parameters: z.string().describe('JSON exactly as the host will use it.'),
        addresses: z.array(z.string()),
      }),
    ]),
    preview: z.strictObject({
      parent: named.nullable(),
      unit: z.string(),
      container: z.string(),
      children: z.array(named),
      childCount: count(),
      connections: z.array(z.strictObject({ protocol: z.string(), remote: z.string(), name: z.string() })),
      connectionCount: count(),
      restartedBy: z.string(),
      restartChecked: z.array(z.string()),
    }),
    allowed: z.array(capability),
    weakestSigner: signer,
  }) satisfies z.ZodType<api.CommandOffer['claims']>,
);

export const commandOffer = name(
  'CommandOffer',
  z.strictObject({
    requestId: requestId(),
    hostId: hostId(),
    hostName: z.string(),
    hostThumbprint: z.string(),
    offer: z
      .string()
      .describe('Statement foretop-offer+jwt, signed by the host; the digest over this text is what is signed.'),
    claims: offerClaims,
    expiresAt: time(),
    canSign: z.boolean(),
    why: z.string().describe('Why no signature of who asks can be expected to be taken; empty otherwise.'),
  }) satisfies z.ZodType<api.CommandOffer>,
);

export const commandResult = name(
  'CommandResult',
  z.strictObject({
    requestId: requestId(),
    outcome,
    code: z.string(),
    detail: z.string(),
    receipt: z.string().describe('Statement foretop-receipt+jwt, signed by the host.'),
    progress: z.array(z.string()),
  }),
);

export const wantedAction = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('terminate'), processId: rowId(), tree: z.boolean() }),
  z.strictObject({ kind: z.literal('close-connection'), connectionId: rowId() }),
]) satisfies z.ZodType<api.WantedAction>;

export const commandStatus = z.enum([
  'queued',
  'offered',
  'signed',
  'ended',
  'refused',
  'expired',
  'withdrawn',
  'lost',
]) satisfies z.ZodType<api.CommandStatus>;

export const command = name(
  'Command',
  z.strictObject({
    requestId: requestId(),
    hostId: hostId(),
    hostName: z.string(),
    operator: z.string(),
    action: wantedAction,
    summary: z.string(),
    status: commandStatus,
    createdAt: time(),
    expiresAt: time(),
    endedAt: time().nullable(),
    offerHash: z.string().nullable(),
    outcome: outcome.nullable(),
    code: z.string(),
    detail: z.string(),
    receipt: z.string().nullable(),
    progress: z.array(z.string()),
  }) satisfies z.ZodType<api.Command>,
);
export const commandList = name('CommandList', z.strictObject(list(command)));

const base64url = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[\w-]+$/);

/** A statement or an assertion, as long as such a thing can be. */
export const signature = z.union([
  z.strictObject({
    statement: z
      .string()
      .min(1)
      .max(4_096)
      .regex(/^[\w-]+\.[\w-]+\.[\w-]+$/),
  }),
  z.strictObject({
    passkey: z.strictObject({
      credentialId: base64url(1_366),
      authenticatorData: base64url(1_366),
      clientDataJson: base64url(5_464),
      signature: base64url(1_366),
    }),
  }),
]);

export const auditEntry = name(
  'AuditEntry',
  z.strictObject({
    id: z.int().min(1),
    sequence: z.int().min(1).describe('Place in the hash chain: 1, 2, 3 … without holes.'),
    at: time().describe('With microseconds, as it is hashed.'),
    actor: z.string(),
    action: z.string(),
    hostId: hostId().nullable(),
    detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    outcome: z.enum(['done', 'refused', 'failed']),
    previousHash: z.string(),
    hash: z.string().describe('SHA-256 of the entry in canonical form, the hash before it included.'),
  }) satisfies z.ZodType<api.AuditEntry>,
);
export const auditList = name('AuditList', z.strictObject(list(auditEntry)));

const headShape = {
  hostId: hostId().nullable().describe("null: the collector's own chain."),
  hostName: z.string().nullable(),
  thumbprint: z.string(),
  sequence: count(),
  hash: z.string(),
  issuedAt: time(),
  receivedAt: time(),
  fits: z.boolean().describe('false: the keeper had told a later end before, or another hash for this one.'),
  head: z.string().describe('Statement foretop-audit-head+jwt.'),
};
const auditHead = name('AuditHead', z.strictObject(headShape) satisfies z.ZodType<api.AuditHead>);

export const auditHeads = name(
  'AuditHeads',
  z.strictObject({
    asOf: time(),
    collector: z
      .strictObject({
        ...headShape,
        key: z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() }),
      })
      .nullable(),
    hosts: z.array(auditHead),
  }) satisfies z.ZodType<api.AuditHeads>,
);
