// The rows in sight as DOM nodes that are made once and reused: scrolling and updates change texts and places, nothing else.
import type { Column } from './columns.ts';
import type { TableSource } from './table-source.ts';
import type { Window } from './window.ts';

/** Shows a row in nodes that were made for a cell or card. */
export type Show<Row> = (row: Row) => void;

/** What a table's rows look like. */
export interface RowPainter<Row> {
  /** Before rows in sight are shown. @returns whether all of them are to be shown anew, for something they share changed. */
  before(rows: readonly Row[]): boolean;
  cell(element: HTMLElement, column: string): Show<Row>;
  card(element: HTMLElement, roomy: boolean): Show<Row>;
}

export interface Layout {
  columns: readonly Column[];
  /** Of each column. */
  widths: readonly number[];
  /** Cards instead of columns, so many beside each other. */
  cards: boolean;
  perRow: number;
  /** Cards with a third line, because there is room for it. */
  roomy: boolean;
  rowHeight: number;
  widthPx: number;
}

interface PooledRow<Row> {
  element: HTMLElement;
  cells: HTMLElement[];
  show: Show<Row>[];
  /** Where it stands in the order; -1 while it shows nothing. */
  index: number;
  slot: number;
  key: number;
  /** What it shows; undefined before the first. */
  row: Row | undefined;
  closed: boolean;
  selected: boolean;
  column: string | undefined;
}

export class RowPool<Row extends { key: number; closed?: boolean }> {
  readonly #body: HTMLElement;
  readonly #painter: RowPainter<Row>;
  #layout: Layout | undefined;
  #pool: PooledRow<Row>[] = [];
  #selected: number | undefined;
  #column: string | undefined;

  constructor(body: HTMLElement, painter: RowPainter<Row>) {
    this.#body = body;
    this.#painter = painter;
  }

  /** Shows these rows; with `anew` also those that stand where they stood before. */
  draw(source: TableSource<Row>, order: Uint32Array, window: Window, layout: Layout, anew: boolean): void {
    if (layout !== this.#layout) this.#lay(layout);
    const needed = window.last - window.first;
    if (this.#pool.length < needed) {
      while (this.#pool.length < needed) this.#pool.push(this.#make(layout));
      for (const pooled of this.#pool) pooled.index = -1;
    }
    const size = this.#pool.length;
    const rows: Row[] = [];
    const stale: PooledRow<Row>[] = [];
    for (let index = window.first; index < window.last; index++) {
      const pooled = this.#pool[index % size]!;
      const slot = order[index]!;
      if (pooled.index !== index) this.#place(pooled, index, layout);
      if (anew || pooled.row === undefined || pooled.slot !== slot || pooled.key !== source.keyOf(slot)) {
        pooled.slot = slot;
        pooled.row = source.row(slot);
        stale.push(pooled);
      }
      rows.push(pooled.row);
    }
    const all = this.#painter.before(rows);
    if (all) for (let index = window.first; index < window.last; index++) this.#show(this.#pool[index % size]!);
    else for (const pooled of stale) this.#show(pooled);
    for (const pooled of this.#pool) if (pooled.index < window.first || pooled.index >= window.last) this.#hide(pooled);
  }

  /** Marks the selected row and the cell in it on which keys act. */
  select(key: number | undefined, column: string | undefined): void {
    this.#selected = key;
    this.#column = column;
    for (const pooled of this.#pool) this.#mark(pooled);
  }

  /** Nodes in the order in which they are read, once scrolling has stopped. */
  putInOrder(): void {
    const shown = this.#pool.filter(({ index }) => index >= 0).sort((a, b) => a.index - b.index);
    shown.forEach(({ element }, place) => {
      if (this.#body.children[place] !== element) this.#body.insertBefore(element, this.#body.children[place] ?? null);
    });
  }

  /** The key of the row, and the column, at a node. */
  at(target: Element): { key: number; column: string | undefined } | undefined {
    const pooled = this.#pool.find(({ element }) => element.contains(target));
    if (!pooled || pooled.index < 0) return undefined;
    const cell = pooled.cells.findIndex((element) => element.contains(target));
    return { key: pooled.key, column: this.#layout?.cards ? undefined : this.#layout?.columns[cell]?.id };
  }

  #lay(layout: Layout): void {
    const same =
      this.#layout !== undefined &&
      this.#layout.cards === layout.cards &&
      this.#layout.roomy === layout.roomy &&
      this.#layout.columns.length === layout.columns.length &&
      this.#layout.columns.every((column, index) => column.id === layout.columns[index]!.id);
    this.#layout = layout;
    if (!same) {
      this.#body.replaceChildren();
      this.#pool = [];
      return;
    }
    for (const pooled of this.#pool) {
      this.#measure(pooled, layout);
      pooled.index = -1;
    }
  }

  #make(layout: Layout): PooledRow<Row> {
    const element = document.createElement('div');
    element.className = 'row data';
    element.setAttribute('role', 'row');
    element.setAttribute('aria-selected', 'false');
    const pooled: PooledRow<Row> = {
      element,
      cells: [],
      show: [],
      index: -1,
      slot: -1,
      key: 0,
      row: undefined,
      closed: false,
      selected: false,
      column: undefined,
    };
    const columns = layout.cards ? [undefined] : layout.columns;
    for (const column of columns) {
      const cell = document.createElement('div');
      cell.className = column?.right ? 'cell right' : 'cell';
      cell.setAttribute('role', 'gridcell');
      cell.tabIndex = -1;
      pooled.cells.push(cell);
      pooled.show.push(column ? this.#painter.cell(cell, column.id) : this.#painter.card(cell, layout.roomy));
      element.append(cell);
    }
    this.#measure(pooled, layout);
    this.#body.append(element);
    return pooled;
  }

  #measure({ element, cells }: PooledRow<Row>, layout: Layout): void {
    element.style.height = `${layout.rowHeight}px`;
    element.style.width = layout.cards ? `${Math.floor(layout.widthPx / layout.perRow)}px` : `${layout.widthPx}px`;
    if (layout.cards) return;
    let left = 8;
    cells.forEach((cell, index) => {
      cell.style.left = `${left}px`;
      cell.style.width = `${layout.widths[index]!}px`;
      left += layout.widths[index]!;
    });
  }

  #place(pooled: PooledRow<Row>, index: number, layout: Layout): void {
    if (pooled.index < 0) pooled.element.hidden = false;
    pooled.index = index;
    const x = layout.cards ? (index % layout.perRow) * Math.floor(layout.widthPx / layout.perRow) : 0;
    const y = Math.floor(index / layout.perRow) * layout.rowHeight;
    pooled.element.style.transform = `translate(${x}px, ${y}px)`;
    pooled.element.setAttribute('aria-rowindex', String(index + 2));
  }

  #show(pooled: PooledRow<Row>): void {
    const row = pooled.row!;
    if (pooled.key !== row.key) {
      pooled.key = row.key;
      this.#mark(pooled);
    }
    const closed = row.closed === true;
    if (closed !== pooled.closed) pooled.element.classList.toggle('closed', (pooled.closed = closed));
    for (const show of pooled.show) show(row);
  }

  #hide(pooled: PooledRow<Row>): void {
    if (pooled.index < 0 && pooled.element.hidden) return;
    pooled.index = -1;
    pooled.slot = -1;
    pooled.key = 0;
    pooled.row = undefined;
    pooled.element.hidden = true;
    this.#mark(pooled);
  }

  /** Only the selected row bears an id: it is what the table names as the active one. */
  #mark(pooled: PooledRow<Row>): void {
    const selected = pooled.key !== 0 && pooled.key === this.#selected;
    const column = selected ? this.#column : undefined;
    if (selected === pooled.selected && column === pooled.column) return;
    pooled.selected = selected;
    pooled.column = column;
    if (selected) pooled.element.id = `row-${pooled.key}`;
    else pooled.element.removeAttribute('id');
    pooled.element.classList.toggle('selected', selected);
    pooled.element.setAttribute('aria-selected', String(selected));
    pooled.cells.forEach((cell, index) =>
      cell.classList.toggle('active', selected && this.#layout?.columns[index]?.id === column),
    );
  }
}
