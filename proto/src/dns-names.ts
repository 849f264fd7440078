// How DNS numbers are called: https://www.iana.org/assignments/dns-parameters, with RFC 3597's TYPE65280 for what has no name.

const typeNames: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  10: 'NULL',
  12: 'PTR',
  13: 'HINFO',
  15: 'MX',
  16: 'TXT',
  17: 'RP',
  18: 'AFSDB',
  24: 'SIG',
  25: 'KEY',
  28: 'AAAA',
  29: 'LOC',
  33: 'SRV',
  35: 'NAPTR',
  36: 'KX',
  37: 'CERT',
  39: 'DNAME',
  41: 'OPT',
  42: 'APL',
  43: 'DS',
  44: 'SSHFP',
  45: 'IPSECKEY',
  46: 'RRSIG',
  47: 'NSEC',
  48: 'DNSKEY',
  49: 'DHCID',
  50: 'NSEC3',
  51: 'NSEC3PARAM',
  52: 'TLSA',
  53: 'SMIMEA',
  55: 'HIP',
  59: 'CDS',
  60: 'CDNSKEY',
  61: 'OPENPGPKEY',
  62: 'CSYNC',
  63: 'ZONEMD',
  64: 'SVCB',
  65: 'HTTPS',
  99: 'SPF',
  108: 'EUI48',
  109: 'EUI64',
  249: 'TKEY',
  250: 'TSIG',
  251: 'IXFR',
  252: 'AXFR',
  255: 'ANY',
  256: 'URI',
  257: 'CAA',
};

const rcodeNames: Readonly<Record<number, string>> = {
  0: 'NOERROR',
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  4: 'NOTIMP',
  5: 'REFUSED',
  6: 'YXDOMAIN',
  7: 'YXRRSET',
  8: 'NXRRSET',
  9: 'NOTAUTH',
  10: 'NOTZONE',
  11: 'DSOTYPENI',
  16: 'BADVERS',
  17: 'BADKEY',
  18: 'BADTIME',
  19: 'BADMODE',
  20: 'BADNAME',
  21: 'BADALG',
  22: 'BADTRUNC',
  23: 'BADCOOKIE',
};

export const dnsTypeName = (type: number): string => typeNames[type] ?? `TYPE${type}`;
export const rcodeName = (rcode: number): string => rcodeNames[rcode] ?? `RCODE${rcode}`;

/** Of a name in any case, such as aaaa or TYPE65280. undefined: there is none. */
export const dnsTypeNumber = (name: string): number | undefined => numberOf(name, typeNames, /^TYPE(\d{1,5})$/);
export const rcodeNumber = (name: string): number | undefined => numberOf(name, rcodeNames, /^RCODE(\d{1,5})$/);

function numberOf(name: string, names: Readonly<Record<number, string>>, numbered: RegExp): number | undefined {
  const wanted = name.toUpperCase();
  const known = Object.entries(names).find(([, value]) => value === wanted)?.[0];
  const number = known ?? numbered.exec(wanted)?.[1];
  return number === undefined || Number(number) > 0xffff ? undefined : Number(number);
}
