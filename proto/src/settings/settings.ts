// Configuration out of flags, environment and a file: one schema, one list of all faults, and where each value came from.
import type { SettingsFile } from './file.ts';
import type { Kind } from './kinds.ts';
import { nearest } from './nearest.ts';

export interface Setting<T> {
  /** One sentence without a full stop, for help and documentation. */
  readonly text: string;
  readonly kind: Kind<T & {}>;
  readonly default: T;
  /** In place of the default in documentation, where that depends on the machine. */
  readonly defaultText?: string;
  /** The environment variable. */
  readonly variable: string;
  /** A secret has no flag, since other users of a machine see command lines, and is never shown. */
  readonly secret?: true;
}

/** By key: words joined by dashes, groups by dots. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;
export type Values<S extends Settings> = { [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

export type Origin =
  | { from: 'flag'; name: string }
  | { from: 'environment'; name: string }
  | { from: 'file'; name: string }
  | { from: 'default' };

export interface Given {
  /** As commander hands them over: `--log-level` is logLevel. */
  flags: Readonly<Record<string, unknown>>;
  /** An empty variable counts as not set. */
  environment: Readonly<Record<string, string | undefined>>;
  file?: SettingsFile | undefined;
}

export interface Resolved<S extends Settings> {
  values: Values<S>;
  origins: Record<keyof S, Origin>;
  /** Whole sentences; none of them holds a secret. The values are good only without any. */
  faults: string[];
}

/** Typed as given: each setting keeps the type of its value. */
export const defineSettings = <const S extends Settings>(settings: S): S => settings;

export const setting = <T>(definition: Setting<T>): Setting<T> => definition;

/** Flag before environment before file before default. */
export function resolveSettings<S extends Settings>(settings: S, given: Given): Resolved<S> {
  const faults = [...(given.file?.faults ?? [])];
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [key, definition] of Object.entries(settings)) {
    const found = find(key, definition, given);
    origins[key] = found?.origin ?? { from: 'default' };
    values[key] = definition.default;
    if (found === undefined) continue;
    const value = definition.kind.parse(found.value);
    if (value === undefined) faults.push(faultOf(definition, found));
    else values[key] = value;
  }
  faults.push(...unknownKeys(settings, given.file));
  return { values: values as Values<S>, origins: origins as Record<keyof S, Origin>, faults };
}

interface Found {
  value: unknown;
  origin: Origin;
}

function find(
  key: string,
  { variable, secret }: Setting<unknown>,
  { flags, environment, file }: Given,
): Found | undefined {
  const flagged = secret ? undefined : flags[attributeOf(key)];
  if (flagged !== undefined) return { value: flagged, origin: { from: 'flag', name: flagOf(key) } };
  if (environment[variable]) return { value: environment[variable], origin: { from: 'environment', name: variable } };
  const entry = file?.entries.get(key);
  if (entry === undefined) return undefined;
  return { value: entry.value, origin: { from: 'file', name: `"${key}" in ${file!.path}, line ${entry.line},` } };
}

function faultOf({ kind, secret }: Setting<unknown>, { value, origin }: Found): string {
  const name = origin.from === 'default' ? '' : origin.name;
  if (secret) return `${name} is not ${kind.expects}.`;
  // Whoever writes user:password@ into an address has made a mistake already; it is not repeated.
  const shown = JSON.stringify(value)
    .replace(/:\/\/[^/\s]*@/g, '://…@')
    .slice(0, 200);
  return `${name} is ${shown}; ${kind.expects} is required.`;
}

function unknownKeys(settings: Settings, file: SettingsFile | undefined): string[] {
  const known = Object.keys(settings);
  return [...(file?.entries ?? [])].flatMap(([key, { line }]) => {
    if (Object.hasOwn(settings, key)) return [];
    const near = nearest(key, known);
    const advice = near === undefined ? `known are ${known.join(', ')}` : `did you mean "${near}"?`;
    return [`"${key}" in ${file!.path}, line ${line}, is not a setting; ${advice}${near === undefined ? '.' : ''}`];
  });
}

export const flagOf = (key: string): string => `--${key.replaceAll('.', '-')}`;

const attributeOf = (key: string): string =>
  key.replace(/[-.]([a-z])/g, (_match, letter: string) => letter.toUpperCase());

/** What a command line may say, ready for commander's option(). */
export function commandFlags(settings: Settings): { flags: string; text: string }[] {
  return Object.entries(settings)
    .filter(([, { secret }]) => !secret)
    .map(([key, { kind, text, variable }]) => ({
      flags: `${flagOf(key)} ${kind.placeholder}`.trim(),
      text: `${text} (or ${variable})`,
    }));
}
