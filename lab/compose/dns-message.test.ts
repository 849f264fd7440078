// Questions as a resolver sends them, answers as a resolver takes them, and bytes that are neither.
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { expect, test } from 'vitest';
import { readQuestion, writeAnswer } from './dns-message.ts';

test('a resolver understands the answers', async () => {
  const server = createSocket('udp4');
  server.on('message', (message, { address, port }) => {
    const question = readQuestion(message)!;
    server.send(writeAnswer(question, question.name === 'shop.lab' ? '192.0.2.7' : undefined, 30), port, address);
  });
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${server.address().port}`]);
  expect(await resolver.resolve4('Shop.lab', { ttl: true })).toEqual([{ address: '192.0.2.7', ttl: 30 }]);
  await expect(resolver.resolve6('shop.lab')).rejects.toMatchObject({ code: 'ENODATA' });
  await expect(resolver.resolve4('other.lab')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  server.close();
});

test.each([
  ['nothing', ''],
  ['a header alone', '000101000001000000000000'],
  ['two questions', '0001010000020000000000000161000001000100'],
  ['an answer', '00018100000100000000000001610000010001'],
  ['a label beyond the end', '0001010000010000000000003f610000010001'],
  ['a compressed question', '000101000001000000000000c00c0000010001'],
])('%s is no question', (_name, hex) => {
  expect(readQuestion(Buffer.from(hex, 'hex'))).toBeUndefined();
});
