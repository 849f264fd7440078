// What a layer carries: each dissector reads one layer and names the next, so that none of them calls another.

export type NextLayer =
  | { kind: 'ethernet'; from: number }
  | { kind: 'network'; etherType: number; from: number }
  /** `end` of the packet on the wire; may lie beyond what was captured. */
  | { kind: 'internet'; protocol: number; from: number; end: number }
  | Payload
  /** Nothing, or nothing that is understood. */
  | undefined;

export interface Payload {
  kind: 'payload';
  over: 'TCP' | 'UDP';
  from: number;
  /** On the wire. */
  end: number;
  sourcePort: number;
  destinationPort: number;
}
