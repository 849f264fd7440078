// Which packets a filter shows, in which order, and how it stands in the address.
import { describe, expect, test } from 'vitest';
import { conditionOf, packetFilterParameters, packetMatcher, parsePacketFilter } from './packet-filter.ts';
import type { PacketRow } from './packet-row.ts';
import { ShownPackets } from './shown-packets.ts';

const row = (changes: Partial<PacketRow> = {}): PacketRow => ({
  ...{ number: 1, hostId: 1, host: 'north', interface: 'eth0', atMs: 1_000, length: 60 },
  ...{ source: '192.0.2.1', destination: '198.51.100.2', sourcePort: 40_000, destinationPort: 443 },
  ...{ protocol: 'TLS', info: 'Client Hello (SNI=www.example.org)' },
  ...changes,
});

const matching = (query: string, text = '') =>
  packetMatcher(parsePacketFilter(new URLSearchParams(query)), text) ?? (() => true);

describe('a filter', () => {
  test.each<[query: string, text: string, shown: boolean]>([
    ['', '', true],
    ['protocol=tls', '', true],
    ['protocol=!TLS', '', false],
    ['protocol=DNS&protocol=TLS', '', true],
    ['protocol=DNS&address=192.0.2.1', '', false],
    ['address=198.51.100.2&port=443', '', true],
    ['port=!443', '', false],
    ['port=70000', '', true],
    ['', 'sni www', true],
    ['', 'sni dns', false],
    ['host=north', 'HELLO', true],
  ])('%j and the words %j', (query, text, shown) => {
    expect(matching(query, text)(row())).toBe(shown);
  });

  test('comes from a cell, and stands in the address', () => {
    const condition = conditionOf(row(), 'protocol', true)!;
    expect(packetFilterParameters([condition]).protocol).toEqual(['!TLS']);
    expect(conditionOf(row(), 'length', false)).toBeUndefined();
  });
});

describe('what is shown', () => {
  const rows: PacketRow[] = [];
  const more = (count: number) => {
    for (let left = count; left > 0; left--)
      rows.push(row({ number: rows.length + 1, length: rows.length % 7, protocol: rows.length % 2 ? 'TCP' : 'DNS' }));
  };

  test('grows with the list, filtered, and finds places', () => {
    more(3_000);
    const shown = new ShownPackets(rows, { matches: matching('protocol=DNS'), sort: undefined });
    shown.grow();
    expect(shown.length).toBe(1_500);
    more(10);
    shown.grow();
    expect([shown.length, shown.at(1_504), shown.placeOf(3_008), shown.placeOf(1)]).toEqual([1_505, 3_008, 1_504, -1]);
  });

  test('is sorted by a column, equal ones as they came', () => {
    const shown = new ShownPackets(rows, { matches: undefined, sort: { by: 'length', descending: true } });
    shown.grow();
    expect([0, 1, 2].map((place) => shown.at(place))).toEqual([6, 13, 20]);
    expect(shown.placeOf(13)).toBe(1);
  });
});
