// Query parameters that several routes share, and their validation: every fault is reported at once.
import { isIP } from 'node:net';
import { stateNames } from '@foretop/proto';
import { z } from 'zod';
import type { Choice, PortRange } from '../../store/queries/connection-filter.ts';
import { type ParameterFault, RequestError } from '../problem.ts';

/** Throws RequestError invalid-request. Unknown parameters are faults too, so that a misspelt filter is not ignored. */
export function parseQuery<Shape extends z.ZodRawShape>(
  shape: Shape,
  query: URLSearchParams,
): z.output<z.ZodObject<Shape>> {
  const given: Record<string, string> = {};
  // `state=a&state=b` is `state=a,b`; a parameter that takes one value then refuses the comma.
  for (const name of new Set(query.keys())) given[name] = query.getAll(name).join(',');
  const result = z.strictObject(shape).safeParse(given);
  if (result.success) return result.data as z.output<z.ZodObject<Shape>>;
  throw invalidQuery(result.error.issues.flatMap((issue) => faultsOf(issue, Object.keys(shape))));
}

export function invalidQuery(errors: ParameterFault[]): RequestError {
  const names = errors.map((error) => error.parameter).join(', ');
  return new RequestError(
    'invalid-request',
    `${errors.length === 1 ? 'A parameter is' : 'Parameters are'} not valid: ${names}.`,
    { errors },
  );
}

const longestEcho = 64;

function faultsOf(issue: z.core.$ZodIssue, known: string[]): ParameterFault[] {
  if (issue.code !== 'unrecognized_keys') return [{ parameter: String(issue.path[0]), detail: issue.message }];
  return issue.keys.map((key) => ({
    parameter: key.slice(0, longestEcho),
    detail: `There is no such parameter here; there are ${known.join(', ')}.`,
  }));
}

const integer = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, `a number from ${least} to ${most} is required`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `a number from ${least} to ${most} is required`);

/** RFC 3339 with an offset, as Unix microseconds. */
export const instant = z.iso
  .datetime({ offset: true, error: 'a time as in RFC 3339 is required, such as 2026-11-20T03:12:00Z' })
  .transform((text) => Date.parse(text) * 1000);

export const at = instant.optional().describe('An instant (RFC 3339).');
export const from = instant.optional().describe('Where a span begins (RFC 3339).');
export const to = instant.optional().describe('Where a span ends (RFC 3339); now unless given.');

export const limit = integer(1, 1000).default(100).describe('Rows of a page, 1 to 1000; 100 unless given.');
export const cursor = z
  .string()
  .max(2048, 'longer than any cursor')
  .optional()
  .describe('nextCursor of the page before. Good for the same filters and order only.');
export const stepSeconds = integer(1, 86_400).describe('Seconds of a step.');
export const bucketCount = integer(1, 1000);
export const hostId = integer(1, 2_147_483_647);

/** Parts between commas. A backslash takes the comma or backslash after it as part of a value. */
const list = (text: string) =>
  [...text.matchAll(/(?:^|,)((?:\\[^]|[^,\\]|\\$)*)/g)].map(([, part]) => part!.trim().replace(/\\([,\\])/g, '$1'));

/** `=` takes what follows as it is, for names that begin with `!` or `=`. */
const asItIs = (text: string) => text.replace(/^=/, '');

/** Ids or names of hosts; which hosts they are the route finds out. */
export const hosts = z
  .string()
  .transform(list)
  .pipe(z.array(z.string().min(1, 'ids or names of hosts are required').max(255)).max(1000))
  .transform((texts) => ({
    any: texts.filter((text) => !text.startsWith('!')).map(asItIs),
    none: texts.filter((text) => text.startsWith('!')).map((text) => asItIs(text.slice(1))),
  }))
  .describe('Ids or names of hosts.');

const noNul = (text: string) => !text.includes('\0');
const mostValues = 50;
/** All values of one parameter together. */
const longestChoice = 4096;

/** Several values with commas, each with `!` before it to leave out what matches, and after that `=` to take it as it is. */
export function choice<Value>(value: z.ZodType<Value, string>) {
  return z
    .string()
    .max(longestChoice, `is longer than ${longestChoice} characters`)
    .transform(list)
    .pipe(
      z
        .array(
          z
            .string()
            .transform((text) => ({ not: text.startsWith('!'), value: asItIs(text.replace(/^! */, '')) }))
            .pipe(z.object({ not: z.boolean(), value })),
        )
        .max(mostValues, `takes at most ${mostValues} values`),
    )
    .transform((values): Choice<Value> => ({
      any: values.filter(({ not }) => !not).map((entry) => entry.value),
      none: values.filter(({ not }) => not).map((entry) => entry.value),
    }));
}

export const states = choice(z.enum(stateNames, { error: `any of ${stateNames.join(', ')} is required` })).describe(
  `Any of ${stateNames.join(', ')}.`,
);

const directions = ['inbound', 'outbound', 'listen', 'unknown'] as const;
export const direction = choice(z.enum(directions, { error: `any of ${directions.join(', ')} is required` })).describe(
  `Any of ${directions.join(', ')}.`,
);

export const protocol = choice(
  z.enum(['tcp', 'udp'], { error: 'tcp or udp is required' }).transform((name): 6 | 17 => (name === 'tcp' ? 6 : 17)),
).describe('tcp or udp.');

export const processName = z
  .string()
  .min(1, 'a name or a pid is required')
  .max(64, 'names have at most 64 characters')
  .refine(noNul, 'a NUL character cannot be in a name')
  .describe('A name in which * stands for anything, a pid, or ? for what has no known process.');

export const processNames = choice(processName).describe(
  'Names in which * stands for anything, pids, or ? for what has no known process. A comma in a name is written \\,; one that begins with ! or = is written after a =.',
);

export const units = choice(
  z
    .string()
    .min(1, 'the name of a unit is required')
    .max(255, 'names of units have at most 255 characters')
    .refine(noNul, 'a NUL character cannot be in a name'),
).describe('Names of systemd units in which * stands for anything.');

export const containers = choice(
  z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "the beginning of a container's id, or a runtime, is required"),
).describe('The beginning of a container id, or a runtime: docker, containerd, podman, cri-o, kubernetes.');

/** Addresses, or networks as in 10.0.0.0/8. */
export const addresses = choice(
  z.string().refine(isNetwork, 'an address or a network is required, such as 10.0.0.0/8 or 2001:db8::1'),
).describe('Addresses or networks (10.0.0.0/8), at either end.');

export const countries = choice(
  z
    .string()
    .regex(/^[A-Za-z]{2}$/, 'two letters of ISO 3166-1 are required, such as DE')
    .transform((text) => text.toUpperCase()),
).describe('Countries of the far end (ISO 3166-1 alpha-2), by the database of places.');

export const systems = choice(
  z
    .string()
    .regex(/^(AS)?\d{1,10}$/i, 'the number of an autonomous system is required, such as 64496')
    .transform((text) => Number(text.replace(/^AS/i, ''))),
).describe('Numbers of autonomous systems of the far end, by the database of places.');

const portFault = 'a port from 0 to 65535 or a range such as 8000-8100 is required';
export const ports = choice(
  z
    .string()
    .regex(/^\d{1,5}(-\d{1,5})?$/, portFault)
    .transform((text): PortRange => {
      const [least, most = least] = text.split('-').map(Number) as [number, number?];
      return { least, most };
    })
    .refine(({ least, most }) => least <= most && most <= 65_535, portFault),
).describe('Ports or ranges (8000-8100), at either end.');

/** The words of a search. */
export const words = z
  .string()
  .max(200, 'a search has at most 200 characters')
  .refine(noNul, 'a NUL character cannot be searched for')
  .transform((text) => text.split(/\s+/).filter((word) => word !== ''))
  .refine((found) => found.length <= 10, 'a search has at most 10 words')
  .describe(
    'Words that all stand somewhere in host, process, pid, protocol, address:port of either end, name, unit, container id, or in country, city or network of the far end.',
  );

export function isNetwork(text: string): boolean {
  const [network, prefix, ...rest] = text.split('/');
  const family = isIP(network!);
  // A zone (fe80::1%eth0) is valid for Node and means nothing to other hosts.
  if (family === 0 || network!.includes('%') || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

/** `-rxRate`: a column, descending with the sign. */
export function sort<Column extends string>(
  columns: readonly Column[],
  standard: NoInfer<Column> | `-${NoInfer<Column>}`,
) {
  return z
    .string()
    .default(standard as string)
    .transform((text) => ({ column: text.replace(/^-/, ''), descending: text.startsWith('-') }))
    .refine(
      (order): order is { column: Column; descending: boolean } =>
        (columns as readonly string[]).includes(order.column),
      {
        error: `one of ${columns.join(', ')} is required, with - before it for descending`,
      },
    )
    .describe(`A column, with - before it for descending; ${standard} unless given. Columns: ${columns.join(', ')}.`);
}

/** Far enough for every clock that agrees with ours to the second. */
const futureToleranceUs = 5_000_000;

/** What the parameters at, from and to say. Throws RequestError. */
export function timeOf(
  given: { at?: number | undefined; from?: number | undefined; to?: number | undefined },
  nowUs: number,
): { atUs: number } | { fromUs: number; toUs: number } | undefined {
  const { at, from, to } = given;
  const errors: ParameterFault[] = [];
  for (const [parameter, value] of Object.entries({ at, from, to })) {
    if (value !== undefined && value > nowUs + futureToleranceUs)
      errors.push({ parameter, detail: 'lies in the future' });
  }
  if (at !== undefined && (from !== undefined || to !== undefined)) {
    errors.push({ parameter: 'at', detail: 'asks for one instant, from and to for a span: give one or the other' });
  }
  if (to !== undefined && from === undefined) errors.push({ parameter: 'from', detail: 'is required with to' });
  if (from !== undefined && from >= (to ?? nowUs))
    errors.push({ parameter: 'from', detail: 'must be earlier than to' });
  if (errors.length > 0) throw invalidQuery(errors);
  if (at !== undefined) return { atUs: Math.min(at, nowUs) };
  return from === undefined ? undefined : { fromUs: from, toUs: Math.min(to ?? nowUs, nowUs) };
}
