import { describe, expect, it } from 'vitest';
import { CardScanner } from './card-scanner.ts';

// Numbers that processors publish for testing: they belong to nobody.
const visa = '4111111111111111';
const amex = '371449635398431';

function scan(text: string): string[] {
  const scanner = new CardScanner();
  return [...scanner.push(text), ...scanner.end()].map(({ masked }) => masked);
}

describe('what is found', () => {
  it.each([
    ['alone', visa],
    ['in spaces', '4111 1111 1111 1111'],
    ['in dashes', '4111-1111-1111-1111'],
    ['in dots', '5555.5555.5555.4444'],
    ['American Express as printed', '3714 496353 98431'],
    ['Diners Club as printed', '3056 930902 5904'],
    ['thirteen digits', '4222222222222'],
    ['Mastercard of the second range', '2223003122003222'],
    ['UnionPay', '6200000000000005'],
    ['Mir', '2200000000000004'],
    ['JCB', '3530111333300000'],
    ['Discover', '6011000990139424'],
    ['JSON text', `{"card":{"number":"${visa}","exp":"12/29"}}`],
    ['JSON number', `{"pan":${visa},"cvv":123}`],
    ['query of a URL', `GET /pay?cc=${visa}&amount=10 HTTP/1.1`],
    ['form with plus signs', 'card=4111+1111+1111+1111&exp=12%2F29'],
    ['form with escaped spaces', 'number=4111%201111%201111%201111&x=1'],
    ['form with an escaped dash', 'number=4111%2D1111%2D1111%2D1111'],
    ['XML', `<pan>${visa}</pan>`],
    ['HTML spaces', '4111&nbsp;1111&nbsp;1111&nbsp;1111'],
    ['track 1', `%B${visa}^DOE/JOHN^2512101000000000?`],
    ['track 2', `;${visa}=25121010000000000000?`],
    ['track 2 of a chip', `${visa}D25121010000000000`],
    ['EDI', `CCI*${visa}*1229~`],
    ['log line', `2024-11-02 10:00:00 INFO charge pan=${visa} ms=12`],
    ['no-break spaces', '4111\u00a01111\u00a01111\u00a01111'],
    ['full-width digits', '４１１１１１１１１１１１１１１１'],
    ['en dashes', '4111–1111–1111–1111'],
    ['zero-width spaces', '4111\u200b1111\u200b1111\u200b1111'],
    ['mathematical digits', '𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏'],
    ['dashes between spaces', '4111 - 1111 - 1111 - 1111'],
    ['mixed separators', '4111-1111 1111-1111'],
    ['one digit at a time, with the word', 'card number 4-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1'],
    ['before an expiry date', '4111 1111 1111 1111 12/25'],
    ['glued to a word for it', `card${visa}`],
    ['at the end of a sentence', `${visa}.`],
    ['UTF-16 read as bytes', [...visa].join('\0')],
  ])('%s', (_, text) => {
    expect(scan(text)).toHaveLength(1);
  });

  it('two of them side by side', () => {
    expect(scan('4111 1111 1111 1111 5555 5555 5555 4444')).toEqual(['411111******1111', '555555******4444']);
    expect(scan(`${visa},4012888888881881`)).toEqual(['411111******1111', '401288******1881']);
  });
});

describe('what is not', () => {
  it.each([
    ['wrong check digit', '4111111111111112'],
    ['longer digits', '41111111111111111111'],
    ['UUID', '550e8400-e29b-41d4-a716-446655440000'],
    ['UUID of digits', '11111111-4111-4111-8111-111111111111'],
    ['hexadecimal', `0x${visa}`],
    ['part of a hash', `${visa}abcdef`],
    ['IBAN', 'DE89 3704 0044 0532 0130 00'],
    ['IBAN without spaces', 'FR7630006000011234567890189'],
    ['telephone', '+4915112345678'],
    ['fraction', `0.${visa}`],
    ['amount', `$${visa}`],
    ['IMEI', 'IMEI: 378282246310005'],
    ['tracking number', `tracking ${visa}`],
    ['EAN', 'ISBN 4006381333931'],
    ['table of numbers', '1234 4012 8888 8888 1881 4012 8888 8888'],
    ['microseconds', 'epoch 1700000000000000'],
    ['identifier', `a3f-${visa}`],
    ['part of a file that HTTP asks for', 'Range: bytes=51249100-51249100'],
    ['further part of a file', 'Range: bytes=0-499, 51249100-51249100'],
    ['part of a file that HTTP answers with', 'Content-Range: bytes 51249100-51249100/90000000'],
    ['boundary between parts of a message', `boundary="===============${visa}=="`],
    ['boundary of a form', `-----------------------------${visa}`],
    ['identifier of an object, though a card is named beside it', 'SmartCard 1.4.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1'],
    ['cookie', 'utmccn=(direct); __utmz=41111111.1111111.1'],
    ['number against caches', `GET /ads?correlator=${visa}&output=json`],
  ])('%s', (_, text) => {
    expect(scan(text)).toEqual([]);
  });
});

describe('pieces of a stream', () => {
  const text = `${'x '.repeat(60)}card ${visa} and ${amex} end${'y'.repeat(80)}`;

  it('gives the same hits at the same places however it is cut', () => {
    for (let size = 1; size <= 64; size += 1) {
      const scanner = new CardScanner();
      const hits = [];
      for (let at = 0; at < text.length; at += size) hits.push(...scanner.push(text.slice(at, at + size)));
      hits.push(...scanner.end());
      expect(
        hits.map(({ offset, masked }) => [offset, masked]),
        `pieces of ${size}`,
      ).toEqual([
        [text.indexOf(visa), '411111******1111'],
        [text.indexOf(amex), '371449*****8431'],
      ]);
    }
  });

  it('keeps what a word before a number said of it', () => {
    for (let after = 0; after < 160; after += 1) {
      const scanner = new CardScanner();
      const hits = scanner.push(`${'x '.repeat(60)}tracking ${visa} ${'y'.repeat(after)}`);
      hits.push(...scanner.push('z'), ...scanner.end());
      expect(hits, `${after} characters after it`).toEqual([]);
    }
  });

  it('never shows more than six and four digits', () => {
    const scanner = new CardScanner();
    const hits = [...scanner.push(text), ...scanner.end()];
    expect(JSON.stringify(hits)).not.toMatch(/\d{12,}/);
  });

  it('tells the same number again by its fingerprint', () => {
    const scanner = new CardScanner();
    const [a, b, c] = [
      ...scanner.push(`${visa} ${'-'.repeat(50)} 4111-1111-1111-1111 ${'-'.repeat(50)} ${amex}`),
      ...scanner.end(),
    ];
    expect(a?.fingerprint).toBe(b?.fingerprint);
    expect(a?.fingerprint).not.toBe(c?.fingerprint);
  });

  it('holds little of an endless run of digits', () => {
    const scanner = new CardScanner();
    for (let piece = 0; piece < 200; piece += 1) expect(scanner.push('1'.repeat(1_000))).toEqual([]);
    expect(scanner.push(` ${visa} ${'.'.repeat(60)}`)).toHaveLength(1);
  });
});
