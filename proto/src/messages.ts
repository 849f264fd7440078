// The generated messages of agents and collectors under short names.
import './runtime.ts';
import { foretop } from './gen/agent.js';

export const {
  AgentFrame,
  CollectorFrame,
  BatchBody,
  NameSource,
  Direction,
  Metric,
  LiveSection,
  LiveFrame,
  OwnerRule,
  DnsTransport,
  DnsKind,
  DnsRole,
  ScanKind,
} = foretop.v1;

type V1 = typeof foretop.v1;
type Properties<T extends keyof V1> = V1[T] extends new (properties?: infer P) => unknown ? NonNullable<P> : never;

export type AgentFrame = Properties<'AgentFrame'>;
export type CollectorFrame = Properties<'CollectorFrame'>;
export type BatchBody = Properties<'BatchBody'>;
export type Challenge = Properties<'Challenge'>;
export type Hello = Properties<'Hello'>;
export type Enrolment = Properties<'Enrolment'>;
export type SpooledEpoch = Properties<'SpooledEpoch'>;
export type Welcome = Properties<'Welcome'>;
export type Settings = Properties<'Settings'>;
export type SealedBatch = Properties<'SealedBatch'>;
export type Ack = Properties<'Ack'>;
export type Pulse = Properties<'Pulse'>;
export type Watch = Properties<'Watch'>;
export type Goodbye = Properties<'Goodbye'>;
export type OfferRequest = Properties<'OfferRequest'>;
export type OfferAnswer = Properties<'OfferAnswer'>;
export type RunTool = Properties<'RunTool'>;
export type ToolOutput = Properties<'ToolOutput'>;
export type CancelCommand = Properties<'CancelCommand'>;
export type CommandRefusal = Properties<'CommandRefusal'>;
export type SignedCommand = Properties<'SignedCommand'>;
export type PasskeyAssertion = Properties<'PasskeyAssertion'>;
export type CommandProgress = Properties<'CommandProgress'>;
export type CommandReceipt = Properties<'CommandReceipt'>;
export type TrustUpdate = Properties<'TrustUpdate'>;
export type AuditHead = Properties<'AuditHead'>;
export type HostPolicy = Properties<'HostPolicy'>;
export type HostFacts = Properties<'HostFacts'>;
export type ClockReading = Properties<'ClockReading'>;
export type Source = Properties<'Source'>;
export type Process = Properties<'Process'>;
export type ConnectionSegment = Properties<'ConnectionSegment'>;
export type MetricChunk = Properties<'MetricChunk'>;
export type MetricSeries = Properties<'MetricSeries'>;
export type ProcessMinute = Properties<'ProcessMinute'>;
export type DnsExchange = Properties<'DnsExchange'>;
export type ScanEvidence = Properties<'ScanEvidence'>;
export type CardSighting = Properties<'CardSighting'>;
export type Gap = Properties<'Gap'>;
export type LiveFrame = Properties<'LiveFrame'>;
export type LiveConnection = Properties<'LiveConnection'>;
export type LiveProcess = Properties<'LiveProcess'>;
export type ConnectionUpdates = Properties<'ConnectionUpdates'>;
export type ProcessUpdates = Properties<'ProcessUpdates'>;
export type LiveDns = Properties<'LiveDns'>;
export type BandwidthSample = Properties<'BandwidthSample'>;
export type InterfaceSample = Properties<'InterfaceSample'>;
export type NameSource = foretop.v1.NameSource;
export type Direction = foretop.v1.Direction;
export type Metric = foretop.v1.Metric;
export type LiveSection = foretop.v1.LiveSection;
export type OwnerRule = foretop.v1.OwnerRule;
export type DnsTransport = foretop.v1.DnsTransport;
export type DnsKind = foretop.v1.DnsKind;
export type DnsRole = foretop.v1.DnsRole;
export type ScanKind = foretop.v1.ScanKind;
