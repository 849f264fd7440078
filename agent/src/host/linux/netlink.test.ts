// The netlink reader against a made-up kernel: what goes wrong there must come out as one of the named errors, or be mended.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Libc } from './libc.ts';
import { DiagSocket } from './netlink.ts';

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const SOCK_DIAG = 20;
const INTERRUPTED = 0x10;

type Answer = Uint8Array | 'EAGAIN' | 'EINTR' | 'ENOBUFS' | 'EBADF';

let answers: ((sequence: number) => Answer)[];
let errno: string;
let sent: number;
let sequence: number;

const libc = {
  socket: () => 9,
  setsockopt: () => 0,
  bind: () => 0,
  close: () => 0,
  sendto(_fd: number, data: Uint8Array) {
    sent++;
    sequence = new DataView(data.buffer).getUint32(8, true);
    return data.length;
  },
  recv(_fd: number, buffer: Uint8Array) {
    const answer = answers.shift()?.(sequence) ?? 'EAGAIN';
    if (typeof answer === 'string') {
      errno = answer;
      return -1;
    }
    buffer.set(answer);
    return answer.length;
  },
  errnoName: () => errno,
} as unknown as Libc;

function message(type: number, seq: number, payload: number[] = [], flags = 0, size?: number): Uint8Array {
  const bytes = new Uint8Array(16 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, size ?? bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, seq, true);
  bytes.set(payload, 16);
  return bytes;
}
const concat = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));
const done = (seq: number) => message(NLMSG_DONE, seq, [0, 0, 0, 0]);

beforeEach(() => {
  answers = [];
  errno = '';
  sent = 0;
});

function dump() {
  const socket = new DiagSocket({ receiveBytes: 1, libc });
  const seen: number[] = [];
  let restarts = 0;
  const run = () =>
    socket.dump(
      new Uint8Array(72),
      () => restarts++,
      (_words, bytes, offset) => seen.push(bytes[offset]!),
    );
  return { run, seen, restarts: () => restarts };
}

describe('a dump', () => {
  it('hands on every message of every datagram', () => {
    answers = [
      (seq) => concat(message(SOCK_DIAG, seq, [1, 0, 0, 0]), message(SOCK_DIAG, seq, [2, 0, 0, 0])),
      () => 'EINTR',
      (seq) => concat(message(SOCK_DIAG, seq, [3, 0, 0, 0]), done(seq)),
    ];
    const { run, seen } = dump();
    run();
    expect(seen).toEqual([1, 2, 3]);
  });

  it('passes over answers to a request that was given up', () => {
    answers = [
      (seq) => concat(message(SOCK_DIAG, seq - 1, [9, 0, 0, 0]), done(seq - 1)),
      (seq) => concat(message(SOCK_DIAG, seq, [1, 0, 0, 0]), done(seq)),
    ];
    const { run, seen } = dump();
    run();
    expect(seen).toEqual([1]);
  });

  it('begins again when the kernel calls it inconsistent, three times at most', () => {
    const torn = (seq: number) => concat(message(SOCK_DIAG, seq, [1, 0, 0, 0], INTERRUPTED), done(seq));
    answers = [torn, (seq) => concat(message(SOCK_DIAG, seq, [2, 0, 0, 0]), done(seq))];
    const mended = dump();
    mended.run();
    expect([mended.seen, mended.restarts(), sent]).toEqual([[1, 2], 1, 2]);
    answers = [torn, torn, torn];
    expect(dump().run).toThrow(expect.objectContaining({ code: 'dump-interrupted', retryable: true }));
  });

  it.each<[what: string, answer: (seq: number) => Answer, expected: object]>([
    [
      'refused: no module',
      (seq) => message(NLMSG_ERROR, seq, [0xfe, 0xff, 0xff, 0xff]),
      { code: 'netlink-refused', errno: 'ENOENT', retryable: false },
    ],
    [
      'refused: no memory',
      (seq) => message(NLMSG_ERROR, seq, [0xf4, 0xff, 0xff, 0xff]),
      { code: 'netlink-refused', errno: 'ENOMEM', retryable: true },
    ],
    ['not answered', () => 'EAGAIN', { code: 'netlink-timeout', retryable: true }],
    ['broken', () => 'EBADF', { code: 'system-call', errno: 'EBADF', retryable: false }],
    ['longer than its datagram', (seq) => message(SOCK_DIAG, seq, [1], 0, 400), { code: 'malformed' }],
    ['shorter than its header', (seq) => message(SOCK_DIAG, seq, [1], 0, 3), { code: 'malformed' }],
  ])('%s', (_what, answer, expected) => {
    answers = [answer];
    expect(dump().run).toThrow(expect.objectContaining(expected));
  });
});

describe('a drain', () => {
  it('takes what is there, counts what the kernel dropped, and never waits', () => {
    answers = [
      () => message(SOCK_DIAG, 0, [1]),
      () => 'ENOBUFS',
      () => message(SOCK_DIAG, 0, [2]),
      () => 'EAGAIN',
      () => message(SOCK_DIAG, 0, [3]),
    ];
    const socket = new DiagSocket({ receiveBytes: 1, groups: 1, libc });
    const seen: number[] = [];
    expect(socket.drain(10, (_words, bytes, offset) => seen.push(bytes[offset]!))).toEqual({
      messages: 2,
      overflows: 1,
    });
    expect(seen).toEqual([1, 2]);
  });

  it('stops at its bound', () => {
    answers = [1, 2, 3].map((value) => () => message(SOCK_DIAG, 0, [value]));
    const socket = new DiagSocket({ receiveBytes: 1, groups: 1, libc });
    expect(socket.drain(2, () => {})).toEqual({ messages: 2, overflows: 0 });
    expect(answers).toHaveLength(1);
  });
});
