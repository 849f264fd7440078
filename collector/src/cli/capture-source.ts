// The packets of one host's part as they come from the collector: opened, if they were sealed, and read; begun again where a stream breaks off.
import {
  createOpener,
  type Packet,
  PcapngFault,
  PcapngReader,
  type Recipient,
  SealFault,
} from '@foretop/proto/capture';
import type { ToolRun, ToolRunHost } from '@foretop/proto/api';
import { printable } from '../config/printable.ts';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import { readOn } from './read-on.ts';

export interface CapturePart {
  client: Client;
  run: ToolRun;
  part: ToolRunHost;
  /** Of a capture with payload. */
  recipient: Recipient | undefined;
  /** pcapng blocks, whole ones or not, with the packets that ended in them. */
  onBytes: (bytes: Uint8Array, packets: readonly Packet[]) => Promise<void> | void;
}

/** Until the part has ended. @returns why it is not whole; undefined = it is. Throws CliError. */
export async function readCapture({ client, run, part, recipient, onBytes }: CapturePart): Promise<string | undefined> {
  const { requestId } = part;
  const opener = recipient && (await createOpener(recipient.privateKey, recipient.publicKey, requestId));
  const reader = new PcapngReader();
  const path = `/tool-runs/${run.id}/packets/${requestId}`;
  const take = async (bytes: Uint8Array): Promise<void> => {
    const opened = opener ? await opener.push(bytes) : [bytes];
    for (const plain of opened) {
      const packets = reader.push(plain);
      if (reader.fault) throw reader.fault;
      await onBytes(plain, packets);
    }
    if (opener?.fault) throw opener.fault;
  };
  let at = 0;
  try {
    await readOn(async (came) => {
      const body = await client.stream(`${path}?follow=true&from=${at}`, { accept: '*/*' });
      for await (const bytes of body) {
        at += bytes.length;
        came();
        await take(bytes);
      }
      return hasEnded(await client.request<ToolRun>('GET', `/tool-runs/${run.id}`), requestId, at);
    });
  } catch (error) {
    if (error instanceof SealFault || error instanceof PcapngFault) return printable(error.message);
    throw error;
  }
  if (opener && at > 0 && !opener.isComplete) return 'It was cut: its last record is missing.';
  return reader.pending > 0 ? 'It was cut within a packet.' : undefined;
}

/** Throws CliError for packets that are there no more. */
function hasEnded(run: ToolRun, requestId: string, at: number): boolean {
  const part = run.hosts.find((one) => one.requestId === requestId);
  if (part?.packets == null) throw new CliError('refused', 'The collector does not know this capture any more.');
  const isOpen = part.status === 'offered' || part.status === 'running';
  return !isOpen && at >= part.packets.bytes;
}
