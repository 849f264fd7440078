// One QUIC conversation in search of the client's hello, over as many Initial packets as it takes.
import type { ClientHello } from '../tls/client-hello.ts';
import { CryptoPieces } from './crypto-pieces.ts';
import { visitCrypto } from './frames.ts';
import { googleServerName, isClearGooglePacket } from './google-hello.ts';
import { findInitials, openInitial, type ProtectedInitial } from './initial.ts';
import { clientInitialKeys, type InitialKeys } from './keys.ts';

/** Packets that no key opens: a server's, damaged ones, or no QUIC at all. */
const maxFailures = 12;
/** A retry or a client that starts anew brings another connection id. */
const maxKeys = 4;

export interface QuicHello {
  hello: ClientHello;
  /** Google's own handshake instead of TLS. */
  google: boolean;
}

export class QuicHelloFlow {
  readonly #pieces = new CryptoPieces();
  readonly #keys: InitialKeys[] = [];
  #direction: 'rx' | 'tx' | undefined;
  #failures = 0;

  get keptBytes(): number {
    return this.#pieces.keptBytes;
  }

  /** @returns the hello, 'more' while it may still come, 'none' when it will not. */
  push(datagram: Uint8Array, direction: 'rx' | 'tx'): QuicHello | 'more' | 'none' {
    if (this.#direction !== undefined && direction !== this.#direction) return 'more';
    if (isClearGooglePacket(datagram)) return fromGoogle(datagram) ?? 'more';
    for (const packet of findInitials(datagram)) {
      const frames = this.#open(datagram, packet);
      if (!frames) {
        if (++this.#failures > maxFailures) return 'none';
        continue;
      }
      this.#direction = direction;
      const google = fromGoogle(frames);
      if (google) return google;
      let fits = true;
      visitCrypto(frames, (offset, data) => (fits = this.#pieces.add(offset, data) && fits));
      const result = this.#pieces.hello();
      if (result === 'none' || !fits) return this.finish() ?? 'none';
      if (result !== 'more') return { hello: result, google: false };
    }
    return 'more';
  }

  /** What can be read of a hello whose rest never came. */
  finish(): QuicHello | undefined {
    const hello = this.#pieces.finish();
    return hello && { hello, google: false };
  }

  #open(datagram: Uint8Array, packet: ProtectedInitial): Buffer | undefined {
    for (const keys of this.#keys) {
      const frames = openInitial(datagram, packet, keys);
      if (frames) return frames;
    }
    if (this.#keys.length >= maxKeys) return undefined;
    for (const scheme of packet.schemes) {
      const keys = clientInitialKeys(scheme, packet.destinationId);
      const frames = openInitial(datagram, packet, keys);
      if (!frames) continue;
      this.#keys.push(keys);
      return frames;
    }
    return undefined;
  }
}

function fromGoogle(bytes: Uint8Array): QuicHello | undefined {
  const name = googleServerName(bytes);
  if (name === undefined) return undefined;
  return { hello: { serverName: name === '' ? undefined : name, alpn: [], version: 0 }, google: true };
}
