// Puts frames on a wire of the lab as they are, whatever they say of themselves. Needs CAP_NET_RAW.
import { openLibc, systemCallError } from '../../agent/src/host/linux/libc.ts';

// bits/socket.h, linux/if_packet.h
const AF_PACKET = 17;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const addressBytes = 20;

/** Belongs to the network namespace that this thread is in now. Throws HostError. */
export class FrameSender implements Disposable {
  readonly #libc = openLibc();
  readonly #fd: number;
  readonly #address = new Uint8Array(addressBytes);

  constructor(interfaceName: string) {
    this.#fd = this.#libc.socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0);
    if (this.#fd < 0) throw systemCallError(this.#libc, 'Opening a packet socket');
    const view = new DataView(this.#address.buffer);
    view.setUint16(0, AF_PACKET, true);
    view.setInt32(4, this.#libc.interfaceIndex(interfaceName), true);
  }

  /** False = there was no room for it. */
  send(frame: Uint8Array): boolean {
    // The frame's own type, as the kernel wants to know it.
    this.#address.set(frame.subarray(12, 14), 2);
    return this.#libc.sendto(this.#fd, frame, frame.length, 0, this.#address, addressBytes) === frame.length;
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#fd);
  }
}
