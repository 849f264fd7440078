// A resolver of the host itself, as systemd-resolved is: each process is named for what it asked, by the kernel's own sockets.
import { DnsRole, formatAddress } from '@foretop/proto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { skipsHere, Talker } from '../host/engine.linux-traffic.ts';
import { openHostCollector } from './collector.ts';
import type { TrackedDns } from './tick.ts';

const stub = '127.0.0.153';
const upstream = '127.0.0.154';
const questions = 20;

const resolver = `
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 53)); say(os.getpid())
for i in range(${questions}):
    query, asker = s.recvfrom(512)
    if len(sys.argv) > 2:
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.settimeout(20)
        u.sendto(query, (sys.argv[2], 53)); answer = u.recv(512); u.close()
    else:
        head = query[:2] + bytes([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0])
        answer = head + query[12:] + bytes([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7])
    s.sendto(answer, asker)
wait()
`;

const client = `
for i in range(${questions}):
    c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); c.settimeout(20)
    name = b''.join(bytes([len(part)]) + part for part in (b'n%d' % i, b'stub', b'test'))
    c.sendto(struct.pack('>6H', i, 0x100, 1, 0, 0, 0) + name + bytes([0, 0, 1, 0, 1]), (sys.argv[1], 53)); c.recv(512); c.close()
say(os.getpid()); wait()
`;

describe.skipIf(skipsHere('a resolver of the host itself'))('a question to a stub', () => {
  it(
    'is told with who asked, the stub that was asked and asked in turn, and who answered',
    { timeout: 60_000 },
    async () => {
      using collector = openHostCollector({ log: pino({ level: 'silent' }) });
      collector.tick();
      await using far = new Talker(resolver, { args: [upstream] });
      await far.answer<number>();
      await using near = new Talker(resolver, { args: [stub, upstream] });
      await near.answer<number>();
      await using asker = new Talker(client, { args: [stub] });
      await asker.answer<number>();

      const seen: TrackedDns[] = [];
      for (let looks = 0; looks < 20 && seen.length < 4 * questions; looks++) {
        await sleep(250);
        const ours = (collector.tick().dns ?? []).filter(({ exchange }) => exchange.name.endsWith('.stub.test'));
        seen.push(...ours);
      }
      const told = seen.map(({ exchange: { role, peerAddress, name, answered, addresses }, pid }) => {
        const side = role === DnsRole.DNS_ROLE_CLIENT ? `asks ${formatAddress(peerAddress)}` : 'is asked';
        return `${name} ${pid} ${side} ${answered ? addresses.map(formatAddress).join() : 'in vain'}`;
      });
      const expected = Array.from({ length: questions }, (_, index) => [
        `n${index}.stub.test ${asker.pid} asks ${stub} 192.0.2.7`,
        `n${index}.stub.test ${near.pid} is asked 192.0.2.7`,
        `n${index}.stub.test ${near.pid} asks ${upstream} 192.0.2.7`,
        `n${index}.stub.test ${far.pid} is asked 192.0.2.7`,
      ]);
      expect(told.sort()).toEqual(expected.flat().sort());
    },
  );
});
