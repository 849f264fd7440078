// Sends the live lane while somebody watches: tables with each tick, what opened and closed in between, bandwidth at the rate that
// was asked for.
import { LiveSection, type Watch } from '@foretop/proto';
import type { BandwidthReading, HostCollector } from '../collect/collector.ts';
import type { Tick } from '../collect/tick.ts';
import { createLiveFramer } from '../frame/live.ts';
import type { Clock } from '../host/clock.ts';
import { createLease } from './lease.ts';
import type { Lanes } from './session.ts';

export interface LivePublisher extends Disposable {
  watch(watch: Watch): void;
  /** The tables of a new tick. */
  publish(tick: Tick): void;
  /** The connection is gone, and the lease with it. */
  end(): void;
  /** Bandwidth comes at most so often from now on. */
  limitRate(rateHz: number): void;
  /** Whether somebody looks at tables right now. */
  isWatched(): boolean;
  /** Steps left out because the collector read too slowly. */
  skipped(): number;
}

export interface LivePublisherOptions {
  clock: Clock;
  bandwidth: () => BandwidthReading;
  glance: HostCollector['glance'];
  lanes: () => Lanes | undefined;
}

/** Between two ticks: news of connections come within so much. */
const glanceMs = 250;
const glancesPerTick = 3;

export function createLivePublisher({ clock, bandwidth, glance, lanes }: LivePublisherOptions): LivePublisher {
  const lease = createLease();
  const framer = createLiveFramer();
  let latest: Tick | undefined;
  let timer: NodeJS.Timeout | undefined;
  let glancing: NodeJS.Timeout | undefined;
  let skipped = 0;
  let rateMaxHz = Infinity;

  /** Nothing is computed for a collector that does not keep up: the next frame then holds what this one would have. */
  function writableLanes(): Lanes | undefined {
    const open = lanes();
    if (!open || open.canTakeLive()) return open;
    skipped++;
    return undefined;
  }

  function sendTables(tick: Tick): void {
    const active = lease.active(clock.boottimeUs());
    const open = active && writableLanes();
    if (open) for (const frame of framer.tables(tick, active.sections)) open.live(frame);
  }

  function sendNews(): void {
    const active = lease.active(clock.boottimeUs());
    if (!active?.sections.has(LiveSection.LIVE_SECTION_CONNECTIONS)) return;
    const open = writableLanes();
    const connections = open && glance();
    if (connections) for (const frame of framer.between(connections, clock.boottimeUs())) open.live(frame);
  }

  function scheduleNews(left: number): void {
    clearTimeout(glancing);
    const isWatched = lease.active(clock.boottimeUs())?.sections.has(LiveSection.LIVE_SECTION_CONNECTIONS);
    if (left === 0 || rateMaxHz <= 1 || !isWatched) return;
    glancing = setTimeout(() => {
      sendNews();
      scheduleNews(left - 1);
    }, glanceMs);
  }

  function sendBandwidth(): void {
    timer = undefined;
    const active = lease.active(clock.boottimeUs());
    if (!active?.sections.has(LiveSection.LIVE_SECTION_BANDWIDTH)) return;
    writableLanes()?.live(framer.bandwidth(bandwidth()));
    schedule(active.rateHz);
  }

  /** On multiples of the period, so that the rate does not drift. */
  function schedule(rateHz: number): void {
    const periodUs = 1_000_000 / Math.min(rateHz, rateMaxHz);
    const waitUs = periodUs - (clock.boottimeUs() % periodUs);
    timer = setTimeout(sendBandwidth, (waitUs < periodUs / 5 ? waitUs + periodUs : waitUs) / 1_000);
  }

  function startBandwidth(): void {
    const active = lease.active(clock.boottimeUs());
    if (timer || !active?.sections.has(LiveSection.LIVE_SECTION_BANDWIDTH)) return;
    // The first reading only sets the point from which the next one counts.
    bandwidth();
    schedule(active.rateHz);
  }

  const end = () => {
    lease.end();
    clearTimeout(timer);
    clearTimeout(glancing);
    timer = undefined;
  };

  return {
    watch(watch) {
      if (lease.renew(watch, clock.boottimeUs())) {
        framer.restart();
        if (latest) sendTables(latest);
      }
      startBandwidth();
    },
    publish(tick) {
      latest = tick;
      framer.observe(tick);
      sendTables(tick);
      scheduleNews(glancesPerTick);
    },
    end,
    limitRate: (rateHz) => void (rateMaxHz = rateHz),
    isWatched: () => lease.active(clock.boottimeUs()) !== undefined,
    skipped: () => skipped,
    [Symbol.dispose]: end,
  };
}
