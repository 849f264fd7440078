// Gives a socket a classic BPF program, which the kernel runs on each packet before the socket gets it.
import type { Instruction } from '@foretop/proto/bpf';
import { fixedBytes, type Libc, systemCallError } from './libc.ts';

// asm-generic/socket.h
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const instructionBytes = 8;

/** Throws HostError. */
export function attachFilter(libc: Libc, fd: number, program: readonly Instruction[]): void {
  const code = encoded(program);
  // `struct sock_fprog`: a length and a pointer.
  const pointer = fixedBytes(16);
  const view = new DataView(pointer.buffer);
  view.setUint16(0, program.length, true);
  view.setBigUint64(8, libc.addressOf(code), true);
  if (libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, pointer, pointer.length) !== 0)
    throw systemCallError(libc, 'Attaching the filter of a socket');
}

/** `struct sock_filter`s one after the other, in memory that stays where it is. */
function encoded(program: readonly Instruction[]): Uint8Array {
  const bytes = fixedBytes(program.length * instructionBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    const start = index * instructionBytes;
    view.setUint16(start, code, true);
    view.setUint8(start + 2, jt);
    view.setUint8(start + 3, jf);
    view.setUint32(start + 4, k, true);
  }
  return bytes;
}
