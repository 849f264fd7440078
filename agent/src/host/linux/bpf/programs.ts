// Which program of the object attaches where, and which feature of the engine stands on it.

// enum bpf_prog_type, enum bpf_attach_type: linux/bpf.h (Linux 6.18)
const CGROUP_SKB = 8;
const CGROUP_SOCK = 9;
const SOCK_OPS = 13;
const CGROUP_SOCK_ADDR = 18;
export const SOCKET_FILTER = 1;

export interface ProgramPlace {
  section: string;
  type: number;
  attachType: number;
  /** Everything that is missing without it. */
  features: readonly string[];
  /** Loaded in its stead when the kernel refuses it; then only these features are missing. */
  plain?: { section: string; missing: readonly string[] };
}

const copies = ['dns', 'sni', 'quic'];

export const controlGroupPrograms: readonly ProgramPlace[] = [
  // Owners first: a flow that begins while the rest is attached already has one.
  { section: 'cgroup/sock_create', type: CGROUP_SOCK, attachType: 2, features: ['owners', 'accepted'] },
  { section: 'cgroup/connect4', type: CGROUP_SOCK_ADDR, attachType: 10, features: ['owners'] },
  { section: 'cgroup/connect6', type: CGROUP_SOCK_ADDR, attachType: 11, features: ['owners'] },
  { section: 'cgroup/sendmsg4', type: CGROUP_SOCK_ADDR, attachType: 14, features: ['owners'] },
  { section: 'cgroup/sendmsg6', type: CGROUP_SOCK_ADDR, attachType: 15, features: ['owners'] },
  { section: 'cgroup/getpeername4', type: CGROUP_SOCK_ADDR, attachType: 29, features: ['accepted'] },
  { section: 'cgroup/getpeername6', type: CGROUP_SOCK_ADDR, attachType: 30, features: ['accepted'] },
  { section: 'cgroup/sock_release', type: CGROUP_SOCK, attachType: 34, features: ['closes'] },
  { section: 'sockops', type: SOCK_OPS, attachType: 3, features: ['closes', 'sni'] },
  {
    section: 'cgroup_skb/egress',
    type: CGROUP_SKB,
    attachType: 1,
    features: ['flows', ...copies],
    plain: { section: 'cgroup_skb/egress/plain', missing: copies },
  },
  {
    section: 'cgroup_skb/ingress',
    type: CGROUP_SKB,
    attachType: 0,
    features: ['flows', 'dns'],
    plain: { section: 'cgroup_skb/ingress/plain', missing: ['dns'] },
  },
];

export const scanProgram = 'socket/scans';

export const featureNames = ['flows', 'owners', 'accepted', 'closes', 'dns', 'sni', 'quic', 'scans'] as const;
