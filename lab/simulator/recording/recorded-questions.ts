// The DNS questions of a host that is made from a snapshot: as many, by the same programs, and answered or not as often.
import type { SimulatedHost } from '../host.ts';
import { internetAddress } from '../address-book.ts';
import { question } from '../lookups.ts';

const nxdomain = 3;

/** A second of them. */
export function askAsRecorded(host: SimulatedHost, nowUs: number, load: number): void {
  const { random, profile } = host;
  for (const { process, perMinute, names, missing, unanswered } of profile.questions ?? []) {
    if (names.length === 0) continue;
    for (let due = random.round((perMinute / 60) * load); due > 0; due--) {
      const answered = !random.chance(unanswered);
      const found = answered && !random.chance(missing / Math.max(1 - unanswered, 0.01));
      const name = random.pick(names);
      const owners = host.processesOf.get(process) ?? [];
      question(host, owners.length > 0 ? random.pick(owners) : undefined, {
        askedUs: host.boottimeUs(nowUs),
        answered,
        latencyUs: answered ? Math.round(400 + 6_000 * random.heavy(0.8)) : undefined,
        localAddress: host.addresses.v4,
        localPort: 32_768 + random.below(28_000),
        name,
        rcode: answered && !found ? nxdomain : 0,
        addresses: found ? [internetAddress(random, false)] : [],
        ttlSeconds: found ? 300 : undefined,
        queryBytes: 30 + name.length,
        answerBytes: answered ? 60 + name.length + (found ? 16 : 0) : 0,
      });
    }
  }
}
