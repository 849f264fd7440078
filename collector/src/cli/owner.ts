// `foretop owner`: where the key is that signs rosters, taking it away from the collector, replacing it, and signing where it went.
import { readFile, writeFile } from 'node:fs/promises';
import { peekStatement, type RosterClaims, rosterLifeSeconds, thumbprint } from '@foretop/proto/trust';
import type { Kysely } from 'kysely';
import { type Operation, table } from '../serve/operate.ts';
import { insertAudit } from '../store/queries/audit.ts';
import { listOwnerChanges, lockTrust, readRelyingParty } from '../store/queries/trust.ts';
import type { Database } from '../store/schema.ts';
import { beginAnew, changeOwner } from '../trust/change-owner.ts';
import { type KeyPair, readKeyFile } from '../trust/key-file.ts';
import { isRecoveryKeyHere, ownerKeyPath, recoveryKeyPath } from '../trust/owner-keys.ts';
import { publishRoster } from '../trust/publish-roster.ts';
import { readInForce, signRoster, type Where } from '../trust/settle-roster.ts';
import { CliError } from './cli-error.ts';
import type { Terminal } from './terminal.ts';

export function ownerStatus(dataDir: string, json: boolean): Operation {
  return async ({ db }, { result, note }) => {
    const { pins, online, claims, due } = await readInForce(db, await whereOf(db, dataDir));
    const recoveryHere = await isRecoveryKeyHere(dataDir);
    const status = {
      owner: { thumbprint: await nameOf(pins.owner), online, file: online ? ownerKeyPath(dataDir) : null },
      recovery: {
        thumbprint: await nameOf(pins.recovery),
        online: recoveryHere,
        file: recoveryHere ? recoveryKeyPath(dataDir) : null,
      },
      changes: (await listOwnerChanges(db)).length,
      roster:
        claims === undefined ? null : { serial: claims.serial, ...timesOf(claims), operators: claims.operators.length },
      due,
    };
    if (json) return result(JSON.stringify(status));
    const { owner, recovery, roster } = status;
    result(
      [
        `Owner key     ${owner.thumbprint}, ${online ? `in ${owner.file}` : 'not here'}`,
        `Recovery key  ${recovery.thumbprint}, ${recoveryHere ? `still in ${recovery.file}` : 'not here'}`,
        roster === null
          ? 'Roster        none: nobody may sign'
          : `Roster        ${roster.serial}, ${roster.operators} keys, until ${roster.expiresAt}`,
      ].join('\n'),
    );
    if (online)
      note(
        'The collector can do all that the ceilings of its hosts allow. Take the key away with: foretop owner offline',
      );
    if (recoveryHere)
      note('Move the recovery key away: who has it can replace the owner key, and nothing else can. See docs/trust.md');
    if (due)
      note(
        'What was granted since is not in the roster yet.' +
          (online ? '' : ' Sign it: foretop owner roster, then owner sign.'),
      );
  };
}

export interface ChangeOptions {
  dataDir: string;
  /** Without: the one that still lies beside the collector. */
  recoveryKey: string | undefined;
  openRecovery: () => Promise<string>;
  /** undefined: the new key stays beside the collector. */
  out: { path: string; passphrase: string | undefined } | undefined;
}

/** Makes a new owner key, signed for by the recovery key. */
export function ownerChange({ dataDir, recoveryKey, openRecovery, out }: ChangeOptions): Operation {
  return async ({ db }, { result, note }) => {
    const path = recoveryKey ?? recoveryKeyPath(dataDir);
    const recovery = await readKeyFile(path, 'recovery', openRecovery);
    if (recovery === undefined)
      throw new CliError('usage', `'${path}' is not there. Name the recovery key's file with --recovery-key.`);
    const keep = out ?? 'here';
    const { owner, rosterExpiresAt } = await changeOwner(db, { dataDir, recovery, keep, nowMs: Date.now() });
    result(owner);
    if (out === undefined)
      return note(`The new owner key is in ${ownerKeyPath(dataDir)}; hosts learn of it when they next connect.`);
    note(`The new owner key is in ${out.path} only. Move the file to another machine, and keep a copy on paper.`);
    note('Copies of the old key may remain in backups; hosts take it no more once they have heard of the change.');
    note(
      `The roster holds until ${rosterExpiresAt.toISOString()}. Before then: foretop owner roster, owner sign, owner publish.`,
    );
    if (await isRecoveryKeyHere(dataDir))
      note(
        `The recovery key is still in ${recoveryKeyPath(dataDir)}: as long as it is, nothing was gained. Move it away.`,
      );
  };
}

/** For when the recovery key is lost or stolen. */
export function ownerBeginAnew(dataDir: string): Operation {
  return async ({ db }, { result, note }) => {
    const { owner, recovery } = await beginAnew(db, { dataDir, nowMs: Date.now() });
    result(owner);
    note(`Owner ${owner} and recovery key ${recovery} are new. Every host refuses commands until it is enrolled anew.`);
    note(`The recovery key is in ${recoveryKeyPath(dataDir)}. Move it to another machine or onto paper.`);
  };
}

/** The roster that is due, to be signed where the owner key is. */
export function ownerRoster(dataDir: string, out: string | undefined): Operation {
  return async ({ db }, { result, note }) => {
    const { wanted } = await readInForce(db, await whereOf(db, dataDir));
    const text = JSON.stringify(wanted, undefined, 2);
    if (out === undefined) return result(text);
    await writeNew(out, `${text}\n`);
    note(`${out} is to be signed with: foretop owner sign --roster ${out} --key FILE`);
  };
}

/** Puts a roster in force that was signed elsewhere. */
export function ownerPublish(path: string): Operation {
  return async ({ db }, { note }) => {
    const statement = (await readText(path)).trim();
    const { serial, exp, operators } = await db.transaction().execute(async (transaction) => {
      await lockTrust(transaction);
      const roster = await publishRoster(transaction, statement, Date.now());
      const detail = { serial: roster.serial, operators: roster.operators.length };
      await insertAudit(transaction, { actor: 'command line', action: 'roster.publish', detail, outcome: 'done' });
      return roster;
    });
    note(`Roster ${serial} with ${operators.length} keys is in force until ${new Date(exp * 1_000).toISOString()}.`);
  };
}

export interface SignOptions {
  roster: string;
  key: KeyPair;
  out: string | undefined;
  nowMs: number;
}

/** Where the owner key is, without any collector: shows whom the roster names, and signs it once that was confirmed. */
export async function ownerSign({ roster, key, out, nowMs }: SignOptions, terminal: Terminal): Promise<void> {
  const given = await readClaims(roster);
  // Serial and names are the collector's proposal; who signs and how long it holds is decided here.
  const iat = Math.floor(nowMs / 1_000);
  const claims: RosterClaims = { ...given, iss: key.thumbprint, iat, exp: iat + rosterLifeSeconds };
  const statement = await signRoster(claims, key);
  terminal.note(rosterText(peekStatement('roster', statement)));
  const typed = await terminal.ask('To sign it, type the number of keys that it names: ');
  if (typed !== String(claims.operators.length)) throw new CliError('usage', 'Not confirmed. Nothing was signed.');
  if (out === undefined) return terminal.print(statement);
  await writeNew(out, `${statement}\n`);
  terminal.note(`Take ${out} to the collector: foretop owner publish ${out}`);
}

async function readClaims(path: string): Promise<RosterClaims> {
  try {
    const claims: unknown = JSON.parse(await readText(path));
    if (typeof claims === 'object' && claims !== null && 'operators' in claims && Array.isArray(claims.operators))
      return claims as RosterClaims;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new CliError('usage', `'${path}' does not hold a roster that is to be signed.`);
}

/** Checked claims in words. */
function rosterText({ serial, exp, rp, operators }: RosterClaims): string {
  const rows = operators.map(({ name, signer, capabilities, hosts, cnf }) => [
    name,
    signer,
    'jwk' in cnf ? cnf.jwk.x : cnf.passkey.credentialId.slice(0, 43),
    capabilities.join(' '),
    hosts.ids.length,
    hosts.labels.join(' '),
  ]);
  const until = new Date(exp * 1_000).toISOString();
  return [
    `Roster ${serial}, until ${until}. Passkeys: ${rp === null ? 'none' : `${rp.id} on ${rp.origins.join(', ')}`}.`,
    table(['NAME', 'SIGNS BY', 'KEY', 'MAY', 'HOSTS', 'LABELS'], rows),
  ].join('\n');
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new CliError('usage', `'${path}' cannot be read: ${(cause as Error).message}`, { cause });
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    throw new CliError('usage', `'${path}' cannot be written: ${(cause as Error).message}`, { cause });
  }
}

async function whereOf(db: Kysely<Database>, dataDir: string): Promise<Where> {
  return { dataDir, relyingParty: await readRelyingParty(db), nowMs: Date.now() };
}

const nameOf = (x: string) => thumbprint({ kty: 'OKP', crv: 'Ed25519', x });
const timesOf = ({ iat, exp }: RosterClaims) => ({
  issuedAt: new Date(iat * 1_000).toISOString(),
  expiresAt: new Date(exp * 1_000).toISOString(),
});
