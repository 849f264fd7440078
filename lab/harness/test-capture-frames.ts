// Frames of every sort that a capture tells apart, for its tests. What they carry is marked, so that it is known again.
import { arp, ethernet, fragment6, icmp, ipv4, ipv6, tcp, udp } from '../../proto/src/capture/filter/test-packets.ts';

export const mark = 'PAYLOADMARK'.repeat(6);
const marked = Uint8Array.from([...new Uint8Array(24), ...new TextEncoder().encode(mark)]);
const SYN = 0x02;
const ACK = 0x10;
export const frames = [
  ethernet(0x0806, arp(), { destination: 'ffffffffffff' }),
  ethernet(0x8035, arp()),
  ethernet(0x0800, ipv4(1, icmp(8, mark))),
  ethernet(0x0800, ipv4(1, icmp(3, mark))),
  ethernet(0x0800, ipv4(6, tcp(40_000, 80, SYN))),
  ethernet(0x0800, ipv4(6, tcp(80, 40_000, SYN | ACK), { source: [10, 1, 0, 2], destination: [10, 1, 0, 1] })),
  ethernet(0x0800, ipv4(6, tcp(40_000, 80, ACK, `GET /${mark}`, 3), { options: 1 })),
  ethernet(0x0800, ipv4(6, tcp(40_001, 443, ACK, mark))),
  ethernet(0x0800, ipv4(6, tcp(40_001, 8_080, 0x01))),
  ethernet(0x0800, ipv4(17, udp(5_000, 53, mark), { destination: [192, 168, 7, 9] })),
  ethernet(0x0800, ipv4(17, udp(5_000, 53, mark), { more: true })),
  ethernet(0x0800, ipv4(17, marked, { offset: 100 })),
  ethernet(0x0800, ipv4(17, udp(68, 67, mark), { destination: [255, 255, 255, 255] }), { destination: 'ffffffffffff' }),
  ethernet(0x0800, ipv4(17, udp(5_353, 5_353, mark), { destination: [224, 0, 0, 251] }), {
    destination: '01005e0000fb',
  }),
  ethernet(0x0800, ipv4(132, marked)),
  ethernet(0x0800, ipv4(47, marked)),
  ethernet(0x86dd, ipv6(58, icmp(128, mark))),
  ethernet(0x86dd, ipv6(58, icmp(135, mark)), { destination: '3333ff000001' }),
  ethernet(0x86dd, ipv6(6, tcp(40_000, 443, SYN))),
  ethernet(0x86dd, ipv6(6, tcp(40_000, 80, ACK, mark))),
  ethernet(0x86dd, ipv6(17, udp(5_000, 53, mark))),
  ethernet(0x86dd, ipv6(44, fragment6(17, 0, udp(5_000, 53, mark)))),
  ethernet(0x86dd, ipv6(44, fragment6(6, 10, marked))),
  ethernet(0x0800, ipv4(6, tcp(40_000, 80, SYN)), { tags: [5] }),
  ethernet(0x86dd, ipv6(17, udp(5_000, 53, mark)), { tags: [6] }),
  ethernet(0x0806, arp(), { tags: [5], destination: 'ffffffffffff' }),
  ethernet(0x88cc, marked, { destination: '0180c200000e' }),
  ethernet(0x0800, ipv4(17, udp(9_000, 9_001, mark.repeat(18)))),
];

/** Tags within tags: what is behind two of them tcpdump does not see, and this project does. */
export const twice = ethernet(0x0800, ipv4(17, udp(5_000, 53, mark)), { tags: [7, 5] });

/** Of a type for experiments (IEEE 802, 0x88b5). */
export const otherFrame = ethernet(0x88b5, marked);
