// Schemas of answers about people: sessions, accounts, tokens, labels of hosts.
import type * as api from '@foretop/proto/api';
import { z } from 'zod';
import { count, list, name, time } from './schema-parts.ts';

const role = z.enum(['viewer', 'operator', 'admin']);
const labels = z.array(z.string());
const bound = labels.nullable().describe('Only hosts with one of these; null is all hosts.');

export const newSession = name(
  'NewSession',
  z.strictObject({ secret: z.string(), role, expiresAt: time() }) satisfies z.ZodType<api.OpenedSession>,
);

export const session = name(
  'Session',
  z.strictObject({
    kind: z.enum(['session', 'token']),
    role,
    name: z.string(),
    accountId: count().nullable(),
    hostLabels: labels.describe('Only hosts with one of these; empty is all hosts.'),
    canSign: z.boolean(),
    expiresAt: time().nullable(),
    setupNeeded: z.boolean(),
  }) satisfies z.ZodType<api.SessionInfo>,
);

export const account = name(
  'Account',
  z.strictObject({
    id: count(),
    name: z.string(),
    role,
    hostLabels: bound,
    disabled: z.boolean(),
    createdAt: time(),
    passwordSetAt: time(),
    signedInAt: time().nullable(),
    sessions: count(),
  }) satisfies z.ZodType<api.Account>,
);
export const accountList = name('AccountList', z.strictObject(list(account)));

const openSession = z.strictObject({
  createdAt: time(),
  expiresAt: time(),
  network: z.string(),
  userAgent: z.string(),
  current: z.boolean(),
}) satisfies z.ZodType<api.OpenSession>;
export const openSessionList = name('OpenSessionList', z.strictObject(list(openSession)));

const token = z.strictObject({
  id: count(),
  name: z.string(),
  role,
  scopes: z.array(z.enum(['read', 'export', 'command:request', 'admin'])),
  hostLabels: bound,
  createdAt: time(),
  createdBy: z.string(),
  expiresAt: time().nullable(),
  revokedAt: time().nullable(),
}) satisfies z.ZodType<api.ApiToken>;
export const tokenList = name('TokenList', z.strictObject(list(token)));

export const newToken = name(
  'NewToken',
  z.strictObject({ id: count(), token: z.string(), expiresAt: time().nullable() }) satisfies z.ZodType<api.NewApiToken>,
);

export const hostLabels = name('HostLabels', z.strictObject({ labels }) satisfies z.ZodType<api.HostLabels>);
