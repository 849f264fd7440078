// ClientHello and ServerHello (RFC 8446, sections 4.1.2 and 4.1.3): the name asked for, protocols, versions, ciphers.
import { hexBytes, hexNumber, u16, u8 } from './bytes.ts';
import type { Dissection } from './dissection.ts';
import { textOf } from './text.ts';

const versions: Readonly<Record<number, string>> = {
  0x0300: 'SSLv3',
  0x0301: 'TLSv1',
  0x0302: 'TLSv1.1',
  0x0303: 'TLSv1.2',
  0x0304: 'TLSv1.3',
};
export const versionName = (version: number): string => versions[version] ?? hexNumber(version, 4);

const extensionNames: Readonly<Record<number, string>> = {
  0: 'server_name',
  5: 'status_request',
  10: 'supported_groups',
  11: 'ec_point_formats',
  13: 'signature_algorithms',
  16: 'application_layer_protocol_negotiation',
  18: 'signed_certificate_timestamp',
  21: 'padding',
  22: 'encrypt_then_mac',
  23: 'extended_master_secret',
  27: 'compress_certificate',
  35: 'session_ticket',
  41: 'pre_shared_key',
  42: 'early_data',
  43: 'supported_versions',
  44: 'cookie',
  45: 'psk_key_exchange_modes',
  51: 'key_share',
  57: 'quic_transport_parameters',
  17513: 'application_settings',
  65037: 'encrypted_client_hello',
  65281: 'renegotiation_info',
};
const mostExtensions = 48;
const mostListed = 16;

interface Body {
  from: number;
  end: number;
}

/** @returns what of it belongs into the line. */
export function clientHello(d: Dissection, body: Body): string {
  const { bytes } = d;
  const ciphers = afterSession(d, body);
  if (ciphers === undefined || ciphers + 2 > body.end) return (d.incomplete(body.from), '');
  const size = u16(bytes, ciphers);
  d.field('Cipher suites', `${size >> 1} suites`, ciphers, 2 + size);
  const compression = ciphers + 2 + size;
  if (compression >= body.end) return (d.incomplete(body.from), '');
  let told = '';
  extensions(d, { from: compression + 1 + u8(bytes, compression), end: body.end }, (type, from, to) => {
    if (type === 0) {
      const name = serverName(bytes, from, to);
      if (name === undefined) return '';
      told = ` (SNI=${name})`;
      return name;
    }
    if (type === 16) return alpn(bytes, from, to);
    return type === 43
      ? pairs(bytes, from + 1, to)
          .map(versionName)
          .join(', ')
      : undefined;
  });
  return told;
}

/** `version`: as the field's own word; empty = not told. */
export function serverHello(d: Dissection, body: Body): { version: string } {
  const { bytes } = d;
  let version = versions[u16(bytes, body.from)] ?? '';
  const cipher = afterSession(d, body);
  if (cipher === undefined || cipher + 3 > body.end) return (d.incomplete(body.from), { version });
  d.field('Cipher suite', hexNumber(u16(bytes, cipher), 4), cipher, 2);
  extensions(d, { from: cipher + 3, end: body.end }, (type, from, to) => {
    if (type === 16) return alpn(bytes, from, to);
    if (type !== 43) return undefined;
    version = versionName(u16(bytes, from));
    return version;
  });
  return { version };
}

/** Version, random and session id; @returns where the next field stands. */
function afterSession(d: Dissection, { from, end }: Body): number | undefined {
  const { bytes } = d;
  if (from + 35 > end) return undefined;
  d.field('Version', versionName(u16(bytes, from)), from, 2);
  d.field('Random', hexBytes(bytes, from + 2, from + 34), from + 2, 32);
  const size = u8(bytes, from + 34);
  if (size > 0) d.field('Session ID', hexBytes(bytes, from + 35, from + 35 + size), from + 35, size);
  return from + 35 + size;
}

function extensions(
  d: Dissection,
  { from, end }: Body,
  read: (type: number, from: number, to: number) => string | undefined,
): void {
  const { bytes } = d;
  if (from + 2 > end) return;
  const last = Math.min(end, from + 2 + u16(bytes, from));
  for (let at = from + 2, count = 0; at + 4 <= last && count < mostExtensions; count++) {
    const [type, size] = [u16(bytes, at), u16(bytes, at + 2)];
    const to = Math.min(last, at + 4 + size);
    const value = read(type, at + 4, to) ?? `${size} bytes`;
    d.field(`Extension ${extensionNames[type] ?? type}`, value, at, 4 + size);
    at += 4 + size;
  }
}

/** RFC 6066, section 3. */
function serverName(bytes: Uint8Array, from: number, to: number): string | undefined {
  const size = u16(bytes, from + 3);
  if (from + 5 > to || u8(bytes, from + 2) !== 0) return undefined;
  return textOf(bytes, from + 5, Math.min(to, from + 5 + size), 255);
}

/** RFC 7301, section 3.1. */
function alpn(bytes: Uint8Array, from: number, to: number): string {
  const names: string[] = [];
  for (let at = from + 2; at < to && names.length < mostListed; at += 1 + u8(bytes, at))
    names.push(textOf(bytes, at + 1, Math.min(to, at + 1 + u8(bytes, at))));
  return names.join(', ');
}

function pairs(bytes: Uint8Array, from: number, to: number): number[] {
  const found: number[] = [];
  for (let at = from; at + 2 <= to && found.length < mostListed; at += 2) found.push(u16(bytes, at));
  return found;
}
