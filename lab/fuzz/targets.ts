// What is fuzzed: each takes one input, and must return, whatever it is.
import { hex } from '../../agent/test/packets.ts';
import { parseDnsMessage } from '../../agent/src/inspect/dns/message.ts';
import { Inspector } from '../../agent/src/inspect/inspector.ts';
import { PacketDecoder } from '../../agent/src/inspect/packet/decoder.ts';
import type { Payload } from '../../agent/src/inspect/payload.ts';
import { CaptureReader } from '../../agent/src/inspect/pcap/capture-reader.ts';
import { CryptoPieces } from '../../agent/src/inspect/quic/crypto-pieces.ts';
import { visitCrypto } from '../../agent/src/inspect/quic/frames.ts';
import { QuicHelloFlow } from '../../agent/src/inspect/quic/hello-flow.ts';
import { Replayer } from '../../agent/src/inspect/replay/replayer.ts';
import { HelloFlow } from '../../agent/src/inspect/tls/hello-flow.ts';
import { readControlMessages } from '../../agent/src/host/linux/control-messages.ts';
import { readAnswer } from '../../agent/src/tools/dns/answer.ts';
import { readEchoReply, readQuotedEcho } from '../../agent/src/tools/icmp.ts';
import { readQuotedSyn, readSynAnswer } from '../../agent/src/tools/tcp-segment.ts';
import { firstLineOf } from '../../agent/src/tools/text.ts';
import type { Seeds } from './seeds.ts';

export type Target = (input: Uint8Array) => void;

interface Fuzzed {
  /** What its inputs are made of. */
  seeds: (keyof Seeds)[];
  /** One with no state of an earlier run. */
  open: () => Target;
}

export const targets: Record<string, Fuzzed> = {
  dns: { seeds: ['dns'], open: () => (input) => void parseDnsMessage(input) },
  'dns-answer': { seeds: ['answers'], open: () => (input) => void readAnswer(input) },
  // What one datagram or one message of the kernel holds; a longer one is not read.
  'probe-answer': {
    seeds: ['probes', 'packets'],
    open: () => (whole) => {
      const input = whole.subarray(0, 2_048);
      for (const version of [4, 6] as const) {
        readEchoReply(version, input);
        readQuotedEcho(version, input);
      }
      readSynAnswer(input, [443]);
      readQuotedSyn(input, [443]);
      readControlMessages(input, input.length);
    },
  },
  banner: {
    seeds: ['probes', 'tls'],
    open: () => (whole) => {
      const line = firstLineOf(whole.subarray(0, 1_024), 200);
      if (line.length > 200 || /[\p{C}\p{Zl}\p{Zp}]/u.test(line)) throw new Error(`a terminal would obey '${line}'`);
    },
  },
  tls: {
    seeds: ['tls'],
    open: () => (input) => {
      const flow = new HelloFlow();
      const middle = input.length >> 1;
      flow.push(1, input.subarray(0, middle));
      flow.push(1 + middle, input.subarray(middle));
      flow.finish();
    },
  },
  quic: {
    seeds: ['quic'],
    open: () => (input) => {
      const flow = new QuicHelloFlow();
      flow.push(input, 'tx');
      flow.finish();
    },
  },
  'quic-frames': {
    seeds: ['frames'],
    open: () => (input) => {
      const pieces = new CryptoPieces();
      visitCrypto(input, (offset, data) => void pieces.add(offset, data));
      pieces.hello();
      pieces.finish();
    },
  },
  packet: {
    seeds: ['packets'],
    open: () => {
      const decoder = new PacketDecoder({ transport: () => {}, unreachable: () => {} });
      const links = [0, 1, 1, 1, 9, 10, 50, 101, 104, 108, 113, 276];
      let packets = 0;
      return (input) => void decoder.decode(links[packets % links.length]!, input, (packets++ * 1_000) % 1e12);
    },
  },
  pcap: {
    seeds: ['files'],
    open: () => (input) => {
      const reader = new CaptureReader(() => {});
      reader.push(input);
      reader.end();
    },
  },
  inspector: {
    seeds: ['dns', 'tls', 'quic'],
    open: () => {
      const inspector = new Inspector({ dns: () => {}, sni: () => {} }, { quicPacketsPerSecond: 500 });
      let payloads = 0;
      return (input) => {
        inspector.inspect(payloadOf(input, payloads++));
        if (payloads % 1_000 === 0) inspector.expire(payloads * 100);
      };
    },
  },
  replay: {
    seeds: ['packets'],
    open: () => {
      let replayer = new Replayer(() => {});
      let packets = 0;
      return (bytes) => {
        replayer.packet({ linkType: 1, bytes, wireBytes: bytes.length, timeUs: packets * 500 });
        if (++packets % 200_000 !== 0) return;
        replayer.end();
        replayer = new Replayer(() => {});
      };
    },
  },
};

const local = hex('0a000001');

/** The input's own bytes choose the flow, so that flows get several segments. */
function payloadOf(bytes: Uint8Array, number: number): Payload {
  const choice = (bytes[0] ?? 0) ^ (bytes.at(-1) ?? 0);
  const kind = (['dns', 'tls', 'quic'] as const)[number % 3]!;
  return {
    kind,
    cookie: choice % 7,
    protocol: kind === 'tls' || (kind === 'dns' && choice > 128) ? 6 : 17,
    direction: (choice & 8) === 0 ? 'tx' : 'rx',
    localAddress: () => local,
    localPort: 40_000 + ((number >> 6) % 5_000),
    remoteAddress: () => local,
    remotePort: [53, 5353, 5355, 443][choice & 3]!,
    boottimeUs: number * 100,
    sequence: choice * 11,
    bytes,
    payloadBytes: bytes.length,
    owner: () => undefined,
  };
}
