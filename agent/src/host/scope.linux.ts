// Whether this agent sees the whole machine or only the namespace it runs in.
import { existsSync, readlinkSync } from 'node:fs';

export type Scope = 'machine' | 'namespace';

// The inode number of the initial PID namespace, the same on every kernel: PROC_PID_INIT_INO, include/linux/proc_ns.h.
const INITIAL_PID_NAMESPACE = 'pid:[4026531836]';

// The initial network namespace has a fixed number only since Linux 6.18. What tells it on any kernel, without privilege, is
// that these settings exist nowhere else (net_core_table, registered for init_net alone, net/core/sysctl_net_core.c).
const INITIAL_NET_SETTING = '/proc/sys/net/core/netdev_budget';

export interface ScopeReader {
  pidNamespace(): string;
  hasInitialNetSetting(): boolean;
}

const linuxReader: ScopeReader = {
  pidNamespace: () => readlinkSync('/proc/self/ns/pid'),
  hasInitialNetSetting: () => existsSync(INITIAL_NET_SETTING),
};

/** `machine` only in both initial namespaces, so that two agents under one kernel do not claim each other's sockets. */
export function readScope(reader: ScopeReader = linuxReader): Scope {
  try {
    return reader.pidNamespace() === INITIAL_PID_NAMESPACE && reader.hasInitialNetSetting() ? 'machine' : 'namespace';
  } catch {
    return 'namespace';
  }
}
