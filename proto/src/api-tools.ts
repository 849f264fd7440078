// Resources of the REST API about tools: runs of them on hosts, what they said, watches, and what is known of an address. Part of api.ts.
import type { List } from './api.ts';
import type { CommandOffer, CommandSignature } from './api-commands.ts';
import type { ToolEvent } from './tools/events.ts';
import type { ToolRequest } from './tools/parameters.ts';
import type { Capability, Outcome, Signer } from './trust/statements.ts';

/** The body of POST /tool-runs. An empty list of hosts means nobody, and is refused. */
export type WantedToolRun = ToolRequest & { hosts: number[] };

/**
 * offered: the host has answered, a signature is due. running: it was signed and sent. ended: the receipt is here. refused: by
 * the host or on its behalf, `code` and `detail` say why. expired: nobody signed in time. lost: it was sent, and no receipt came.
 */
export type ToolRunHostStatus = 'offered' | 'running' | 'ended' | 'refused' | 'expired' | 'lost';

/** What a host's part of a capture has left with the collector: GET /tool-runs/{id}/packets/{requestId}. */
export interface ToolRunPackets {
  /** As stored: pcapng, or the sealed stream. */
  bytes: number;
  /** Whether the collector cannot read them, by how they begin; null = there are none yet. */
  sealed: boolean | null;
  /** The public key (X25519, raw, base64url) that they were to be sealed to; null = they were not to be. */
  recipient: string | null;
}

export interface ToolRunHost {
  /** 32 hex digits; what is signed bears it. */
  requestId: string;
  hostId: number;
  hostName: string;
  status: ToolRunHostStatus;
  /** Of the receipt. */
  outcome: Outcome | null;
  /** A refusal code, or why there was no offer: "host-not-live", "host-silent" …; else empty. */
  code: string;
  /** For people. */
  detail: string;
  signedAt: string | null;
  endedAt: string | null;
  /** Kept of what it said. */
  events: number;
  /** Said beyond what is kept, or not valid. */
  dropped: number;
  /** Of a capture; null = of another tool. */
  packets: ToolRunPackets | null;
  /** Statement foretop-receipt+jwt, signed by the host. */
  receipt: string | null;
}

/** offered: a signature is due on some host and none runs. running: on one host at least. ended: on all. */
export type ToolRunStatus = 'offered' | 'running' | 'ended';

/** One question to several hosts at once. */
export type ToolRun = ToolRequest & {
  /** 32 hex digits. */
  id: string;
  /** What it is aimed at, as typed; empty = nothing. */
  target: string;
  /** Who asked, as in the audit. */
  operator: string;
  status: ToolRunStatus;
  createdAt: string;
  endedAt: string | null;
  /** Those in sight of who asks. */
  hosts: ToolRunHost[];
};

export type ToolRunList = List<ToolRun>;

/** Answer of POST /tool-runs: an offer of each host that made one; the others stand in the run with their reason. */
export interface ToolRunAsked {
  run: ToolRun;
  offers: CommandOffer[];
}

/** The body of POST /tool-runs/{id}/sign. */
export interface ToolRunSignatures {
  signatures: CommandSignature[];
}

/** Answer of POST /tool-runs/{id}/sign: it was sent to the hosts, but for those named here, whose offers stand. */
export interface ToolRunSigned {
  run: ToolRun;
  faults: { requestId: string; code: string; detail: string }[];
}

/** One thing that one host said, in the order in which the collector kept it. */
export interface ToolRunEvent {
  /** Within the run: rises, and bears holes. */
  number: number;
  hostId: number;
  at: string;
  event: ToolEvent;
}

/** What GET /tool-runs/{id}/events streams: `event: said` with a ToolRunEvent, `event: run` with the ToolRun when it changed. */
export type ToolRunMessage = { kind: 'said'; said: ToolRunEvent } | { kind: 'run'; run: ToolRun };

/** A host as somebody may look from it. */
export interface ToolHost {
  hostId: number;
  hostName: string;
  /** As its own file says; null = its agent never told. */
  allowed: Capability[] | null;
  weakestSigner: Signer | null;
  /** Why a probe of who asks cannot be expected to be taken; empty = it can. */
  why: string;
}

export type ToolHostList = List<ToolHost>;

/** What a watch measured within some time. */
export interface WatchFigures {
  sent: number;
  lost: number;
  /** Microseconds, of those answered; null = none was. */
  rttMeanUs: number | null;
  rttMaxUs: number | null;
}

/** active: the host measures. stopping: it was told to stop, or will be once it connects. ended: it was stopped, or its time is over. */
export type WatchStatus = 'active' | 'stopping' | 'ended';

export interface Watch {
  /** 16 hex digits. */
  id: string;
  runId: string;
  hostId: number;
  hostName: string;
  target: string;
  protocol: 'icmp' | 'tcp';
  port: number | null;
  intervalSeconds: number;
  operator: string;
  status: WatchStatus;
  createdAt: string;
  expiresAt: string;
  /** Of the newest five minutes on record; null = nothing was measured in the last hour. */
  latest: (WatchFigures & { at: string }) | null;
}

export type WatchList = List<Watch>;

export interface WatchPoint extends WatchFigures {
  time: string;
  /** Seconds of the step that are on record. */
  seconds: number;
}

export interface WatchSeries extends List<WatchPoint> {
  watchId: string;
  hostId: number;
  stepSeconds: number;
}

/** Who of the fleet has to do with an address. Where it is says GET /places. */
export interface AddressFacts {
  address: string;
  /** Names by which hosts looked for it or addressed it, newest first. */
  knownAs: string[];
  /** Hosts in sight that talked to it in the last day, those with most bytes first. */
  hosts: {
    hostId: number;
    hostName: string;
    connections: number;
    rxBytes: number;
    txBytes: number;
    processes: string[];
    lastSeenAt: string;
  }[];
  asOf: string;
}
