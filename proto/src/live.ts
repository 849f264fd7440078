// The part of the protocol that a browser needs, importable by itself as `@foretop/proto/live`.
import { serverFrameFields, viewerFrameFields } from './browser-messages.ts';
import { decodeMessage, encodeMessage, type Fields } from './browser-wire.ts';
import type { foretop } from './gen/live.js';

const codec = <Frame extends object>(fields: Fields) => ({
  /** Throws RangeError when the bytes are no message. */
  decode: (bytes: Uint8Array): Frame => decodeMessage(fields, bytes) as Frame,
  encode: (frame: Frame) => ({ finish: () => encodeMessage(fields, frame) }),
});

/** What a browser sends. */
export const ViewerFrame = codec<ViewerFrame>(viewerFrameFields);
/** What a browser gets. */
export const ServerFrame = codec<ServerFrame>(serverFrameFields);

export const LiveSection = {
  LIVE_SECTION_UNSPECIFIED: 0,
  LIVE_SECTION_BANDWIDTH: 1,
  LIVE_SECTION_CONNECTIONS: 2,
  LIVE_SECTION_PROCESSES: 3,
  LIVE_SECTION_INTERFACES: 4,
  LIVE_SECTION_DNS: 5,
} as unknown as typeof foretop.v1.LiveSection;

export const HostStatus = {
  HOST_STATUS_UNSPECIFIED: 0,
  HOST_STATUS_LIVE: 1,
  HOST_STATUS_STALE: 2,
  HOST_STATUS_OFFLINE: 3,
  HOST_STATUS_REVOKED: 4,
} as unknown as typeof foretop.v1.HostStatus;

type V1 = typeof foretop.v1;
type Properties<T extends keyof V1> = V1[T] extends new (properties?: infer P) => unknown ? NonNullable<P> : never;

export type ViewerFrame = Properties<'ViewerFrame'>;
export type ServerFrame = Properties<'ServerFrame'>;
export type FleetTick = Properties<'FleetTick'>;
export type HostLive = Properties<'HostLive'>;
export type HistorySample = Properties<'HistorySample'>;
export type Notice = Properties<'Notice'>;
export type FindingsTick = Properties<'FindingsTick'>;
export type LiveSection = foretop.v1.LiveSection;
export type HostStatus = foretop.v1.HostStatus;

export type {
  ConnectionUpdates,
  Direction,
  InterfaceSample,
  LiveConnection,
  LiveDns,
  LiveFrame,
  LiveProcess,
  NameSource,
  OwnerRule,
  ProcessUpdates,
} from './messages.ts';
export { formatAddress } from './address.ts';
export { kindOfAddress } from './address-kind.ts';
export { stateName, stateNames } from './tcp-state.ts';
export type { StateName } from './tcp-state.ts';
export { sessionEnded } from './close-codes.ts';
