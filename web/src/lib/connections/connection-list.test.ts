// Pages of connections: what is read when, what goes, what is asked again.
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { ConnectionBatch } from './connection-batch.ts';
import type { ConnectionList as ListClass, Question } from './connection-list.svelte.ts';
import { batchOf, connection, idOf } from './connections.fixture.ts';

// Runes are the compiler's; here a state is its value.
vi.stubGlobal(
  '$state',
  Object.assign((value: unknown) => value, { raw: (value: unknown) => value }),
);
let ConnectionList: typeof ListClass;
let holds: (wide: Question, narrow: Question) => boolean;
beforeAll(async () => ({ ConnectionList, holds } = await import('./connection-list.svelte.ts')));

const page = (ids: number[], nextCursor: string | null): ConnectionBatch =>
  batchOf(
    ids.map((id) => connection({ id: idOf(1, id) })),
    nextCursor,
  );
const question = (filter: Record<string, string> = {}, at = ''): Question => ({
  path: '/connections',
  filter,
  sort: '-rxRate',
  time: { at, from: '', to: '' },
});

let list: ListClass | undefined;
afterEach(() => list?.stop());

/** A collector whose pages are given by cursor; time passes when somebody sleeps. */
function reader(pages: () => Record<string, ConnectionBatch>, watched = () => true) {
  const asked: string[] = [];
  let nowMs = 0;
  list = new ConnectionList({
    fetchPage: (path) => {
      asked.push(path);
      return Promise.resolve(pages()[new URLSearchParams(path.split('?')[1]).get('cursor') ?? ''] ?? page([], null));
    },
    hostName: (id) => `host-${id}`,
    isWatched: watched,
    onSignedOut: () => undefined,
    sleep: (ms, signal) => {
      nowMs += ms;
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.min(5, ms));
        signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
      });
    },
    monotonicMs: () => nowMs,
  });
  return { list, asked };
}
const ids = () =>
  Array.from({ length: list!.rows.used }, (_, slot) => slot)
    .filter((slot) => list!.rows.open[slot] === 1)
    .map((slot) => Number.parseInt(list!.rows.row(slot).id.slice(2), 16))
    .sort((a, b) => a - b);

it('reads all pages, and what is gone with the next look has ended', async () => {
  let second = [3];
  const { list } = reader(() => ({ '': page([1, 2], 'x'), x: page(second, null) }));
  list.ask(question());
  await vi.waitFor(() => expect(list.complete).toBe(true));
  expect(ids()).toEqual([1, 2, 3]);
  const third = list.rows.slotOf(list.keyOf(idOf(1, 3))!)!;
  second = [4];
  await vi.waitFor(() => expect(ids()).toEqual([1, 2, 4]));
  await vi.waitFor(() => expect(list.rows.row(third).closed).toBe(true));
});

it('reads five pages by itself and more when the end is in sight', async () => {
  const chain = Object.fromEntries(
    Array.from({ length: 8 }, (_, index) => [
      index ? `c${index}` : '',
      page([index], index < 7 ? `c${index + 1}` : null),
    ]),
  );
  const { list } = reader(() => chain);
  list.ask(question());
  await vi.waitFor(() => expect(list.loaded).toBe(5));
  expect(list.complete).toBe(false);
  list.more();
  await vi.waitFor(() => expect(list.loaded).toBe(6));
});

it('a record of the past is read once; the present only while somebody looks', async () => {
  const past = reader(() => ({ '': page([1], null) }));
  past.list.ask(question({}, '2026-11-20T00:00:00Z'));
  await vi.waitFor(() => expect(past.list.complete).toBe(true));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(past.asked).toHaveLength(1);
  past.list.stop();
  const unwatched = reader(
    () => ({ '': page([1], null) }),
    () => false,
  );
  unwatched.list.ask(question());
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(unwatched.asked).toHaveLength(1);
});

it('a whole answer serves narrower questions without asking again', async () => {
  const { list, asked } = reader(
    () => ({ '': page([1], null) }),
    () => false,
  );
  list.ask(question());
  await vi.waitFor(() => expect(list.complete).toBe(true));
  list.ask(question({ state: 'listen' }));
  expect(asked).toHaveLength(1);
  expect(holds(question(), question({ port: '1' }))).toBe(true);
  expect(holds(question({ port: '1' }), question())).toBe(false);
  expect(holds(question(), question({}, '2026-11-20T00:00:00Z'))).toBe(false);
});
