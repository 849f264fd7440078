// Services where people log in, and what one refused login looks like from outside: sizes, and how long it lasts at most.

export interface LoginService {
  word: string;
  /** Payload of a client whose login fails. */
  sent: readonly [number, number];
  /** Payload of a server that refuses. */
  mostReceived: number;
  mostSeconds: number;
  /** Programs log in and out here all day: uploads, mounts, programs without a pool of connections. */
  isForPrograms: boolean;
}

const service = (
  word: string,
  sent: readonly [number, number],
  mostReceived: number,
  options: { seconds?: number; isForPrograms?: boolean } = {},
): LoginService => ({
  word,
  sent,
  mostReceived,
  mostSeconds: options.seconds ?? 60,
  isForPrograms: options.isForPrograms ?? false,
});

/** OpenSSH: key exchange and up to six passwords; LoginGraceTime 120 s, MaxAuthTries 6. */
const ssh = service('ssh', [400, 6_000], 6_000, { seconds: 130 });
/** X.224, TLS and NLA (MS-RDPBCGR 1.3.1.1). */
const rdp = service('rdp', [19, 6_000], 12_000);
/** Negotiation and session setup with NTLM (MS-SMB2 3.2.4.2). */
const smb = service('smb', [150, 4_000], 6_000, { isForPrograms: true });
/** RFB 3.8: version, type, a challenge of 16 bytes (RFC 6143 7.1). */
const vnc = service('vnc', [12, 200], 400);

const services: ReadonlyMap<number, LoginService> = new Map([
  [21, service('ftp', [8, 500], 3_000, { seconds: 130, isForPrograms: true })],
  [22, ssh],
  [2_222, ssh],
  [23, service('telnet', [6, 800], 5_000, { seconds: 130 })],
  [139, smb],
  [445, smb],
  [1_433, service('sql server', [80, 3_000], 4_000, { isForPrograms: true })],
  [1_521, service('oracle', [80, 5_000], 5_000, { isForPrograms: true })],
  [2_323, service('telnet', [6, 800], 5_000, { seconds: 130 })],
  [3_306, service('mysql', [30, 1_200], 2_500, { isForPrograms: true })],
  [3_389, rdp],
  [5_432, service('postgresql', [40, 1_200], 3_500, { isForPrograms: true })],
  [5_900, vnc],
  [5_901, vnc],
]);

export const loginServiceAt = (port: number): LoginService | undefined => services.get(port);
