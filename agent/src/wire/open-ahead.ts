// Makes the first connection before its session is there, so that the handshake runs beside the rest of the start.
import type { MessageSocket, OpenSocket, SocketEvents, SocketRequest } from './message-socket.ts';

export interface SocketAhead extends Disposable {
  /** Hands over the connection that is made already, together with what came over it, and later opens further ones. */
  open: OpenSocket;
}

type News = (events: SocketEvents) => void;

/** A collector sends one message before it has heard anything. */
const waitingMax = 64;

export function openAhead(open: OpenSocket, request: SocketRequest): SocketAhead {
  let sink: SocketEvents | undefined;
  let waiting: News[] = [];
  const tell = (news: News) => {
    if (sink) return news(sink);
    waiting.push(news);
    if (waiting.length === waitingMax) opened.terminate();
  };
  const opened = open(request, {
    opened: () => tell((events) => events.opened()),
    message: (data, isBinary) => tell((events) => events.message(data, isBinary)),
    heard: () => tell((events) => events.heard()),
    answered: (status, retryAfter) => tell((events) => events.answered(status, retryAfter)),
    failed: (reason) => tell((events) => events.failed(reason)),
    closed: (code, reason) => tell((events) => events.closed(code, reason)),
  });
  let first: MessageSocket | undefined = opened;

  function handOver(events: SocketEvents): void {
    sink = events;
    const told = waiting;
    waiting = [];
    for (const news of told) news(events);
  }

  return {
    open(next, events) {
      if (first === undefined) return open(next, events);
      const socket = first;
      first = undefined;
      queueMicrotask(() => handOver(events));
      return socket;
    },
    [Symbol.dispose]: () => first?.terminate(),
  };
}
