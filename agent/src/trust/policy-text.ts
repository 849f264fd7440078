// The text of a policy file, both ways. Strict: a setting that is misspelt must not look like one that holds.
import { isIP } from 'node:net';
import { capabilities, signers, type Capability, type Signer } from '@foretop/proto/trust';
import type { Policy, Privacy } from './policy.ts';

/** Why a policy file is not believed. */
export class PolicyFault extends Error {
  readonly code = 'policy';
}

const mostEntries = 64;
/** As a roster may name one. */
const labelForm = /^[A-Za-z0-9][\w./-]{0,62}=[^\p{C}\p{Zl}\p{Zp}]{0,127}$/u;
const known = ['allow', 'signer', 'labels', 'networks', 'privacy', 'updates'];
const knownPrivacy = ['commandLines', 'dns', 'serverNames', 'cardNumbers'] as const satisfies (keyof Privacy)[];

/** `{"allow": "observe"}` is enough. Throws PolicyFault with what is wrong. */
export function parsePolicy(text: string): Policy {
  const content = objectOf(parseJson(text), 'the file', known);
  return {
    allow: oneOf<Capability>(content['allow'], capabilities, 'allow'),
    signer: content['signer'] === undefined ? undefined : oneOf<Signer>(content['signer'], signers, 'signer'),
    labels: listOf(content['labels'], 'labels', isLabel),
    networks: listOf(content['networks'], 'networks', isNetwork),
    privacy: privacyOf(content['privacy']),
    updates: flagOf(content['updates'], 'updates', false),
  };
}

/** Only what differs from what holds anyway. */
export function policyText({ allow, signer, labels, networks, privacy, updates }: Policy): string {
  const hidden = knownPrivacy.filter((name) => !privacy[name]).map((name) => [name, false] as const);
  const content = {
    allow,
    ...(signer !== undefined && { signer }),
    ...(labels.length > 0 && { labels }),
    ...(networks.length > 0 && { networks }),
    ...(hidden.length > 0 && { privacy: Object.fromEntries(hidden) }),
    ...(updates && { updates }),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

export function isLabel(text: string): boolean {
  return labelForm.test(text);
}

/** `10.0.0.0/8`, `fd00::/8`. */
function isNetwork(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const family = isIP(address);
  return rest.length === 0 && family > 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PolicyFault('not JSON');
  }
}

function objectOf(value: unknown, what: string, names: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new PolicyFault(`${what} holds no object`);
  const strange = Object.keys(value).find((name) => !names.includes(name));
  if (strange !== undefined) throw new PolicyFault(`${what} has a setting '${strange.slice(0, 40)}' that is not known`);
  return value as Record<string, unknown>;
}

function oneOf<Choice extends string>(value: unknown, choices: readonly Choice[], what: string): Choice {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new PolicyFault(`'${what}' is none of ${choices.join(', ')}`);
  return found;
}

function listOf(value: unknown, what: string, isEntry: (text: string) => boolean): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > mostEntries)
    throw new PolicyFault(`'${what}' is no list of at most ${mostEntries}`);
  const wrong = value.findIndex((entry) => typeof entry !== 'string' || !isEntry(entry));
  if (wrong >= 0) throw new PolicyFault(`entry ${wrong + 1} of '${what}' is not of the form that is required`);
  return [...new Set(value as string[])];
}

function flagOf(value: unknown, what: string, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value !== 'boolean') throw new PolicyFault(`'${what}' is neither true nor false`);
  return value;
}

function privacyOf(value: unknown): Privacy {
  const content = value === undefined ? {} : objectOf(value, `'privacy'`, knownPrivacy);
  const flag = (name: keyof Privacy) => flagOf(content[name], `privacy.${name}`, true);
  return {
    commandLines: flag('commandLines'),
    dns: flag('dns'),
    serverNames: flag('serverNames'),
    cardNumbers: flag('cardNumbers'),
  };
}
