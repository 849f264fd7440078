// What is fuzzed: each takes one input, and must return, whatever it is.
import {
  compileFilter,
  decodePacket,
  FilterFault,
  parseFilter,
  PcapngFault,
  PcapngReader,
} from '@foretop/proto/capture';
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
import { headersOfEthernet } from '../../agent/src/tools/capture/cut.ts';
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
  decode: {
    seeds: ['packets'],
    open: () => {
      const links = [0, 1, 1, 1, 1, 101, 108, 113, 276];
      let packets = 0;
      return (bytes) => {
        const linkType = links[packets++ % links.length]!;
        const { layers, info, source } = decodePacket({ linkType, bytes, original: bytes.length + (packets & 1) });
        const texts = [
          info,
          source,
          ...layers.flatMap(({ fields }) => fields.flatMap(({ name, value }) => [name, value])),
        ];
        const evil = texts.find((text) => /[\p{C}\p{Zl}\p{Zp}]/u.test(text) || text.length > 8_200);
        if (evil !== undefined) throw new Error(`a page would obey, or not hold '${evil.slice(0, 200)}'`);
        const isOutside = ({ from, to }: { from: number; to: number }) => from < 0 || to < from || to > bytes.length;
        if (layers.some((layer) => isOutside(layer) || layer.fields.some(isOutside)))
          throw new Error('a field stands outside of the packet');
      };
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
  pcapng: {
    seeds: ['captures'],
    open: () => (input) => {
      const reader = new PcapngReader();
      const middle = input.length >> 1;
      try {
        reader.push(input.subarray(0, middle));
        reader.push(input.subarray(middle));
      } catch (error) {
        if (!(error instanceof PcapngFault)) throw error;
      }
      if (reader.pending > input.length) throw new Error(`${reader.pending} bytes of ${input.length} wait`);
    },
  },
  // As typed; the jumps of what is made of it stay within it.
  filter: {
    seeds: ['filters'],
    open: () => (input) => {
      const text = Buffer.from(input).toString('latin1');
      const at = compiled(text, text.length % 2 === 0 ? 'ethernet' : 'network');
      if (!(at >= 0 && at <= text.length)) throw new Error(`a fault at ${at} of '${text}'`);
    },
  },
  headers: {
    seeds: ['packets'],
    open: () => (input) => {
      const end = headersOfEthernet(input);
      if (!(end >= 0 && end <= input.length)) throw new Error(`headers of ${end} bytes among ${input.length}`);
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

// linux/bpf_common.h
const BPF_JMP = 5;
const BPF_RET = 6;

/** @returns where the fault is; 0 = there is none. */
function compiled(text: string, begins: 'ethernet' | 'network'): number {
  try {
    const program = compileFilter(parseFilter(text), { begins, snapBytes: 96, loopback: 'once' });
    for (const [index, { code, jt, jf, k }] of program.entries()) {
      const farthest = (code & 7) !== BPF_JMP ? 0 : code === BPF_JMP ? k : Math.max(jt, jf);
      const isBad = (code & 7) !== BPF_RET && index + 1 + farthest >= program.length;
      if (isBad || jt > 255 || jf > 255) throw new Error(`'${text}' leads out of its program at ${index}`);
    }
    return 0;
  } catch (error) {
    if (error instanceof FilterFault) return error.at;
    throw error;
  }
}

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
