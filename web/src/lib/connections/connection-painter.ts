// What a connection's row looks like, drawn into nodes that stay: columns on a desk, two or three lines in a card.
import { duration } from '../format/duration.ts';
import { count, rate, roundTrip } from '../format/figures.ts';
import { attribute, mark, meter, quantity, text } from '../table/cell-parts.ts';
import type { RowPainter, Show } from '../table/row-pool.ts';
import { shapeOf, shapePaths, wordOf, type StateShape } from '../ui/connection-states.ts';
import { localEnd, remoteEnd } from './connection-columns.ts';
import { isInferredOwner, nameSources, type ConnectionRow } from './connection-row.ts';
import type { RowPlaceWords } from './place-index.ts';

export interface ConnectionPainter extends RowPainter<ConnectionRow> {
  /** Ages are counted up to here. */
  nowMs: number;
}

const provenance: Partial<Record<(typeof nameSources)[number], string>> = {
  dns: 'DNS',
  sni: 'SNI',
  'reverse-dns': 'PTR',
};

/** The end of the meters' scale: in steps of half an octave, so that a scroll by a row does not draw every other row anew. */
const scaleOf = (most: number): number => (most > 0 ? 2 ** (Math.ceil(Math.log2(most) * 2) / 2) : 0);

/** By what a name is known: as short as it stands beside the name. */
export const nameProvenance = (source: number): string => provenance[nameSources[source] ?? 'none'] ?? '';

export function createConnectionPainter(fleet: boolean): ConnectionPainter {
  let largest = 0;
  const painter: ConnectionPainter = {
    nowMs: 0,
    before(rows) {
      const before = largest;
      largest = scaleOf(rows.reduce((most, row) => Math.max(most, row.rxRate ?? 0, row.txRate ?? 0), 0));
      return largest !== before;
    },
    cell: (element, column) => cells[column]?.(element) ?? (() => undefined),
    card,
  };

  const age = (row: ConnectionRow): string =>
    `${row.startedBefore ? '> ' : ''}${duration((row.endedMs ?? painter.nowMs) - row.startedMs)}`;
  const rateCell =
    (kind: 'rx' | 'tx') =>
    (parent: HTMLElement): Show<ConnectionRow> => {
      const show = meter(parent, kind, rate);
      return (row) => show(row.closed ? null : kind === 'rx' ? row.rxRate : row.txRate, largest);
    };

  const cells: Record<string, (parent: HTMLElement) => Show<ConnectionRow>> = {
    process: processCell,
    host: textCell('second', (row) => row.host),
    pid: textCell('mono third', (row) => (row.pid === null ? '–' : String(row.pid))),
    local: textCell('mono second', (row) => localEnd(row)),
    remote: remoteCell,
    country: placeCell(({ where }) => where),
    network: placeCell(
      ({ organisation }) => organisation,
      ({ system }) => system,
    ),
    protocol: protocolCell,
    state: stateCell,
    duration(parent) {
      const show = text(parent, 'second');
      const title = attribute(parent, 'title');
      return (row) => {
        show(age(row));
        title(row.startedBefore ? 'It is older than the agent' : undefined);
      };
    },
    rtt(parent) {
      const show = quantity(parent, true);
      return (row) => show(row.rttUs === null ? { digits: '', unit: '' } : roundTrip(row.rttUs));
    },
    rx: rateCell('rx'),
    tx: rateCell('tx'),
  };

  /** Wide cards stand beside each other and have a third line. */
  function card(parent: HTMLElement, wide: boolean): Show<ConnectionRow> {
    const line = () => {
      const element = document.createElement('div');
      element.className = 'line';
      parent.append(element);
      return element;
    };
    const part = (of: HTMLElement) => {
      const element = document.createElement('span');
      element.className = 'cut';
      of.append(element);
      return element;
    };
    const [first, second] = [line(), line()];
    const head = part(first);
    const name = processCell(head);
    const pid = text(head, 'mono third');
    const host = text(head, 'third');
    const receive = rateCell('rx')(first);
    const where = part(second);
    const state = stateMark(where);
    const word = wide ? undefined : text(where, 'sr');
    const peer = text(where, 'mono second');
    const country = text(where, 'third');
    const transmit = rateCell('tx')(second);
    const shows: Show<ConnectionRow>[] = [name, receive, transmit];
    if (wide) {
      const third = line();
      const facts = text(part(third), 'third');
      const since = text(part(third), 'third end');
      shows.push((row) => {
        facts(
          [
            wordOf(row.state, row.closed),
            row.alpn || row.protocol.toUpperCase(),
            row.name || (row.remoteAddress && localEnd(row)),
          ]
            .filter(Boolean)
            .join(' · '),
        );
        since(age(row));
      });
    }
    return (row) => {
      for (const show of shows) show(row);
      pid(` ${row.pid ?? ''}`);
      host(fleet ? ` ${row.host}` : '');
      state(shapeOf(row.state, row.closed));
      word?.(`${wordOf(row.state, row.closed)} `);
      peer(row.remoteAddress ? remoteEnd(row) : localEnd(row));
      country(row.place?.country ? ` ${row.place.country}` : '');
    };
  }
  return painter;
}

const textCell =
  (className: string, of: (row: ConnectionRow) => string) =>
  (parent: HTMLElement): Show<ConnectionRow> => {
    const show = text(parent, className);
    return (row) => show(of(row));
  };

const placeCell =
  (of: (place: RowPlaceWords) => string, more: (place: RowPlaceWords) => string = () => '') =>
  (parent: HTMLElement): Show<ConnectionRow> => {
    const [show, rest] = [text(parent, 'second'), text(parent, 'third')];
    const title = attribute(parent, 'title');
    return ({ place }) => {
      const [first, second] = place ? [of(place), more(place)] : ['', ''];
      show(first);
      rest(first && second ? ` ${second}` : second);
      title(place?.title);
    };
  };

function processCell(parent: HTMLElement): Show<ConnectionRow> {
  const element = document.createElement('span');
  parent.append(element);
  const show = text(element);
  const folded = text(parent, 'third');
  const title = attribute(element, 'title');
  const className = attribute(element, 'class');
  return (row) => {
    const inferred = row.process !== '' && isInferredOwner(row);
    show(row.process || 'unknown');
    className(row.process ? (inferred ? 'name inferred' : 'name') : 'third');
    title(
      inferred ? `${row.process}: inferred, it holds the listening socket that this connection came from` : row.process,
    );
    folded(row.connectionCount > 1 ? ` ×${count(row.connectionCount)}` : '');
  };
}

function protocolCell(parent: HTMLElement): Show<ConnectionRow> {
  const protocol = text(parent, 'second');
  const offered = text(parent, 'third');
  const title = attribute(parent, 'title');
  return (row) => {
    protocol(row.protocol.toUpperCase() || '–');
    offered(row.alpn ? ` ${row.alpn}` : '');
    title(row.alpn ? `The client offered ${row.alpn} first` : undefined);
  };
}

function remoteCell(parent: HTMLElement): Show<ConnectionRow> {
  const address = text(parent, 'mono');
  const any = text(parent, 'third');
  const name = document.createElement('span');
  name.className = 'second beside';
  parent.append(name);
  const show = text(name);
  const guessed = mark(name, 'inferred');
  const title = attribute(name, 'title');
  return (row) => {
    address(row.remoteAddress ? remoteEnd(row) : '');
    any(row.remoteAddress ? '' : 'any');
    show(row.remoteAddress && row.name ? row.name : '');
    guessed(nameSources[row.nameSource] === 'reverse-dns');
    title(row.name ? `${row.name}, by ${nameProvenance(row.nameSource) || 'an unknown source'}` : undefined);
  };
}

const svg = 'http://www.w3.org/2000/svg';

function stateMark(parent: HTMLElement): (shape: StateShape) => void {
  const element = document.createElementNS(svg, 'svg');
  element.setAttribute('viewBox', '0 0 10 10');
  element.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(svg, 'path');
  element.append(path);
  parent.append(element);
  const className = attribute(element, 'class');
  const d = attribute(path, 'd');
  return (shape) => {
    className(`state-mark ${shape}${shapePaths[shape].filled ? ' filled' : ''}`);
    d(shapePaths[shape].d);
  };
}

function stateCell(parent: HTMLElement): Show<ConnectionRow> {
  const element = document.createElement('span');
  parent.append(element);
  const shape = stateMark(element);
  const word = text(element);
  const className = attribute(element, 'class');
  return (row) => {
    const now = shapeOf(row.state, row.closed);
    shape(now);
    className(`state-word ${now}`);
    word(wordOf(row.state, row.closed));
  };
}
