// The page's one live connection: what is subscribed to, where its frames go, whether the view is paused.
import type { Host, List } from '@foretop/proto/api';
import { LiveSection, ServerFrame, sessionEnded, ViewerFrame } from '@foretop/proto/live';
import { ApiError, request, sessionSecret } from '../api/client.ts';
import { session } from '../api/session.svelte.ts';
import { createServerClock } from '../time/server-clock.ts';
import { collectorReachable } from '../ui/load-part.ts';
import { Fleet } from './fleet.svelte.ts';
import { createLiveSocket, type Link } from './socket.ts';
import type { WatchedHost } from './watched-host.svelte.ts';

const sections = {
  bandwidth: LiveSection.LIVE_SECTION_BANDWIDTH,
  connections: LiveSection.LIVE_SECTION_CONNECTIONS,
  processes: LiveSection.LIVE_SECTION_PROCESSES,
  interfaces: LiveSection.LIVE_SECTION_INTERFACES,
} as const;
export type SectionName = keyof typeof sections;

/** Less than the clock's second, so that no second is left out. */
const leastStepMs = 900;

const clock = createServerClock(
  () => performance.now(),
  () => Date.now(),
);

const lostAt = (link: Link): number | undefined =>
  link.state === 'waiting' || link.state === 'connecting' ? link.lostAtMs : undefined;

class Live {
  link = $state.raw<Link>({ state: 'idle' });
  /** When the view was paused, by the collector's clock; undefined while it is live. */
  pausedAtMs = $state<number | undefined>();
  host = $state.raw<WatchedHost | undefined>();
  /** What a collector said about the subscription, for example that a host does not exist. */
  notice = $state.raw<{ code: string; message: string } | undefined>();
  /** The collector's clock, to the second; stands still while paused. */
  nowMs = $state(clock.nowMs());
  readonly fleet = new Fleet({
    fetchPage: (path) => request<List<Host>>(path),
    onError: (error) => {
      if (error instanceof ApiError && error.code === 'signed-out') session.ended(error.message);
      else setTimeout(() => void this.fleet.read(), 3000);
    },
  });
  #movedMs = -Infinity;
  #wanted: { hostId: number; sections: SectionName[]; rateHz: number } | undefined;
  readonly #socket = createLiveSocket({
    open: () =>
      new WebSocket(new URL('/live', location.href.replace(/^http/, 'ws')), [
        'foretop.live.v1',
        `secret.${sessionSecret() ?? ''}`,
      ]),
    onLink: (link) => this.#onLink(link),
    onFrame: (bytes) => this.#onFrame(bytes),
    isFinal: (code) => code === sessionEnded.code,
  });

  /** Since when the page has been cut off from the collector; undefined while it is not. */
  get cutOffSinceMs(): number | undefined {
    return lostAt(this.link);
  }

  start(): void {
    void this.fleet.read();
    this.#subscribe();
    this.#socket.start();
  }

  stop(): void {
    this.#socket.stop();
  }

  retryNow(): void {
    this.#socket.retryNow();
  }

  /** The exact clock, for charts between the seconds. */
  exactNowMs(): number {
    return this.pausedAtMs ?? clock.nowMs();
  }

  /** To be called each second. Ticks of the fleet move the clock too, so that what shows both is drawn once a second. */
  tick(): void {
    if (performance.now() - this.#movedMs >= leastStepMs) this.#moveClock();
  }

  #moveClock(): void {
    this.#movedMs = performance.now();
    if (this.pausedAtMs === undefined) this.nowMs = clock.nowMs();
  }

  pause(): void {
    this.pausedAtMs ??= clock.nowMs();
  }

  /** Frames were dropped while paused, so everything is asked for anew. */
  resume(): void {
    if (this.pausedAtMs === undefined) return;
    this.pausedAtMs = undefined;
    this.#moveClock();
    this.#subscribe();
  }

  /** Watches one host instead of the one before; its class comes with the pages that show hosts. Tables that stay wanted stay on screen until their new key frame. */
  watch(Host: typeof WatchedHost, hostId: number, wanted: SectionName[], rateHz: number): void {
    if (this.host?.hostId !== hostId) this.host = new Host(hostId, rateHz);
    this.#wanted = { hostId, sections: wanted, rateHz };
    this.notice = undefined;
    this.#subscribe();
  }

  unwatch(): void {
    this.host = undefined;
    this.#wanted = undefined;
    this.#subscribe();
  }

  #subscribe(): void {
    const frame: ViewerFrame = { fleet: true };
    if (this.#wanted) {
      frame.hostId = this.#wanted.hostId;
      frame.sections = this.#wanted.sections.map((name) => sections[name]);
      frame.rateHz = this.#wanted.rateHz;
    }
    this.#socket.subscribe(ViewerFrame.encode(frame).finish() as Uint8Array<ArrayBuffer>);
  }

  #onLink(link: Link): void {
    this.link = link;
    collectorReachable(lostAt(link) === undefined);
    if (link.state === 'refused') session.ended(sessionEnded.text);
    // An upgrade that is refused shows no status to a page: ask whether the session still holds.
    if (link.state === 'waiting') void session.check();
  }

  #onFrame(bytes: Uint8Array): void {
    const frame: ServerFrame = ServerFrame.decode(bytes);
    if (frame.fleet?.timeUs) clock.observe(frame.fleet.timeUs / 1000);
    if (frame.notice) this.notice = { code: frame.notice.code ?? '', message: frame.notice.message ?? '' };
    if (this.pausedAtMs !== undefined) return;
    if (frame.fleet) {
      this.#moveClock();
      this.fleet.apply(frame.fleet);
    }
    if (frame.host && frame.host.hostId === this.host?.hostId) this.host?.apply(frame.host);
  }
}

export const live = new Live();
