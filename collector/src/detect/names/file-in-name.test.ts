import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { fileInName } from './file-in-name.ts';

const archive = gzipSync(Buffer.from('quarterly figures, not for anybody else'));
const pages = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.from([0xfb, 0xff, 0xbe]), Buffer.alloc(24, 7)]);
const asName = (text: string) =>
  text
    .toLowerCase()
    .match(/.{1,57}/g)
    ?.join('.') ?? '';
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const base32 = (bytes: Buffer) =>
  [...bytes]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
    .match(/.{5}/g)
    ?.map((five) => alphabet[Number.parseInt(five, 2)])
    .join('') ?? '';

it.each([
  ['hexadecimal', 'gzip', archive.toString('hex')],
  ['base 32', 'gzip', base32(archive)],
  ['base 64 with padding', 'gzip', `${archive.toString('base64')}=`],
  ['base 64 with stars', 'PDF', pages.toString('base64').replaceAll('+', '*')],
  ['base 64 for addresses', 'PDF', pages.toString('base64url').replace('-', '_')],
])('a file is seen in one name: %s', (_, format, text) => {
  expect(fileInName(asName(text))).toBe(format);
});

it.each([
  ['a hash', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['a file that is no known one', Buffer.from('nothing that anybody has a format for').toString('hex')],
  ['a host whose letters are those of base 64', 'h4sicn03a2qaa3rlc3qudhh0aavjycxw'],
  ['a short label', '1f8b0800.cdn'],
  ['a service', '_ldap._tcp.dc'],
])('and not in %s', (_, below) => {
  expect(fileInName(below)).toBeUndefined();
});
