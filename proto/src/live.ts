// The part of the protocol that a browser needs, importable by itself as `@foretop/proto/live`.
import './runtime.ts';
import { foretop } from './gen/live.js';

export const { ViewerFrame, ServerFrame, LiveSection, HostStatus, Direction, NameSource } = foretop.v1;

type V1 = typeof foretop.v1;
type Properties<T extends keyof V1> = V1[T] extends new (properties?: infer P) => unknown ? NonNullable<P> : never;

export type ViewerFrame = Properties<'ViewerFrame'>;
export type ServerFrame = Properties<'ServerFrame'>;
export type FleetTick = Properties<'FleetTick'>;
export type HostLive = Properties<'HostLive'>;
export type HistorySample = Properties<'HistorySample'>;
export type Notice = Properties<'Notice'>;
export type LiveFrame = Properties<'LiveFrame'>;
export type LiveConnection = Properties<'LiveConnection'>;
export type LiveProcess = Properties<'LiveProcess'>;
export type ConnectionUpdates = Properties<'ConnectionUpdates'>;
export type ProcessUpdates = Properties<'ProcessUpdates'>;
export type InterfaceSample = Properties<'InterfaceSample'>;
export type LiveSection = foretop.v1.LiveSection;
export type HostStatus = foretop.v1.HostStatus;
export type Direction = foretop.v1.Direction;
export type NameSource = foretop.v1.NameSource;

export { formatAddress } from './address.ts';
export { stateName, stateNames } from './tcp-state.ts';
export type { StateName } from './tcp-state.ts';
export { closeNameOf, closeReasons } from './close-codes.ts';
export type { CloseName } from './close-codes.ts';
