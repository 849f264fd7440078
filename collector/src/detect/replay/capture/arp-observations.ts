// ARP messages of a capture as observations of whom they tell, with whether anybody had asked.
import type { ArpMessage } from '@foretop/agent/inspect/packet/arp.ts';
import { formatAddress } from '@foretop/proto';
import { RecentMap } from '../../detectors/lib/recent-map.ts';
import type { PacketsObservation } from '../../observation.ts';

/** A reply may come so long after its question. */
const askedUs = 10_000_000;
const maxQuestions = 16_384;
const packetBytes = 28;

export class ArpObservations {
  readonly #asked = new RecentMap<number>(maxQuestions);

  add({ isReply, senderHardware, senderAddress, targetAddress, timeUs }: ArpMessage): PacketsObservation | undefined {
    const sender = formatAddress(senderAddress);
    const target = formatAddress(targetAddress);
    // A probe (RFC 5227): the address is not the sender's yet.
    if (sender === '0.0.0.0') return undefined;
    const isAnnouncement = sender === target;
    if (!isReply && !isAnnouncement) this.#asked.set(`${sender} ${target}`, timeUs);
    const asked = this.#asked.get(`${target} ${sender}`);
    return {
      kind: 'packets',
      host: target,
      atUs: timeUs,
      late: false,
      startUs: timeUs,
      protocol: 'arp',
      source: { address: sender, port: 0 },
      destination: { address: target, port: 0 },
      packets: 1,
      bytes: packetBytes,
      largest: packetBytes,
      hardware: Buffer.from(senderHardware)
        .toString('hex')
        .replaceAll(/..(?=.)/g, '$&:'),
      unasked: isReply && (asked === undefined || timeUs - asked > askedUs),
    };
  }
}
