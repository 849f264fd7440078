// One DNS question to one server and the answer to it: by UDP from a port of its own, by TCP when asked or when the answer did not fit.
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { formatAddress } from '@foretop/proto';
import { connectTcp } from '../tcp-connect.ts';
import { type DnsAnswer, readAnswer } from './answer.ts';
import { encodeQuery, type Question } from './query.ts';

export interface Server {
  address: Uint8Array;
  port: number;
}

export interface Exchange {
  answer: DnsAnswer;
  rttUs: number;
  bytes: number;
}

const timeoutMs = 3_000;
const attempts = 2;
const mostTcpBytes = 65_535 + 2;

export type Asked = Omit<Question, 'id'>;

/** undefined: nobody answered in time. Rejects when the signal aborts, with what the system says, and RangeError for a name that is none. */
export async function askByUdp(asked: Asked, server: Server, signal: AbortSignal): Promise<Exchange | undefined> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const found = await askOnce({ ...asked, id: randomInt(65_536) }, server, signal);
    if (found) return found;
  }
  return undefined;
}

function askOnce(question: Question, { address, port }: Server, signal: AbortSignal): Promise<Exchange | undefined> {
  signal.throwIfAborted();
  const query = encodeQuery(question);
  const { promise, resolve, reject } = Promise.withResolvers<Exchange | undefined>();
  const socket = createSocket(address.length === 4 ? 'udp4' : 'udp6');
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  const stop = () => reject(signal.reason as Error);
  let sentMs = 0;
  signal.addEventListener('abort', stop, { once: true });
  socket.on('error', reject);
  socket.on('message', (bytes) => {
    const answer = answerTo(question, bytes);
    if (answer) resolve({ answer, rttUs: elapsedUs(sentMs), bytes: bytes.length });
  });
  // Connected, the kernel hands on what that server says and nothing else; the port is a random one of its own.
  socket.connect(port, formatAddress(address), () => {
    sentMs = performance.now();
    socket.send(query, (error) => error && reject(error));
  });
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    socket.close();
  });
}

/** As askByUdp. */
export async function askByTcp(asked: Asked, server: Server, signal: AbortSignal): Promise<Exchange | undefined> {
  const question = { ...asked, id: randomInt(65_536) };
  const query = encodeQuery(question);
  const startedMs = performance.now();
  const { outcome, errno, socket } = await connectTcp({ ...server, timeoutMs }, signal);
  if (outcome === 'timeout') return undefined;
  if (!socket) throw new Error(`the connection was not made: ${errno}`);
  const { promise, resolve, reject } = Promise.withResolvers<Exchange | undefined>();
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  const stop = () => reject(signal.reason as Error);
  let kept = Buffer.alloc(0);
  signal.addEventListener('abort', stop, { once: true });
  socket.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]).subarray(0, mostTcpBytes);
    const length = kept.length < 2 ? Infinity : kept.readUInt16BE();
    if (kept.length < 2 + length) return;
    const answer = answerTo(question, kept.subarray(2, 2 + length));
    if (answer) resolve({ answer, rttUs: elapsedUs(startedMs), bytes: length });
    else reject(new Error('what came is no answer to the question'));
  });
  socket.on('close', () => reject(new Error('the server closed the connection without an answer')));
  socket.write(Buffer.concat([Buffer.from([query.length >> 8, query.length & 0xff]), query]));
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    socket.destroy();
  });
}

/** undefined: it answers something else. Some servers leave the question out of an error. */
function answerTo({ id, name, type }: Question, bytes: Uint8Array): DnsAnswer | undefined {
  const answer = readAnswer(bytes);
  if (answer?.id !== id) return undefined;
  if (!answer.question) return answer.rcode === 'NOERROR' || answer.records.length > 0 ? undefined : answer;
  const isSame = answer.question.type === type && answer.question.name === plainName(name);
  return isSame ? answer : undefined;
}

/** As a message's names are read: lower case, no final dot. */
const plainName = (name: string) => (name === '.' ? name : name.replace(/(?<!\\)\.$/, '')).toLowerCase();

const elapsedUs = (sinceMs: number) => Math.round((performance.now() - sinceMs) * 1_000);
