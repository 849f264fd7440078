// Ports by what speaks there, as far as it decides what a contact means.

/** Where clients take ports of their own from (RFC 6335: 49152; Linux: 32768). */
export const firstEphemeral = 32_768;

export const webPorts: ReadonlySet<number> = new Set([80, 443, 8_000, 8_080, 8_443]);

/** Their clients talk to many hosts, of which some are always away: mail between servers, news, time. */
export const fanOutPorts: ReadonlySet<number> = new Set([25, 53, 123, 465, 587, 853, 5_228, 5_222, 5_223, 9_001]);

/** Default ports of peer-to-peer programs, whose peers come and go: eDonkey, Gnutella, BitTorrent, Bitcoin, Ethereum. */
const peerPorts: readonly (readonly [number, number])[] = [
  [4_661, 4_672],
  [6_346, 6_347],
  [6_881, 6_999],
  [8_333, 8_333],
  [18_333, 18_333],
  [30_303, 30_303],
  [33_033, 33_033],
  [51_413, 51_413],
];
const peerMarks = new Uint8Array(65_536);
for (const [low, high] of peerPorts) peerMarks.fill(1, low, high + 1);
export const isPeerPort = (port: number): boolean => peerMarks[port] === 1;

/** UDP services that are scanned for across hosts; on others UDP without an answer is what peers do to each other. */
const scannedDatagrams: ReadonlySet<number> = new Set([
  1_194, 1_434, 1_604, 1_900, 3_283, 3_389, 3_702, 5_060, 5_683, 10_001, 11_211, 17_185, 27_960, 30_718,
]);
export const isScannedDatagram = (port: number): boolean => port < 1_024 || scannedDatagrams.has(port);
