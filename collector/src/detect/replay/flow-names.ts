// Names of the far ends in logs that keep them elsewhere: from the answers that a host got, and from the hellos of its flows.
import { RecentMap } from '../detectors/lib/recent-map.ts';
import type { ConnectionObservation, DnsObservation } from '../observation.ts';
import type { NameHint } from './record.ts';

const maxNames = 200_000;
/** A name is used for longer than it was looked up for: by caches, and by connections that last. */
const lifeUs = 86_400_000_000;

export class FlowNames {
  readonly #looked = new RecentMap<{ name: string; atUs: number }>(maxNames);
  readonly #hellos = new RecentMap<string>(maxNames);

  learn({ host, addresses, name, atUs, answered }: DnsObservation): void {
    if (!answered || name === '') return;
    for (const address of addresses) this.#looked.set(`${host} ${address}`, { name, atUs });
  }

  hint({ uid, name }: NameHint): void {
    this.#hellos.set(uid, name);
  }

  /** As it was, when it has a name or none is known. */
  named(observation: ConnectionObservation, uid: string | undefined): ConnectionObservation {
    if (observation.name !== '' || observation.remote === undefined) return observation;
    const hello = uid === undefined ? undefined : this.#hellos.get(uid);
    if (hello !== undefined) return { ...observation, name: hello, nameSource: 'sni' };
    const looked = this.#looked.get(`${observation.host} ${observation.remote.address}`);
    if (looked === undefined || observation.openedUs - looked.atUs > lifeUs) return observation;
    return { ...observation, name: looked.name, nameSource: 'dns' };
  }
}
