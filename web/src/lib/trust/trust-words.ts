// What a host may be asked, and how a person signs, in words.
import type { Capability, Signer } from '@foretop/proto/trust';

export const capabilityWords: Record<Capability, string> = {
  observe: 'See connections, processes and names.',
  probe: 'Ping, traceroute and check ports from the host.',
  'capture-headers': 'Capture packets, cut to their headers on the host.',
  'capture-payload': 'Capture whole packets, which only whoever asked can open.',
  terminate: 'End a process or cut a connection.',
};

export const signerWords: Record<Signer, string> = {
  browser: 'a key in the browser',
  passkey: 'a passkey, with a touch for each command',
  approve: 'foretop approve on the operator’s own machine',
};
