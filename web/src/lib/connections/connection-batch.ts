// A page of connections of the REST API as columns, ready to be handed from the thread that parsed it to the one that draws.
import type { Connection, ConnectionList, RowPlace, UnknownSpan } from '@foretop/proto/api';
import { stateNames, type StateName } from '@foretop/proto/live';
import { visible } from '../format/visible.ts';
import { Dictionary } from '../table/dictionary.ts';
import { containerText, directionNames, idParts, nameSources, ownerRules } from './connection-row.ts';
import { newColumns, textColumns, type Columns, type TextColumn } from './connection-store.ts';

export interface ConnectionBatch {
  length: number;
  columns: Columns;
  /** What the codes in a text column of this batch stand for. */
  texts: Record<TextColumn, string[]>;
  /** Of each of the remote addresses. */
  places: (RowPlace | null)[];
  nextCursor: string | null;
  asOfMs: number;
  unknown: readonly UnknownSpan[];
}

const places = <Name extends string>(names: readonly Name[]) =>
  new Map<string, number>(names.map((name, i) => [name, i]));
const states = places<StateName>(stateNames);
const directions = places(directionNames);
const sources = places(nameSources);
const rules = places(ownerRules);
const orNaN = (value: number | null | undefined): number => value ?? Number.NaN;

/** Each different text is made safe to read once. */
function textCoder() {
  const dictionary = new Dictionary();
  const codes = new Map<string, number>();
  return {
    texts: dictionary.texts,
    code(text: string | null | undefined): number {
      if (!text) return 0;
      let code = codes.get(text);
      if (code === undefined) codes.set(text, (code = dictionary.codeOf(visible(text))));
      return code;
    },
  };
}

export function encodeBatch(page: ConnectionList): ConnectionBatch {
  const columns = newColumns(page.items.length);
  const coders = Object.fromEntries(textColumns.map((name) => [name, textCoder()])) as Record<
    TextColumn,
    ReturnType<typeof textCoder>
  >;
  const placeOf: (RowPlace | null)[] = [null];
  page.items.forEach((item, row) => {
    encodeRow(item, row, columns, coders);
    placeOf[columns.remoteAddress[row]!] = item.remoteAddress ? item.place : null;
  });
  return {
    length: page.items.length,
    columns,
    texts: Object.fromEntries(textColumns.map((name) => [name, coders[name].texts])) as Record<TextColumn, string[]>,
    places: placeOf,
    nextCursor: page.nextCursor,
    asOfMs: Date.parse(page.asOf),
    unknown: page.unknown,
  };
}

function encodeRow(
  item: Connection,
  row: number,
  columns: Columns,
  coders: Record<TextColumn, { code(text: string | null | undefined): number }>,
): void {
  const { hostId, high, low } = idParts(item.id);
  columns.hostId[row] = hostId || item.hostId;
  columns.idHigh[row] = high;
  columns.idLow[row] = low;
  columns.protocol[row] = item.protocol === 'udp' ? 17 : item.protocol === 'tcp' ? 6 : 0;
  columns.state[row] = (states.get(item.state) ?? -1) + 1;
  columns.direction[row] = directions.get(item.direction) ?? 0;
  columns.localAddress[row] = coders.localAddress.code(item.localAddress);
  columns.localPort[row] = item.localPort;
  columns.remoteAddress[row] = coders.remoteAddress.code(item.remoteAddress);
  columns.remotePort[row] = item.remotePort ?? 0;
  columns.pid[row] = item.pid ?? 0;
  columns.ownerRule[row] = rules.get(item.ownerRule) ?? 0;
  columns.process[row] = coders.process.code(item.process);
  columns.unit[row] = coders.unit.code(item.unit);
  columns.container[row] = item.container ? coders.container.code(containerText(item.container)) : 0;
  columns.uid[row] = item.uid;
  columns.startedMs[row] = Date.parse(item.startedAt);
  columns.startedBefore[row] = item.startedBefore ? 1 : 0;
  columns.endedMs[row] = item.endedAt ? Date.parse(item.endedAt) : Number.NaN;
  columns.rxBytes[row] = orNaN(item.rxBytes);
  columns.txBytes[row] = orNaN(item.txBytes);
  columns.rxRate[row] = orNaN(item.rxRate);
  columns.txRate[row] = orNaN(item.txRate);
  columns.rttUs[row] = orNaN(item.rttUs);
  columns.retransmissions[row] = orNaN(item.retransmissions);
  columns.name[row] = coders.name.code(item.name);
  columns.nameSource[row] = sources.get(item.nameSource) ?? 0;
  columns.alpn[row] = coders.alpn.code(item.alpn);
  columns.connectionCount[row] = item.connectionCount;
}

/** What is handed over instead of copied. */
export const transferable = (batch: ConnectionBatch): ArrayBuffer[] =>
  Object.values(batch.columns).map((column) => column.buffer as ArrayBuffer);
