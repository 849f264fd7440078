// Query parameters that only DNS takes.
import { dnsTypeNumber, rcodeNumber } from '@foretop/proto';
import { z } from 'zod';
import { kindNames, transportNames } from './dns-rows.ts';
import { choice, isNetwork } from './parameters.ts';

const networkFault = 'an address or a network is required, such as 10.0.0.0/8 or 2001:db8::1';
const networks = (description: string) => choice(z.string().refine(isNetwork, networkFault)).describe(description);
const numbered = (numberOf: (name: string) => number | undefined, fault: string) =>
  choice(
    z
      .string()
      .transform(numberOf)
      .refine((number) => number !== undefined, fault),
  );
const named = <Name extends string>(names: readonly Name[]) =>
  choice(
    z
      .enum(names as readonly [Name, ...Name[]], { error: `any of ${names.join(', ')} is required` })
      .transform((name) => names.indexOf(name) + 1),
  ).describe(`Any of ${names.join(', ')}.`);

export const name = choice(
  z
    .string()
    .min(1, 'a name or a part of one is required')
    .max(255, 'names have at most 255 characters')
    .refine((text) => !text.includes('\0'), 'a NUL character cannot be in a name')
    .transform((text) => text.toLowerCase().replace(/(?<=.)\.$/, '')),
).describe('Parts of names; with * a whole name: *.example.com is everything below example.com.');
export const type = numbered(dnsTypeNumber, 'a type such as AAAA or TYPE65280 is required').describe(
  'Types such as A, AAAA, HTTPS, or TYPE65280.',
);
export const rcode = numbered(rcodeNumber, 'a response code such as NXDOMAIN or RCODE25 is required').describe(
  'Response codes such as NOERROR or NXDOMAIN.',
);
export const resolver = networks(
  'Addresses or networks (10.0.0.0/8) of the resolver; in the role server, of who asked.',
);
export const answerAddress = networks('Addresses or networks of which the answer has one.');
export const kind = named(kindNames);
export const transport = named(transportNames);
export const role = z
  .enum(['client', 'server', 'any'], { error: 'client, server or any is required' })
  .default('client')
  .describe('client, unless given: what processes of the hosts asked. server: what they were asked. any: both.');
export const yesOrNo = z
  .enum(['true', 'false'], { error: 'true or false is required' })
  .transform((text) => text === 'true')
  .optional();
export const answered = yesOrNo.describe('true: only what was answered; false: only what was not.');
export const forwarded = yesOrNo.describe(
  'true: also what a resolver on a host (a stub such as systemd-resolved) asked on behalf of others, whose own questions are rows too.',
);
export const slowerThanMs = z
  .string()
  .regex(/^\d{1,6}$/, 'a number of milliseconds is required')
  .transform(Number)
  .optional()
  .describe('Answers that took longer than so many milliseconds.');
