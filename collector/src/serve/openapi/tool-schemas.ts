// Schemas of tools: runs, what they said, watches, who has to do with an address. Types: proto/src/api-tools.ts.
import type * as api from '@foretop/proto/api';
import { toolNames } from '@foretop/proto/tools';
import { capabilities, signers } from '@foretop/proto/trust';
import { z } from 'zod';
import { commandOffer, outcome, requestId, signature } from './command-schemas.ts';
import { count, hostId, list, name, time } from './schema-parts.ts';

/** Of one run. */
const mostHosts = 32;

export const tool = z.enum(toolNames, { error: `one of ${toolNames.join(', ')} is required` });
const parameters = z
  .record(z.string(), z.unknown())
  .describe('Of the tool: its target and what else it takes. All of them must be there.');

export const wantedToolRun = z.strictObject({
  tool,
  parameters,
  hosts: z
    .array(hostId())
    .min(1, 'one host at least is required: an empty list means nobody')
    .max(mostHosts, `at most ${mostHosts} hosts are asked at once`)
    .refine((ids) => new Set(ids).size === ids.length, 'a host is named twice'),
});

export const toolRunSignatures = z.strictObject({
  signatures: z
    .array(z.strictObject({ requestId: requestId(), signature }))
    .min(1)
    .max(32),
});

const toolRunHost = name(
  'ToolRunHost',
  z.strictObject({
    requestId: requestId(),
    hostId: hostId(),
    hostName: z.string(),
    status: z.enum(['offered', 'running', 'ended', 'refused', 'expired', 'lost']),
    outcome: outcome.nullable(),
    code: z.string().describe('Why there is no offer or no result: a refusal code, or host-not-live, host-silent ….'),
    detail: z.string(),
    signedAt: time().nullable(),
    endedAt: time().nullable(),
    events: count().describe('Kept of what it said.'),
    dropped: count().describe('Said beyond what is kept, or not valid.'),
    packets: z
      .strictObject({
        bytes: count().describe('As stored: pcapng, or the sealed stream.'),
        sealed: z.boolean().nullable().describe('Whether the collector cannot read them; null: there are none yet.'),
        recipient: z.string().nullable().describe('The X25519 key that they were to be sealed to, base64url.'),
      })
      .nullable()
      .describe('Of a capture: GET /tool-runs/{id}/packets/{requestId}.'),
    receipt: z.string().nullable(),
  }) satisfies z.ZodType<api.ToolRunHost>,
);

export const toolRun = name(
  'ToolRun',
  z.strictObject({
    tool,
    parameters,
    id: requestId(),
    target: z.string(),
    operator: z.string(),
    status: z.enum(['offered', 'running', 'ended']),
    createdAt: time(),
    endedAt: time().nullable(),
    hosts: z.array(toolRunHost).describe('Those in sight of who asks.'),
  }),
);
export const toolRunList = name('ToolRunList', z.strictObject(list(toolRun)));

export const toolRunAsked = name(
  'ToolRunAsked',
  z.strictObject({
    run: toolRun,
    offers: z
      .array(commandOffer)
      .describe('Of each host that made one; the others stand in the run with their reason.'),
  }),
);

export const toolRunSigned = name(
  'ToolRunSigned',
  z.strictObject({
    run: toolRun,
    faults: z
      .array(z.strictObject({ requestId: z.string(), code: z.string(), detail: z.string() }))
      .describe('What was not sent, and why.'),
  }),
);

export const toolRunEvent = name(
  'ToolRunEvent',
  z.strictObject({
    number: count().describe('Within the run: rises, and bears holes.'),
    hostId: hostId(),
    at: time(),
    event: z.record(z.string(), z.unknown()).describe('What the tool said, by its kind; every text in it is a claim.'),
  }),
);
export const toolRunEventList = name('ToolRunEventList', z.strictObject(list(toolRunEvent)));

const figures = {
  sent: count(),
  lost: count(),
  rttMeanUs: count().nullable().describe('Microseconds, of those answered; null: none was.'),
  rttMaxUs: count().nullable(),
};

export const watch = name(
  'Watch',
  z.strictObject({
    id: z.string(),
    runId: requestId(),
    hostId: hostId(),
    hostName: z.string(),
    target: z.string(),
    protocol: z.enum(['icmp', 'tcp']),
    port: z.int().nullable(),
    intervalSeconds: count(),
    operator: z.string(),
    status: z.enum(['active', 'stopping', 'ended']),
    createdAt: time(),
    expiresAt: time(),
    latest: z
      .strictObject({ ...figures, at: time() })
      .nullable()
      .describe('Of the newest five minutes on record; null: nothing was measured in the last hour.'),
  }) satisfies z.ZodType<api.Watch>,
);
export const watchList = name('WatchList', z.strictObject(list(watch)));

export const watchPoint = name(
  'WatchPoint',
  z.strictObject({ time: time(), seconds: count(), ...figures }) satisfies z.ZodType<api.WatchPoint>,
);
export const watchSeries = name(
  'WatchSeries',
  z.strictObject({
    ...list(watchPoint),
    watchId: z.string(),
    hostId: hostId(),
    stepSeconds: count(),
  }) satisfies z.ZodType<api.WatchSeries>,
);

const toolHost = name(
  'ToolHost',
  z.strictObject({
    hostId: hostId(),
    hostName: z.string(),
    allowed: z.array(z.enum(capabilities)).nullable().describe("As the host's own file says; null: it never told."),
    weakestSigner: z.enum(signers).nullable(),
    why: z.string().describe('Why a probe of who asks cannot be expected to be taken; empty: it can.'),
  }) satisfies z.ZodType<api.ToolHost>,
);
export const toolHostList = name('ToolHostList', z.strictObject(list(toolHost)));

export const addressFacts = name(
  'AddressFacts',
  z.strictObject({
    address: z.string(),
    knownAs: z.array(z.string()).describe('Names by which hosts addressed it, newest first.'),
    hosts: z.array(
      z.strictObject({
        hostId: hostId(),
        hostName: z.string(),
        connections: count(),
        rxBytes: count(),
        txBytes: count(),
        processes: z.array(z.string()),
        lastSeenAt: time(),
      }),
    ),
    asOf: time(),
  }) satisfies z.ZodType<api.AddressFacts>,
);
