// Keys and rosters over REST: who may register, grant and upload, and what each attack on that gets.
import { generateKeyPairSync } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { AuditEntry, List, Problem, SignedRoster, SigningKey, TrustState } from '@foretop/proto/api';
import { type RosterClaims, signStatement } from '@foretop/proto/trust';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeAccount, send, signIn, signInByLink } from '../../../test/people.ts';
import { insertHost, type TestServer, testServer } from '../../../test/server.ts';
import type { Role } from '../../store/schema.ts';
import { changeOwner } from '../../trust/change-owner.ts';
import { newKeyPair, readKeyFile } from '../../trust/key-file.ts';
import { recoveryKeyPath } from '../../trust/owner-keys.ts';
import * as schemas from '../openapi/schemas.ts';

let server: TestServer;
let admin: Record<string, string>;
let host: string;

beforeAll(async () => {
  server = await testServer();
  admin = await person('admin', 'admin');
  host = await newHost();
});
afterAll(() => server[Symbol.asyncDispose]());

async function person(name: string, role: Role): Promise<Record<string, string>> {
  await makeAccount(server, name, role);
  return { ...(await signIn(server, name)) };
}

async function newHost(): Promise<string> {
  const hostId = await insertHost(server.store);
  const { thumbprint, jwk } = await newKeyPair();
  const key = {
    thumbprint,
    host_id: hostId,
    public_key: Buffer.from(jwk.x, 'base64url'),
    machine_id: Buffer.alloc(16),
  };
  await server.store.db.insertInto('agent_key').values(key).execute();
  return thumbprint;
}

interface Answer<Body> {
  status: number;
  body: Body;
}

async function ask<Body>(
  method: string,
  path: string,
  who: Record<string, string>,
  body?: unknown,
): Promise<Answer<Body>> {
  const response = await send(server, method, path, body, who);
  const text = await response.text();
  return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as Body };
}

const trustState = async (who = admin) => (await ask<TrustState>('GET', '/trust', who)).body;
const register = async (who: Record<string, string>, name = 'laptop') => {
  const { jwk } = await newKeyPair();
  const answer = await ask<SigningKey>('POST', '/trust/keys', who, { signer: 'browser', name, jwk });
  expect(answer.status).toBe(201);
  return answer.body;
};
const grantOf = (more: object = {}) => ({
  capabilities: ['observe', 'terminate'],
  hosts: { ids: [host], labels: [], all: false, ...more },
});
const codeOf = ({ status, body }: Answer<Problem>) => `${status} ${body.type.split(':').at(-1)}`;
const bearer = async (role: Role) => ({ authorization: `Bearer ${await server.token(role)}` });

describe('the first steps', () => {
  test('an administrator registers a key in the browser and grants it with one request', async () => {
    const key = await register(admin);
    expect(schemas.signingKey.parse(key)).toMatchObject({
      account: 'admin',
      grantedAt: null,
      grant: null,
      inForce: false,
    });
    const granted = await ask<SignedRoster>('POST', `/trust/keys/${key.id}/grant`, admin, {
      capabilities: ['terminate'],
      hosts: { all: true },
    });
    expect(granted.status).toBe(200);
    expect(schemas.signedRoster.parse(granted.body).serial).toBeGreaterThan(0);
    const state = schemas.trustState.parse(await trustState());
    expect(state).toMatchObject({ owner: { online: true }, recovery: { online: true }, unsigned: null, problem: '' });
    expect(state.roster!.operators).toMatchObject([
      { name: 'admin', thumbprint: key.thumbprint, capabilities: ['terminate'], hosts: { ids: [host], labels: [] } },
    ]);
    const { body } = await ask<List<SigningKey>>('GET', '/trust/keys', admin);
    expect(schemas.signingKeyList.parse(body).items).toMatchObject([
      { id: key.id, inForce: true, grant: { capabilities: ['terminate'], hosts: { ids: [], labels: [], all: true } } },
    ]);
    const withdrawn = await ask<SignedRoster>('DELETE', `/trust/keys/${key.id}/grant`, admin);
    expect(withdrawn.body.serial).toBeGreaterThan(granted.body.serial);
    expect((await trustState()).roster!.operators).toEqual([]);
    expect((await ask('DELETE', `/trust/keys/${key.id}`, admin)).status).toBe(204);
  });

  test('a login link has no account, so no key', async () => {
    const { jwk } = await newKeyPair();
    const answer = await ask<Problem>(
      'POST',
      '/trust/keys',
      { ...(await signInByLink(server)) },
      { signer: 'browser', name: 'x', jwk },
    );
    expect(codeOf(answer)).toBe('400 invalid-request');
    expect(answer.body.detail).toContain('login link');
  });

  test('a passkey is registered with what the browser gives', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
    const body = { signer: 'passkey', name: 'finger', credentialId: 'AQIDBA', spki, algorithm: -7 };
    const { body: key } = await ask<SigningKey>('POST', '/trust/keys', admin, body);
    expect(key).toMatchObject({ signer: 'passkey', credentialId: 'AQIDBA' });
    expect(codeOf(await ask('POST', '/trust/keys', admin, body))).toBe('409 conflict');
    expect(codeOf(await ask('POST', '/trust/keys', admin, { ...body, algorithm: -257 }))).toBe('400 invalid-request');
    expect((await ask('POST', `/trust/keys/${key.id}/grant`, admin, grantOf())).status).toBe(200);
    const [operator] = (await trustState()).roster!.operators;
    expect(operator!.cnf).toEqual({ passkey: { credentialId: 'AQIDBA', spki, algorithm: -7 } });
    await ask('DELETE', `/trust/keys/${key.id}`, admin);
  });

  test('each change is in the audit, with whom and what', async () => {
    const key = await register(admin);
    await ask('POST', `/trust/keys/${key.id}/grant`, admin, grantOf({ labels: ['env=prod'] }));
    await ask('DELETE', `/trust/keys/${key.id}`, admin);
    const { body } = await ask<List<AuditEntry>>('GET', '/audit?limit=20', admin);
    const own = body.items.filter(({ detail }) => detail['keyId'] === key.id);
    expect(own.map(({ action }) => action)).toEqual([
      'signing-key.remove',
      'signing-key.grant',
      'signing-key.register',
    ]);
    expect(own[1]).toMatchObject({
      actor: 'account admin',
      outcome: 'done',
      detail: { capabilities: 'observe terminate', hosts: 1, labels: 'env=prod' },
    });
    expect(body.items.some(({ action, actor }) => action === 'roster.sign' && actor === 'collector')).toBe(true);
  });
});

describe('refused', () => {
  test('to viewers and operators: granting, withdrawing, uploading; and others’ keys are not there for them', async () => {
    const key = await register(admin);
    const operator = await person('olga', 'operator');
    const viewer = await person('vera', 'viewer');
    const own = await register(operator);
    for (const who of [operator, viewer]) {
      expect(codeOf(await ask('POST', `/trust/keys/${own.id}/grant`, who, grantOf()))).toBe('403 role-too-low');
      expect(codeOf(await ask('DELETE', `/trust/keys/${own.id}/grant`, who))).toBe('403 role-too-low');
      expect(codeOf(await ask('PUT', '/trust/roster', who, { roster: 'x' }))).toBe('403 role-too-low');
      expect(codeOf(await ask('DELETE', `/trust/keys/${key.id}`, who))).toBe('404 not-found');
    }
    const { jwk } = await newKeyPair();
    expect(codeOf(await ask('POST', '/trust/keys', viewer, { signer: 'browser', name: 'x', jwk }))).toBe(
      '403 role-too-low',
    );
    const list = async (who: Record<string, string>) =>
      (await ask<List<SigningKey>>('GET', '/trust/keys', who)).body.items;
    expect((await list(operator)).map(({ id }) => id)).toEqual([own.id]);
    expect(await list(viewer)).toEqual([]);
    expect((await list(admin)).map(({ id }) => id)).toEqual(expect.arrayContaining([key.id, own.id]));
    expect((await ask('DELETE', `/trust/keys/${own.id}`, operator)).status).toBe(204);
    expect((await ask('DELETE', `/trust/keys/${key.id}`, admin)).status).toBe(204);
  });

  test('to tokens of any role: whoever has one cannot make himself a signer', async () => {
    const { jwk } = await newKeyPair();
    const key = await register(admin);
    const token = await bearer('admin');
    expect(codeOf(await ask('POST', '/trust/keys', token, { signer: 'browser', name: 'x', jwk }))).toBe(
      '403 person-needed',
    );
    expect(codeOf(await ask('POST', `/trust/keys/${key.id}/grant`, token, grantOf()))).toBe('403 person-needed');
    expect(codeOf(await ask('DELETE', `/trust/keys/${key.id}/grant`, token))).toBe('403 person-needed');
    expect(codeOf(await ask('PUT', '/trust/roster', token, { roster: 'x' }))).toBe('403 person-needed');
    expect((await ask('GET', '/trust', token)).status).toBe(200);
    await ask('DELETE', `/trust/keys/${key.id}`, admin);
  });

  test('an empty grant, a wildcard, an unknown host or capability; nothing of it reaches the roster', async () => {
    const key = await register(admin);
    const before = (await trustState()).roster;
    for (const body of [
      { capabilities: ['terminate'], hosts: {} },
      { capabilities: ['terminate'], hosts: { ids: [], labels: [], all: false } },
      { capabilities: [], hosts: { all: true } },
      { capabilities: ['terminate'] },
      grantOf({ ids: ['*'] }),
      grantOf({ labels: ['*'] }),
      grantOf({ labels: ['env=*\u202e'] }),
      grantOf({ ids: ['A'.repeat(43)] }),
      grantOf({ all: 'yes' }),
      { ...grantOf(), capabilities: ['all'] },
      { ...grantOf(), capabilities: ['terminate', 'terminate'] },
      { ...grantOf(), more: 1 },
    ])
      expect([body, codeOf(await ask('POST', `/trust/keys/${key.id}/grant`, admin, body))]).toEqual([
        body,
        '400 invalid-request',
      ]);
    expect((await trustState()).roster).toEqual(before);
    expect(codeOf(await ask('POST', '/trust/keys/999999/grant', admin, grantOf()))).toBe('404 not-found');
    expect(codeOf(await ask('POST', '/trust/keys/x/grant', admin, grantOf()))).toBe('404 not-found');
    await ask('DELETE', `/trust/keys/${key.id}`, admin);
  });

  test('keys that are none: private, of another curve, too short, with a name that hides something', async () => {
    const { jwk } = await newKeyPair();
    for (const body of [
      { signer: 'browser', name: 'x', jwk: { ...jwk, d: jwk.x } },
      { signer: 'browser', name: 'x', jwk: { ...jwk, crv: 'X25519' } },
      { signer: 'browser', name: 'x', jwk: { ...jwk, x: jwk.x.slice(1) } },
      { signer: 'browser', name: 'x', jwk: { ...jwk, x: `${jwk.x.slice(0, -1)}B` } },
      { signer: 'browser', name: 'a\u202eb', jwk },
      { signer: 'browser', name: '', jwk },
      { signer: 'browser', name: 'x', jwk, granted: true },
      { signer: 'passkey', name: 'x', jwk },
      { signer: 'owner', name: 'x', jwk },
    ])
      expect([body, codeOf(await ask('POST', '/trust/keys', admin, body))]).toEqual([body, '400 invalid-request']);
  });

  test('a grant to a viewer, and the twenty-first key of an account', async () => {
    const who = await person('mia', 'operator');
    const key = await register(who);
    await server.store.db.updateTable('account').set({ role: 'viewer' }).where('name', '=', 'mia').execute();
    expect(codeOf(await ask('POST', `/trust/keys/${key.id}/grant`, admin, grantOf()))).toBe('409 conflict');
    const many = await person('max', 'operator');
    for (let i = 0; i < 20; i++) await register(many);
    const { jwk } = await newKeyPair();
    expect(codeOf(await ask('POST', '/trust/keys', many, { signer: 'browser', name: 'x', jwk }))).toBe('409 conflict');
  });

  test('a grant by labels is what a viewer may see, unsigned rosters are not', async () => {
    const state = await trustState(await bearer('viewer'));
    expect(state.unsigned).toBeNull();
    expect(state.owner.online).toBe(true);
  });
});

test('with the owner key elsewhere a grant comes back to be signed, and holds after the upload', async () => {
  const recovery = (await readKeyFile(recoveryKeyPath(server.dataDir), 'recovery'))!;
  const path = `${server.dataDir}/carried-away.json`;
  await changeOwner(server.store.db, {
    dataDir: server.dataDir,
    recovery,
    keep: { path, passphrase: undefined },
    nowMs: Date.now(),
  });
  await rm(recoveryKeyPath(server.dataDir));
  const owner = (await readKeyFile(path, 'owner'))!;

  const key = await register(admin);
  const answer = await ask<Problem & { unsignedRoster: RosterClaims }>(
    'POST',
    `/trust/keys/${key.id}/grant`,
    admin,
    grantOf(),
  );
  expect(codeOf(answer)).toBe('409 owner-offline');
  expect(await trustState()).toMatchObject({
    owner: { online: false },
    recovery: { online: false },
    roster: { operators: [] },
  });
  expect((await trustState()).unsigned!.operators).toEqual(answer.body.unsignedRoster.operators);
  expect((await trustState(await bearer('viewer'))).unsigned).toBeNull();

  const claims = { ...answer.body.unsignedRoster, serial: answer.body.unsignedRoster.serial + 5 };
  const stranger = await newKeyPair();
  const forged = await signStatement(
    'roster',
    { ...claims, iss: stranger.thumbprint },
    stranger.privateKey,
    stranger.thumbprint,
  );
  expect(codeOf(await ask('PUT', '/trust/roster', admin, { roster: forged }))).toBe('400 invalid-request');
  const roster = await signStatement('roster', claims, owner.privateKey, owner.thumbprint);
  expect((await ask('PUT', '/trust/roster', admin, { roster })).status).toBe(200);
  expect(codeOf(await ask('PUT', '/trust/roster', admin, { roster }))).toBe('400 invalid-request');
  expect(await trustState()).toMatchObject({ unsigned: null, roster: { operators: [{ thumbprint: key.thumbprint }] } });
  expect(codeOf(await ask('DELETE', `/trust/keys/${key.id}`, admin))).toBe('409 owner-offline');
  expect((await trustState()).unsigned!.operators).toEqual([]);
});

test('a roster for a thousand hosts fits into a request, a megabyte does not', async () => {
  const large = await ask<Problem>('PUT', '/trust/roster', admin, { roster: 'A'.repeat(500_000) });
  expect(codeOf(large)).toBe('400 invalid-request');
  expect(codeOf(await ask('PUT', '/trust/roster', admin, { roster: 'A'.repeat(1_000_000) }))).toBe(
    '413 body-too-large',
  );
});
