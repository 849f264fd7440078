// A sealed capture opens for its recipient alone, whole and in order; whatever was done to it on its way shows.
import { describe, expect, test } from 'vitest';
import { sectionHeader } from '../pcapng/writer.ts';
import { createOpener, newRecipient, type Opener } from './opener.ts';
import { createSealer, sealOverheadBytes } from './sealer.ts';
import { SealFault } from './suite.ts';

const requestId = '0123456789abcdef0123456789abcdef';
const otherId = 'f'.repeat(32);
const recipient = await newRecipient();
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (opened: readonly Uint8Array[]) => opened.map((bytes) => new TextDecoder().decode(bytes));
const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

/** Head and records; the last text is the last record. */
async function sealed(texts: readonly string[], id = requestId) {
  const sealer = await createSealer(recipient.publicKey, id);
  const records = [];
  for (const [index, text] of texts.entries())
    records.push(await sealer.seal(bytesOf(text), index === texts.length - 1));
  return { head: sealer.head, records };
}

const openerOf = (id = requestId, by = recipient) => createOpener(by.privateKey, by.publicKey, id);

async function faultOf(opener: Opener, stream: Uint8Array): Promise<{ opened: string[]; code: string | undefined }> {
  let opened: Uint8Array[] = [];
  try {
    opened = await opener.push(stream);
  } catch (error) {
    expect(error).toBeInstanceOf(SealFault);
  }
  if (opener.fault) await expect(opener.push(new Uint8Array())).rejects.toBe(opener.fault);
  return { opened: textOf(opened), code: opener.fault?.code };
}

test.each([1, 5, 33, 10_000])('comes out as it went in, in pieces of %i bytes', async (size) => {
  const { head, records } = await sealed(['one', '', 'three'.repeat(100)]);
  const stream = joined(head, ...records);
  const opener = await openerOf();
  const opened: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += size) {
    expect(opener.isComplete).toBe(false);
    opened.push(...(await opener.push(stream.subarray(at, at + size))));
  }
  expect(textOf(opened)).toEqual(['one', '', 'three'.repeat(100)]);
  expect([opener.isComplete, opener.fault]).toEqual([true, undefined]);
  expect(records[0]).toHaveLength(3 + sealOverheadBytes);
});

test('the private key cannot be taken out of the browser', async () => {
  expect(recipient.privateKey.extractable).toBe(false);
  await expect(crypto.subtle.exportKey('pkcs8', recipient.privateKey)).rejects.toThrow('not extractable');
  expect(recipient.publicKey).toMatch(/^[\w-]{43}$/);
});

test('nobody seals twice alike', async () => {
  const [one, two] = [await sealed(['same']), await sealed(['same'])];
  expect(one.head).not.toEqual(two.head);
  expect(one.records[0]).not.toEqual(two.records[0]);
});

describe('does not open', () => {
  test('for another key', async () => {
    const { head, records } = await sealed(['secret']);
    expect(await faultOf(await openerOf(requestId, await newRecipient()), joined(head, ...records))).toEqual({
      opened: [],
      code: 'not-opened',
    });
  });

  test('as what another run or another host captured', async () => {
    const { head, records } = await sealed(['secret'], otherId);
    expect(await faultOf(await openerOf(), joined(head, ...records))).toMatchObject({ code: 'not-opened' });
  });

  test.each<[string, (records: Uint8Array[]) => Uint8Array[], string[]]>([
    ['in another order', ([a, b, c]) => [a!, c!, b!], ['one']],
    ['with a record twice', ([a, b, c]) => [a!, a!, b!, c!], ['one']],
    ['without one of them', ([a, , c]) => [a!, c!], ['one']],
  ])('%s', async (_what, change, good) => {
    const { head, records } = await sealed(['one', 'two', 'three']);
    const opener = await openerOf();
    expect(await faultOf(opener, joined(head, ...change(records)))).toEqual({ opened: good, code: 'not-opened' });
    expect(opener.isComplete).toBe(false);
  });

  test('with one bit changed, wherever it is', async () => {
    const { head, records } = await sealed(['one']);
    const stream = joined(head, ...records);
    for (let at = 0; at < stream.length; at++) {
      const damaged = stream.slice();
      damaged[at]! ^= 1;
      const opener = await openerOf();
      const { opened } = await faultOf(opener, damaged);
      // A length that grew waits for bytes that never come.
      expect({ at, opened, isComplete: opener.isComplete }).toEqual({ at, opened: [], isComplete: false });
    }
  });

  test('when a record that is not the last poses as it, or the last as one of many', async () => {
    const { head, records } = await sealed(['one', 'two']);
    for (const index of [0, 1]) {
      const changed = records.map((record) => record.slice());
      changed[index]![4]! ^= 1;
      expect(await faultOf(await openerOf(), joined(head, ...changed))).toMatchObject({ code: 'not-opened' });
    }
  });

  test('records of another stream to the same key', async () => {
    const [one, two] = [await sealed(['one', 'more']), await sealed(['two', 'more'])];
    const stream = joined(one.head, one.records[0]!, two.records[1]!);
    expect(await faultOf(await openerOf(), stream)).toEqual({ opened: ['one'], code: 'not-opened' });
  });
});

test('a stream that was cut shows what came, and that it was cut', async () => {
  const { head, records } = await sealed(['one', 'two', 'three']);
  const stream = joined(head, ...records);
  const opener = await openerOf();
  expect(textOf(await opener.push(stream.subarray(0, stream.length - 1)))).toEqual(['one', 'two']);
  expect([opener.isComplete, opener.fault]).toEqual([false, undefined]);
});

test('packets that were never sealed are told from those that cannot be opened', async () => {
  const plain = sectionHeader({ os: 'Linux', application: 'x' });
  const opener = await openerOf();
  expect(await faultOf(opener, plain)).toEqual({ opened: [], code: 'not-sealed' });
  expect(opener.fault!.message).toContain('sent these packets as they are');
});

test.each<[string, Uint8Array]>([
  ['a record of no length', Uint8Array.of(0, 0, 0, 0)],
  ['a record without end', Uint8Array.of(255, 255, 255, 255)],
  ['a record of an unknown kind', Uint8Array.of(0, 0, 0, 17, 2, ...new Uint8Array(16))],
])('%s is refused', async (_what, record) => {
  const { head } = await sealed(['x']);
  expect(await faultOf(await openerOf(), joined(head, record))).toMatchObject({ code: 'malformed' });
});

test('more behind the last record is refused, and what was opened stays', async () => {
  const { head, records } = await sealed(['last']);
  const opener = await openerOf();
  expect(await faultOf(opener, joined(head, ...records, Uint8Array.of(1)))).toEqual({
    opened: ['last'],
    code: 'malformed',
  });
});

test('a sealer ends with its last record, and wants a key and an id that are some', async () => {
  const sealer = await createSealer(recipient.publicKey, requestId);
  await sealer.seal(bytesOf('x'), true);
  await expect(sealer.seal(bytesOf('y'), false)).rejects.toThrow(SealFault);
  await expect(createSealer('AAAA', requestId)).rejects.toThrow(SealFault);
  await expect(createSealer(recipient.publicKey, 'a run')).rejects.toThrow(SealFault);
});
