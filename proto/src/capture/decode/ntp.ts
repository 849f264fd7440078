// NTP (RFC 5905).
import { hexBytes, ipv4Address, u32, u8 } from './bytes.ts';
import type { Dissection } from './dissection.ts';
import { textOf } from './text.ts';

const modes = [
  'reserved',
  'symmetric active',
  'symmetric passive',
  'client',
  'server',
  'broadcast',
  'control message',
  'private use',
];
/** From 1900 to 1970, seconds. */
const era = 2_208_988_800;

export function ntp(d: Dissection, from: number, end: number): void {
  const { bytes } = d;
  d.layer('Network Time Protocol', from, end);
  const first = u8(bytes, from);
  const [version, mode] = [(first >> 3) & 7, first & 7];
  d.column('NTP', `NTP Version ${version}, ${modes[mode]}`);
  d.field('Leap indicator', first >> 6, from, 1);
  d.field('Version number', version, from, 1);
  d.field('Mode', `${modes[mode]} (${mode})`, from, 1);
  // Control and private messages have another form.
  if (mode >= 6) return;
  if (end - from < 48) return d.incomplete(from);
  const stratum = u8(bytes, from + 1);
  d.field('Peer clock stratum', stratum, from + 1, 1);
  d.field('Peer polling interval', `2^${signed(u8(bytes, from + 2))} s`, from + 2, 1);
  d.field('Peer clock precision', `2^${signed(u8(bytes, from + 3))} s`, from + 3, 1);
  d.field('Root delay', `${(u32(bytes, from + 4) / 65_536).toFixed(6)} s`, from + 4, 4);
  d.field('Root dispersion', `${(u32(bytes, from + 8) / 65_536).toFixed(6)} s`, from + 8, 4);
  d.field('Reference ID', reference(bytes, stratum, from + 12), from + 12, 4);
  ['Reference timestamp', 'Origin timestamp', 'Receive timestamp', 'Transmit timestamp'].forEach((name, index) =>
    d.field(name, timestamp(bytes, from + 16 + index * 8), from + 16 + index * 8, 8),
  );
}

const signed = (value: number): number => (value > 127 ? value - 256 : value);

function reference(bytes: Uint8Array, stratum: number, from: number): string {
  if (stratum > 1) return ipv4Address(bytes, from);
  return u32(bytes, from) === 0 ? 'none' : textOf(bytes, from, from + 4).replace(/(\\x00)+$/, '');
}

/** Of the era that began in 1900. */
function timestamp(bytes: Uint8Array, from: number): string {
  const seconds = u32(bytes, from);
  if (seconds === 0 && u32(bytes, from + 4) === 0) return 'none';
  const fraction = u32(bytes, from + 4) / 2 ** 32;
  if (seconds < era) return hexBytes(bytes, from, from + 8);
  return new Date(Math.round((seconds - era + fraction) * 1_000)).toISOString();
}
