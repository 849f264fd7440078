// Holds back packets for so many milliseconds, where the kernel has no netem: the other end of a netfilter queue.
//
//   node packet-delay.ts MILLISECONDS QUEUE
//
// Prints "ready" once packets of that queue in its network namespace are taken.
import { openLibc, systemCallError } from '../../agent/src/host/linux/libc.ts';

// linux/netlink.h, linux/netfilter/nfnetlink.h, linux/netfilter/nfnetlink_queue.h
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_NETFILTER = 12;
const NFNL_SUBSYS_QUEUE = 3 << 8;
const messages = { packet: 0, verdict: 1, config: 2 } as const;
const attributes = { packetHeader: 1, verdictHeader: 2 } as const;
const configs = { command: 1, parameters: 2 } as const;
const NFQNL_CFG_CMD_BIND = 1;
const NFQNL_COPY_META = 1;
const NF_ACCEPT = 1;
const NLM_F_REQUEST = 1;
const MSG_DONTWAIT = 0x40;
const headerBytes = 20;

const [delayMs, queue] = process.argv.slice(2).map(Number) as [number, number];
const libc = openLibc();
const fd = libc.socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
const kernel = new Uint8Array(12);
kernel[0] = AF_NETLINK;
if (fd < 0 || libc.bind(fd, kernel, kernel.length) !== 0) throw systemCallError(libc, 'Opening a netfilter queue');

function send(type: number, ...parts: Uint8Array[]): void {
  const body = Buffer.concat(parts);
  const bytes = Buffer.alloc(headerBytes + body.length);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt16LE(NFNL_SUBSYS_QUEUE | type, 4);
  bytes.writeUInt16LE(NLM_F_REQUEST, 6);
  bytes.writeUInt16BE(queue, 18);
  body.copy(bytes, headerBytes);
  if (libc.sendto(fd, bytes, bytes.length, 0, kernel, kernel.length) < 0)
    throw systemCallError(libc, 'Sending to the kernel');
}

function attribute(type: number, data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc((4 + data.length + 3) & ~3);
  bytes.writeUInt16LE(4 + data.length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(data, 4);
  return bytes;
}

const held: { id: Buffer; dueMs: number }[] = [];
const received = Buffer.alloc(65_536);

function take(): void {
  for (;;) {
    const length = libc.recv(fd, received, received.length, MSG_DONTWAIT);
    if (length < 0) return;
    for (let at = 0; at + headerBytes <= length;) {
      const size = received.readUInt32LE(at);
      if (received.readUInt16LE(at + 4) === (NFNL_SUBSYS_QUEUE | messages.packet)) hold(at + headerBytes, at + size);
      at += (Math.max(size, 16) + 3) & ~3;
    }
  }
}

function hold(start: number, end: number): void {
  for (let at = start; at + 4 <= end;) {
    const size = received.readUInt16LE(at);
    if ((received.readUInt16LE(at + 2) & 0x7fff) === attributes.packetHeader)
      held.push({ id: Buffer.from(received.subarray(at + 4, at + 8)), dueMs: performance.now() + delayMs });
    at += (Math.max(size, 4) + 3) & ~3;
  }
}

function release(): void {
  while (held[0] && held[0].dueMs <= performance.now()) {
    const { id } = held.shift()!;
    const verdict = Buffer.alloc(8);
    verdict.writeUInt32BE(NF_ACCEPT, 0);
    id.copy(verdict, 4);
    send(messages.verdict, attribute(attributes.verdictHeader, verdict));
  }
}

send(messages.config, attribute(configs.command, Buffer.from([NFQNL_CFG_CMD_BIND, 0, 0, 2])));
send(messages.config, attribute(configs.parameters, Buffer.from([0, 0, 0, 0, NFQNL_COPY_META])));
setInterval(() => {
  take();
  release();
}, 1);
console.log('ready');
