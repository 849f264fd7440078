// What the valid vectors of protocol version 4 hold: tools that are asked for, what they say while they run, and their end.
import type { AgentFrame, CollectorFrame } from '../src/index.ts';

const requestId = Uint8Array.from({ length: 16 }, (_, i) => (0xd0 + i) & 255);

export const agentFrames: Record<string, [about: string, frame: AgentFrame]> = {
  'hello-time-zone': [
    'a host says in which time zone it is',
    {
      hello: {
        ...{ protocolVersion: 4, minimumVersion: 1, agentVersion: '0.1.0', jwt: 'header.claims.signature' },
        machineId: Uint8Array.from({ length: 32 }, (_, i) => i),
        host: { name: 'web-1', os: 'Debian GNU/Linux 12 (bookworm)', timeZone: 'Asia/Kolkata' },
        clock: { bootId: Uint8Array.from({ length: 16 }, (_, i) => i), boottimeUs: 1_000_000, wallUs: 1_793_577_600e6 },
        ...{ scope: 'machine', tier: 1 },
      },
    },
  ],
  'tool-output': [
    'two events of a ping',
    {
      toolOutput: {
        requestId,
        sequence: 1,
        events: [
          '{"kind":"resolved","target":"example.com","address":"192.0.2.7","addresses":["192.0.2.7"]}',
          '{"kind":"ping","attempt":1,"outcome":"answered","rttUs":81234,"ttl":57}',
        ],
      },
    },
  ],
  'tool-output-packets': [
    'packets of a capture',
    { toolOutput: { requestId, sequence: 4_294_967_295, packets: Uint8Array.of(0x0a, 0x0d, 0x0d, 0x0a) } },
  ],
};

export const collectorFrames: Record<string, [about: string, frame: CollectorFrame]> = {
  'offer-request-run-tool': [
    'asks what would happen if this host pinged another',
    {
      offerRequest: {
        requestId,
        operator: 'account alice',
        runTool: {
          tool: 'ping',
          parameters:
            '{"target":"example.com","protocol":"icmp","count":4,"intervalMs":1000,"payloadBytes":56,"family":"any"}',
        },
      },
    },
  ],
  'cancel-command': ['nobody looks any more', { cancel: { requestId } }],
};
