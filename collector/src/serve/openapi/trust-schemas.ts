// Answers and bodies about signing keys and the roster.
import type * as api from '@foretop/proto/api';
import { capabilities, signers } from '@foretop/proto/trust';
import { z } from 'zod';
import { name, time } from './schema-parts.ts';

const thumbprint = () => z.string().regex(/^[\w-]{43}$/, 'a thumbprint of 43 characters is required');
const seconds = () => z.int().min(0);
const serial = () => z.int().min(1);
const jwk = z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: thumbprint() });
const passkey = {
  credentialId: z.string().regex(/^[\w-]{1,1364}$/, 'base64url is required'),
  spki: z.string().regex(/^[\w-]{1,1467}$/, 'base64url is required'),
  algorithm: z.union([z.literal(-7), z.literal(-8), z.literal(-257)]).describe('COSE: ES256, EdDSA or RS256.'),
};
const rp = z
  .strictObject({ id: z.string(), origins: z.array(z.string()) })
  .nullable()
  .describe('At which name and on which pages passkeys work; null: they do not.');
const capability = z.enum(capabilities);
const operator = z.strictObject({
  name: z.string(),
  signer: z.enum(signers),
  cnf: z.union([z.strictObject({ jwk }), z.strictObject({ passkey: z.strictObject(passkey) })]),
  capabilities: z.array(capability),
  hosts: z.strictObject({ ids: z.array(thumbprint()), labels: z.array(z.string()) }),
});
const rosterClaims = z.strictObject({
  iss: thumbprint(),
  serial: serial(),
  iat: seconds(),
  exp: seconds(),
  rp,
  operators: z.array(operator),
});

export const trustState = name(
  'TrustState',
  z.strictObject({
    owner: z.strictObject({ thumbprint: thumbprint(), online: z.boolean().describe('It sits with the collector.') }),
    recovery: z.strictObject({ thumbprint: thumbprint(), online: z.boolean() }).nullable(),
    roster: z
      .strictObject({
        serial: serial(),
        issuedAt: time(),
        expiresAt: time(),
        rp,
        operators: z.array(operator.extend({ thumbprint: thumbprint() })),
      })
      .nullable()
      .describe('In force; null while there is none.'),
    rp,
    unsigned: rosterClaims.nullable().describe('What is to be signed elsewhere; administrators only.'),
    problem: z.string(),
  }) satisfies z.ZodType<api.TrustState>,
);

/** Names in a sentence for people; controls would hide in it. */
const keyName = z.string().regex(/^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u, '1 to 64 printable characters are required');

export const newSigningKey = z.discriminatedUnion('signer', [
  z.strictObject({ signer: z.enum(['browser', 'approve']), name: keyName, jwk }),
  z.strictObject({ signer: z.literal('passkey'), name: keyName, ...passkey }),
]) satisfies z.ZodType<api.NewSigningKey>;

const mostHosts = 10_000;
const mostLabels = 100;

export const keyGrant = z.strictObject({
  capabilities: z.array(capability).min(1, 'one capability at least is required').max(capabilities.length),
  hosts: z
    .strictObject({
      ids: z.array(thumbprint()).max(mostHosts).default([]).describe("Thumbprints of hosts' keys."),
      labels: z
        .array(z.string().regex(/^[A-Za-z0-9][\w./-]{0,62}=[^\p{C}\p{Zl}\p{Zp}]{0,127}$/u, 'a label such as env=prod'))
        .max(mostLabels)
        .default([])
        .describe("Labels of the hosts' own files."),
      all: z.boolean().default(false).describe('Every enrolled host, also later ones.'),
    })
    .refine(({ ids, labels, all }) => all || ids.length + labels.length > 0, 'it names no host'),
});

export const rosterUpload = z.strictObject({ roster: z.string().max(524_288) });

export const signingKey = name(
  'SigningKey',
  z.strictObject({
    id: z.int().min(1),
    accountId: z.int().min(1),
    account: z.string(),
    signer: z.enum(signers),
    name: z.string(),
    thumbprint: thumbprint(),
    credentialId: z.string().nullable(),
    createdAt: time(),
    grantedAt: time().nullable(),
    grant: z
      .strictObject({
        capabilities: z.array(capability),
        hosts: z.strictObject({ ids: z.array(thumbprint()), labels: z.array(z.string()), all: z.boolean() }),
      })
      .nullable(),
    inForce: z.boolean().describe('The roster in force has it.'),
  }) satisfies z.ZodType<api.SigningKey>,
);
export const signingKeyList = name(
  'SigningKeyList',
  z.strictObject({ items: z.array(signingKey), nextCursor: z.null(), asOf: time() }) satisfies z.ZodType<
    api.List<api.SigningKey>
  >,
);
export const signedRoster = name(
  'SignedRoster',
  z.strictObject({ serial: serial(), expiresAt: time() }) satisfies z.ZodType<api.SignedRoster>,
);
