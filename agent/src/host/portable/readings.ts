// What the readers of systems without a kernel interface of their own give: rows of one poll. Unknown is undefined.

export interface SocketRow {
  protocol: 6 | 17;
  /** As the Linux kernel numbers TCP states; 0 = a state with a word that is not known. UDP: 1 connected, 7 not. */
  state: number;
  /** 4 or 16 bytes; IPv4-mapped addresses are unmapped, zones left out. */
  localAddress: Uint8Array;
  localPort: number;
  /** Empty and 0 without a peer. */
  remoteAddress: Uint8Array;
  remotePort: number;
  /** 0 = unknown. */
  pid: number;
  /** What the system gives to tell this socket from an earlier one with the same addresses; empty = nothing. */
  instance: string;
  startedUnixUs?: number;
  /** Payload bytes since the connection's start. */
  rxBytes?: number;
  txBytes?: number;
}

export interface ProcessRow {
  pid: number;
  parentPid: number;
  comm: string;
  /** Empty = unknown, like the three that follow. */
  executable: string;
  /** Redacted. */
  commandLine: string;
  user: string;
  /** One letter as in /proc/PID/stat. */
  state: string;
  uid?: number;
  startedUnixUs?: number;
  /** User and system time since the start. */
  cpuUs?: number;
  /** Of one core; where the system gives a share instead of a time. */
  cpuPermille?: number;
  memoryBytes?: number;
  threads?: number;
  descriptors?: number;
}

export interface InterfaceRow {
  name: string;
  up: boolean;
  loopback: boolean;
  /** Its bytes are the host's: a card, not what stacks on one. */
  counted: boolean;
  rxBytes: number;
  txBytes: number;
  rxPackets?: number;
  txPackets?: number;
  rxErrors?: number;
  txErrors?: number;
  rxDrops?: number;
  txDrops?: number;
  speedMbit?: number;
  mtu?: number;
  hardwareAddress: string;
}

/** What one flow of a process carried so far, sockets without a peer included. */
export interface FlowRow {
  pid: number;
  /** Text that no other flow of this process has. */
  flow: string;
  /** Where it has a peer. */
  ends?: Pick<SocketRow, 'protocol' | 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>;
  rxBytes: number;
  txBytes: number;
  rttUs?: number;
}

export interface MemoryRow {
  usedBytes: number;
  totalBytes: number;
}
