// What of a capture is shown: conditions that stand in the address, words that any column may hold, and the order of the lines.
import { conditionParameters, parseConditions, type Condition } from '../filter/condition.ts';
import type { PacketRow } from './packet-row.ts';

export const packetFields = ['source', 'destination', 'address', 'port', 'protocol', 'interface', 'host'] as const;
export type PacketField = (typeof packetFields)[number];
export type PacketCondition = Condition<PacketField>;

export const validPacket = (field: PacketField, value: string): boolean =>
  field === 'port' ? /^\d{1,5}$/.test(value) && Number(value) <= 65_535 : value !== '';

export const parsePacketFilter = (parameters: Pick<URLSearchParams, 'getAll'>): PacketCondition[] =>
  parseConditions(parameters, packetFields, validPacket);

export const packetFilterParameters = (conditions: readonly PacketCondition[]): Record<PacketField, string[]> =>
  conditionParameters(conditions, packetFields);

export const packetWords = ({ field, exclude }: PacketCondition): string => (exclude ? `${field} is not` : field);

const holds: { [Field in PacketField]: (row: PacketRow, value: string) => boolean } = {
  source: (row, value) => row.source.toLowerCase() === value,
  destination: (row, value) => row.destination.toLowerCase() === value,
  address: (row, value) => row.source.toLowerCase() === value || row.destination.toLowerCase() === value,
  port: (row, value) => row.sourcePort === Number(value) || row.destinationPort === Number(value),
  protocol: (row, value) => row.protocol.toLowerCase() === value,
  interface: (row, value) => row.interface.toLowerCase() === value,
  host: (row, value) => row.host.toLowerCase() === value,
};

/** Conditions of one field stand for any of them; each that excludes counts by itself. All words must be found. */
export function packetMatcher(
  conditions: readonly PacketCondition[],
  text: string,
): ((row: PacketRow) => boolean) | undefined {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = [
    ...Map.groupBy(
      conditions.filter(({ exclude }) => !exclude),
      ({ field }) => field,
    ).values(),
  ];
  const unwanted = conditions.filter(({ exclude }) => exclude);
  if (words.length === 0 && conditions.length === 0) return undefined;
  const has = (row: PacketRow, { field, value }: PacketCondition) => holds[field](row, value.toLowerCase());
  return (row) =>
    wanted.every((group) => group.some((one) => has(row, one))) &&
    !unwanted.some((one) => has(row, one)) &&
    (words.length === 0 || holdsAll(row, words));
}

function holdsAll(row: PacketRow, words: readonly string[]): boolean {
  const text = `${row.source} ${row.destination} ${row.protocol} ${row.info} ${row.host}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** The condition that a click or F makes of a cell; undefined where a column has nothing to filter by. */
export function conditionOf(row: PacketRow, column: string, exclude: boolean): PacketCondition | undefined {
  const field = packetFields.find((name) => name === column);
  const value = field && field !== 'address' && field !== 'port' ? row[field] : '';
  return field && value !== '' ? { field, value, exclude } : undefined;
}

export type PacketSort = 'time' | 'source' | 'destination' | 'protocol' | 'length';

/** Orders indices of rows; those that are equal keep the order of their time. */
export function sortPackets(
  rows: readonly PacketRow[],
  order: Uint32Array,
  { by, descending }: { by: PacketSort; descending: boolean },
): Uint32Array {
  const sign = descending ? -1 : 1;
  const compared: Record<PacketSort, (a: PacketRow, b: PacketRow) => number> = {
    time: (a, b) => a.atMs - b.atMs,
    length: (a, b) => a.length - b.length,
    source: (a, b) => compare(a.source, b.source),
    destination: (a, b) => compare(a.destination, b.destination),
    protocol: (a, b) => compare(a.protocol, b.protocol),
  };
  return order.sort((a, b) => sign * compared[by](rows[a]!, rows[b]!) || rows[a]!.atMs - rows[b]!.atMs || a - b);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
