// Opens a sealed capture as it comes, in a browser or on a command line: nobody else has the key.
import type { RecipientContext } from '@hpke/core';
import { base64url } from 'jose';
import { blockTypes, byteOrderMagic } from '../pcapng/format.ts';
import { encBytes, infoOf, kinds, longestSealed, newSuite, recipientKey, SealFault, tagBytes } from './suite.ts';

export interface Recipient {
  /** Cannot be exported. */
  privateKey: CryptoKey;
  /** X25519, raw, base64url: what a capture's parameters bear. */
  publicKey: string;
}

export interface Opener {
  /**
   * Takes the bytes that follow and gives what is opened of them, one piece a record. Call again only once the last one is there.
   * What is good before a fault is given; the next call throws that fault. Throws SealFault, and from then on always.
   */
  push(bytes: Uint8Array): Promise<Uint8Array[]>;
  /** What ended it; undefined = nothing so far. */
  readonly fault: SealFault | undefined;
  /** Whether the last record was opened: false at the end of the stream means that it was cut. */
  readonly isComplete: boolean;
}

/** A key pair for one run. */
export async function newRecipient(): Promise<Recipient> {
  const pair: unknown = await crypto.subtle.generateKey({ name: 'X25519' }, false, ['deriveBits']);
  const { privateKey, publicKey } = pair as { privateKey: CryptoKey; publicKey: CryptoKey };
  const raw = await crypto.subtle.exportKey('raw', publicKey);
  return { privateKey, publicKey: base64url.encode(new Uint8Array(raw)) };
}

/** @param publicKey the one of `privateKey`, as `newRecipient` gave it; `requestId`: 32 hex digits. Throws SealFault. */
export async function createOpener(privateKey: CryptoKey, publicKey: string, requestId: string): Promise<Opener> {
  const pair = { privateKey, publicKey: await recipientKey(publicKey) };
  const info = infoOf(requestId);
  return new StreamOpener((enc) => newSuite().createRecipientContext({ recipientKey: pair, enc, info }));
}

const lengthBytes = 4;

class StreamOpener implements Opener {
  readonly #begin: (enc: Uint8Array) => Promise<RecipientContext>;
  #context: RecipientContext | undefined;
  #chunks: Uint8Array[] = [];
  #held = 0;
  #fault: SealFault | undefined;
  #isComplete = false;

  constructor(begin: (enc: Uint8Array) => Promise<RecipientContext>) {
    this.#begin = begin;
  }

  get fault(): SealFault | undefined {
    return this.#fault;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  async push(bytes: Uint8Array): Promise<Uint8Array[]> {
    if (this.#fault) throw this.#fault;
    if (bytes.length > 0) this.#chunks.push(bytes);
    this.#held += bytes.length;
    const opened: Uint8Array[] = [];
    try {
      while (await this.#step(opened));
    } catch (error) {
      if (!(error instanceof SealFault)) throw error;
      this.#fault = error;
      if (opened.length === 0) throw error;
    }
    return opened;
  }

  /** False: what comes next is not whole yet. */
  async #step(opened: Uint8Array[]): Promise<boolean> {
    if (!this.#context) {
      const head = this.#take(encBytes);
      if (!head) return false;
      this.#context = await this.#started(head);
    }
    if (this.#isComplete && this.#held > 0) throw new SealFault('malformed', 'More follows after the last record.');
    const lengthAt = this.#peek(lengthBytes);
    if (!lengthAt) return false;
    const length = new DataView(lengthAt.buffer, lengthAt.byteOffset).getUint32(0);
    if (length < 1 + tagBytes || length > 1 + tagBytes + longestSealed)
      throw new SealFault('malformed', `A record claims ${length} bytes: that is none.`);
    const record = this.#take(lengthBytes + length)?.subarray(lengthBytes);
    if (!record) return false;
    const kind = record[0];
    if (kind !== kinds.more && kind !== kinds.last) throw new SealFault('malformed', `A record is of kind ${kind}.`);
    opened.push(await this.#open(this.#context, record));
    this.#isComplete = kind === kinds.last;
    return true;
  }

  async #started(head: Uint8Array): Promise<RecipientContext> {
    const view = new DataView(head.buffer, head.byteOffset);
    if (view.getUint32(0, true) === blockTypes.section && view.getUint32(8, true) === byteOrderMagic)
      throw new SealFault('not-sealed', 'The host sent these packets as they are, though it was to encrypt them.');
    try {
      return await this.#begin(head);
    } catch (cause) {
      throw new SealFault('malformed', 'These bytes are no sealed capture.', { cause });
    }
  }

  async #open(context: RecipientContext, record: Uint8Array): Promise<Uint8Array> {
    try {
      return new Uint8Array(await context.open(record.subarray(1), record.subarray(0, 1)));
    } catch (cause) {
      const why = 'it is for another key or another run, or was changed on its way';
      throw new SealFault('not-opened', `A record cannot be opened: ${why}.`, { cause });
    }
  }

  #peek(count: number): Uint8Array | undefined {
    if (this.#held < count) return undefined;
    if (this.#chunks.length > 1 && this.#chunks[0]!.length < count) this.#join();
    return this.#chunks[0]!.subarray(0, count);
  }

  #take(count: number): Uint8Array | undefined {
    const taken = this.#peek(count);
    if (!taken) return undefined;
    this.#held -= count;
    const rest = this.#chunks[0]!.subarray(count);
    if (rest.length > 0) this.#chunks[0] = rest;
    else this.#chunks.shift();
    return taken;
  }

  #join(): void {
    const joined = new Uint8Array(this.#held);
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [joined];
  }
}
