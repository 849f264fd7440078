// The messages between collector and browser, field by field as foretop/v1/live.proto and facts.proto have them.
import type { Fields } from './browser-wire.ts';

export const viewerFrameFields: Fields = [
  ['fleet', 1, 'bool'],
  ['hostId', 2, 'number'],
  ['sections', 3, 'number', 'many'],
  ['rateHz', 4, 'number'],
];

const fleetTickFields: Fields = [
  ['timeUs', 1, 'number'],
  ['complete', 2, 'bool'],
  ['hostId', 3, 'number', 'many'],
  ['status', 4, 'number', 'many'],
  ['rxRate', 5, 'number', 'many'],
  ['txRate', 6, 'number', 'many'],
  ['connections', 7, 'number', 'many'],
  ['cpuPermille', 8, 'number', 'many'],
  ['memoryUsedBytes', 9, 'number', 'many'],
  ['memoryTotalBytes', 10, 'number', 'many'],
  ['lastSeenUs', 11, 'number', 'many'],
  ['directoryVersion', 12, 'number'],
  ['coveragePermille', 13, 'number', 'many'],
  ['rxHistory', 14, 'number', 'many'],
  ['txHistory', 15, 'number', 'many'],
  ['eventsLost', 16, 'number', 'many'],
  ['givenUp', 17, 'number', 'many'],
];

const bandwidthSampleFields: Fields = [
  ['rxRate', 1, 'number'],
  ['txRate', 2, 'number'],
  ['loopbackRate', 3, 'number'],
];

const liveConnectionFields: Fields = [
  ['handle', 1, 'number'],
  ['id', 2, 'string'],
  ['cookie', 3, 'number'],
  ['protocol', 4, 'number'],
  ['state', 5, 'number'],
  ['direction', 6, 'number'],
  ['localAddress', 7, 'bytes'],
  ['localPort', 8, 'number'],
  ['remoteAddress', 9, 'bytes'],
  ['remotePort', 10, 'number'],
  ['pid', 11, 'number'],
  ['comm', 12, 'string'],
  ['uid', 13, 'number'],
  ['startedUs', 14, 'number'],
  ['startedBefore', 15, 'bool'],
  ['rxBytes', 16, 'number', 'optional'],
  ['txBytes', 17, 'number', 'optional'],
  ['rxRate', 18, 'number', 'optional'],
  ['txRate', 19, 'number', 'optional'],
  ['rttUs', 20, 'number', 'optional'],
  ['retransmissions', 21, 'number', 'optional'],
  ['name', 22, 'string'],
  ['nameSource', 23, 'number'],
  ['pidStartTicks', 24, 'number'],
  ['alpn', 25, 'string'],
  ['ownerRule', 26, 'number'],
];

const connectionUpdatesFields: Fields = [
  ['handle', 1, 'number', 'many'],
  ['state', 2, 'number', 'many'],
  ['rxBytes', 3, 'number', 'many'],
  ['txBytes', 4, 'number', 'many'],
  ['rxRate', 5, 'number', 'many'],
  ['txRate', 6, 'number', 'many'],
  ['rttUs', 7, 'number', 'many'],
  ['retransmissions', 8, 'number', 'many'],
  ['known', 9, 'number', 'many'],
  ['pid', 10, 'number', 'many'],
];

const processFields: Fields = [
  ['pid', 1, 'number'],
  ['startTicks', 2, 'number'],
  ['startedUs', 3, 'number'],
  ['parentPid', 4, 'number'],
  ['parentStartTicks', 5, 'number'],
  ['comm', 6, 'string'],
  ['executable', 7, 'string'],
  ['commandLine', 8, 'string'],
  ['uid', 9, 'number'],
  ['user', 10, 'string'],
  ['cgroup', 11, 'string'],
  ['exited', 12, 'bool'],
  ['exitedUs', 13, 'number'],
  ['unit', 14, 'string'],
  ['containerRuntime', 15, 'string'],
  ['containerId', 16, 'string'],
];

const liveProcessFields: Fields = [
  ['identity', 1, processFields],
  ['cpuPermille', 2, 'number'],
  ['memoryBytes', 3, 'number'],
  ['threads', 4, 'number'],
  ['connections', 5, 'number'],
  ['descriptors', 6, 'number'],
  ['state', 7, 'string'],
  ['rxRate', 8, 'number', 'optional'],
  ['txRate', 9, 'number', 'optional'],
];

const processUpdatesFields: Fields = [
  ['pid', 1, 'number', 'many'],
  ['cpuPermille', 2, 'number', 'many'],
  ['memoryBytes', 3, 'number', 'many'],
  ['threads', 4, 'number', 'many'],
  ['connections', 5, 'number', 'many'],
  ['descriptors', 6, 'number', 'many'],
  ['rxRate', 7, 'number', 'many'],
  ['txRate', 8, 'number', 'many'],
];

const interfaceSampleFields: Fields = [
  ['name', 1, 'string'],
  ['up', 2, 'bool'],
  ['rxBytes', 3, 'number'],
  ['txBytes', 4, 'number'],
  ['rxRate', 5, 'number'],
  ['txRate', 6, 'number'],
  ['rxPackets', 7, 'number'],
  ['txPackets', 8, 'number'],
  ['rxErrors', 9, 'number'],
  ['txErrors', 10, 'number'],
  ['rxDrops', 11, 'number'],
  ['txDrops', 12, 'number'],
  ['speedMbit', 13, 'number'],
  ['mtu', 14, 'number'],
  ['addresses', 15, 'string', 'many'],
  ['hardwareAddress', 16, 'string'],
];

const liveDnsFields: Fields = [
  ['askedUs', 1, 'number'],
  ['answered', 2, 'bool'],
  ['latencyUs', 3, 'number', 'optional'],
  ['pid', 4, 'number'],
  ['pidStartTicks', 5, 'number'],
  ['comm', 6, 'string'],
  ['transport', 7, 'number'],
  ['kind', 8, 'number'],
  ['role', 9, 'number'],
  ['peerAddress', 10, 'bytes'],
  ['peerPort', 11, 'number'],
  ['name', 12, 'string'],
  ['type', 13, 'number'],
  ['rcode', 14, 'number'],
  ['truncated', 15, 'bool'],
  ['addresses', 16, 'bytes', 'many'],
  ['canonicalNames', 17, 'string', 'many'],
];

const liveFrameFields: Fields = [
  ['sequence', 1, 'number'],
  ['boottimeUs', 2, 'number'],
  ['keyFrame', 3, 'bool'],
  ['bandwidth', 4, bandwidthSampleFields],
  ['opened', 5, liveConnectionFields, 'many'],
  ['updates', 6, connectionUpdatesFields],
  ['closed', 7, 'number', 'many'],
  ['started', 8, liveProcessFields, 'many'],
  ['processUpdates', 9, processUpdatesFields],
  ['exited', 10, 'number', 'many'],
  ['interfaces', 11, interfaceSampleFields, 'many'],
  ['hasConnections', 12, 'bool'],
  ['hasProcesses', 13, 'bool'],
  ['dns', 14, liveDnsFields, 'many'],
];

const historySampleFields: Fields = [
  ['timeUs', 1, 'number'],
  ['rxRate', 2, 'number'],
  ['txRate', 3, 'number'],
];

const hostLiveFields: Fields = [
  ['hostId', 1, 'number'],
  ['status', 2, 'number'],
  ['timeUs', 3, 'number'],
  ['frame', 4, liveFrameFields],
  ['history', 5, historySampleFields, 'many'],
];

const noticeFields: Fields = [
  ['code', 1, 'string'],
  ['message', 2, 'string'],
];

const findingsTickFields: Fields = [
  ['revision', 1, 'number'],
  ['newFindings', 2, 'number', 'many'],
];

export const serverFrameFields: Fields = [
  ['fleet', 1, fleetTickFields],
  ['host', 2, hostLiveFields],
  ['notice', 3, noticeFields],
  ['findings', 4, findingsTickFields],
];
