// Where a packet's headers end: what lies behind is what people said to each other, and is left out. In doubt, less is kept.

// IEEE 802.1Q, IANA's numbers of protocols
const tagTypes = new Set([0x8100, 0x88a8, 0x9100]);
const type = { ipv4: 0x0800, ipv6: 0x86dd, arp: 0x0806, rarp: 0x8035 } as const;
const ethernetBytes = 14;
const tagBytes = 4;
const mostTags = 4;
const mostExtensions = 8;

/** Of a frame that begins with Ethernet's header. @returns how many of its bytes are headers. */
export function headersOfEthernet(bytes: Uint8Array): number {
  if (bytes.length < ethernetBytes) return bytes.length;
  return headersFrom(bytes, half(bytes, 12), ethernetBytes);
}

/** `etherType`: of what stands at `at`; undefined = IPv4 or IPv6, by its version. @returns how many of the bytes are headers. */
export function headersFrom(bytes: Uint8Array, etherType: number | undefined, at: number): number {
  let kind = etherType ?? { 4: type.ipv4, 6: type.ipv6 }[(bytes[at] ?? 0) >> 4] ?? 0;
  let end = at;
  for (let tags = 0; tagTypes.has(kind); tags++) {
    if (tags === mostTags || end + tagBytes > bytes.length) return end;
    kind = half(bytes, end + 2);
    end += tagBytes;
  }
  if (kind === type.ipv4) return endOfIpv4(bytes, end);
  if (kind === type.ipv6) return endOfIpv6(bytes, end);
  if (kind === type.arp || kind === type.rarp) return endOfArp(bytes, end);
  return end;
}

/** RFC 826, of Ethernet and IPv4 only: other lengths could name anything an address. */
function endOfArp(bytes: Uint8Array, at: number): number {
  const isKnown = at + 28 <= bytes.length && bytes[at + 4] === 6 && bytes[at + 5] === 4;
  return isKnown ? at + 28 : at;
}

/** RFC 791. */
function endOfIpv4(bytes: Uint8Array, at: number): number {
  if (at + 20 > bytes.length || bytes[at]! >> 4 !== 4) return at;
  const header = (bytes[at]! & 15) * 4;
  const end = endOfPacket(bytes, at, half(bytes, at + 2));
  if (header < 20 || at + header > end) return at;
  const optionsEnd = endOfOptions(bytes, at + 20, at + header);
  if (optionsEnd < at + header) return optionsEnd;
  const isLater = (half(bytes, at + 6) & 0x1fff) !== 0;
  return isLater ? at + header : endOfTransport(bytes, bytes[at + 9]!, at + header, end);
}

/** RFC 8200. */
function endOfIpv6(bytes: Uint8Array, at: number): number {
  if (at + 40 > bytes.length || bytes[at]! >> 4 !== 6) return at;
  const payload = half(bytes, at + 4);
  const end = endOfPacket(bytes, at, payload === 0 ? 0 : 40 + payload);
  let [next, from] = [bytes[at + 6]!, at + 40];
  if (from > end) return at;
  for (let count = 0; count < mostExtensions; count++) {
    const length = extensionBytes(next, bytes, from);
    if (length === undefined) return endOfTransport(bytes, next, from, end);
    if (length === 0 || from + length > end) return from;
    const isLaterFragment = next === 44 && (half(bytes, from + 2) & 0xfff8) !== 0;
    next = bytes[from]!;
    from += length;
    if (isLaterFragment) return from;
  }
  return from;
}

/** undefined: it is no extension header; 0: it is not there whole. RFC 8200 section 4, RFC 4302 section 2.2. */
function extensionBytes(header: number, bytes: Uint8Array, at: number): number | undefined {
  if (header === 44) return 8;
  if (header !== 0 && header !== 43 && header !== 60 && header !== 51) return undefined;
  const length = bytes[at + 1];
  if (length === undefined) return 0;
  return header === 51 ? (length + 2) * 4 : (length + 1) * 8;
}

/** Of TCP with its options (RFC 9293), UDP, SCTP's common header, and eight bytes of ICMP: what it quotes is not its own. */
function endOfTransport(bytes: Uint8Array, protocol: number, at: number, end: number): number {
  if (protocol === 6) return endOfTcp(bytes, at, end);
  const length = fixedLengths.get(protocol);
  return length === undefined || at + length > end ? at : at + length;
}

function endOfTcp(bytes: Uint8Array, at: number, end: number): number {
  if (at + 20 > end) return at;
  const length = (bytes[at + 12]! >> 4) * 4;
  return length < 20 || at + length > end ? at : endOfOptions(bytes, at + 20, at + length);
}

/** Of IPv4 and TCP, which write them alike: a header that lies about its length ends where they are none. */
function endOfOptions(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const kind = bytes[at]!;
    if (kind === 0) return bytes.subarray(at, end).every((byte) => byte === 0) ? end : at;
    const length = kind === 1 ? 1 : (bytes[at + 1] ?? 0);
    if ((kind !== 1 && length < 2) || at + length > end) return at;
    at += length;
  }
  return end;
}

const fixedLengths = new Map([
  [1, 8],
  [2, 8],
  [17, 8],
  [58, 8],
  [132, 12],
]);

/** What is behind its own length is padding. 0 = the kernel had not cut it into packets yet. */
function endOfPacket(bytes: Uint8Array, at: number, length: number): number {
  return length === 0 ? bytes.length : Math.min(bytes.length, at + length);
}

const half = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
