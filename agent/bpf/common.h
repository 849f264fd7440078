// What all subjects share: the layout of maps and events, counters, and who acts. agent/src/host/linux/bpf/layout.ts mirrors it.
#pragma once

#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd

#define inline_always static __always_inline
/* Keeps the compiler from folding a bound that the verifier must see. */
#define opaque(value) asm volatile("" : "+r"(value))
#define rarely(condition) __builtin_expect(!!(condition), 0)

/* The classic layout of a map definition; it needs no BTF. */
struct map_definition {
  __u32 type, key_size, value_size, max_entries, flags;
};
#define MAP(name) struct map_definition SEC("maps") name

/* Indices into `counters`. */
enum counter {
  EVENTS_LOST,
  FLOWS_REFUSED,
  OWNERS_REFUSED,
  SCANS_REFUSED,
  FLOWS,
  OWNERS,
  OTHER_RX_IP_BYTES,
  OTHER_TX_IP_BYTES,
  COUNTERS,
};

MAP(counters) = {BPF_MAP_TYPE_ARRAY, 4, 8, COUNTERS, BPF_F_MMAPABLE};

inline_always void count(__u32 index, __s64 by) {
  __u64 *value = bpf_map_lookup_elem(&counters, &index);
  if (value) __sync_fetch_and_add(value, by);
}

/* foretop.v1.OwnerRule: the lower one decides, 0 is nobody. */
enum rule { RULE_CONNECT = 1, RULE_ACCEPT = 2, RULE_CREATE = 4, RULE_CLOSE = 5, RULE_LISTENER = 6 };

struct actor {
  __u32 pid; /* of the initial PID namespace */
  __u32 uid;
  char comm[16];
};

/* One socket: who acted on it, and what its release must clean up. */
struct owner {
  struct actor actor;
  __u8 rule;
  __u8 released;
  __u16 bound_port;       /* marked in `ports`; 0 = none */
  __u8 protocol;          /* of bound_port */
  __u8 peers;             /* UDP flows made, saturating */
  __u16 first_peer_port;  /* the first of them */
  __u32 first_peer[4];
};

/* What every packet touches comes first: it stands in two cache lines. */
struct flow {
  __u64 last_ns; /* boottime; within a tick of the kernel's clock, exact once a connection has ended */
  __u64 rx_bytes, tx_bytes;
  __u64 rx_packets, tx_packets;
  __u64 rx_ip_bytes, tx_ip_bytes;
  __u32 rtt_us, retransmissions;
  __u64 rx_base, tx_base; /* of the kernel's counters when the flow was first seen */
  __u32 segments_in_base, segments_out_base, retransmissions_base;
  __u32 fin_rx_end, fin_tx_end; /* sequence numbers behind the FINs */
  __u32 sent_end;               /* sequence number behind what was last sent */
  __u32 tick;                   /* of last_ns, in jiffies */
  /* One byte a flag, since directions run at the same time. */
  __u8 fin_rx_seen, fin_tx_seen, watch_rx, watch_tx;
  __u16 local_port, remote_port;
  __u8 protocol, role, ended;
  __u8 copies;      /* of its ClientHello or its QUIC Initials */
  __u32 tx_start;   /* sequence number of the first payload byte */
  __u32 hello_end;  /* bytes behind tx_start at which the ClientHello ends; 0 = not found */
  __u64 first_ns;   /* boottime */
  __u32 local[4], remote[4]; /* network order; IPv4 as ::ffff:a.b.c.d */
};

enum role { ROLE_UNKNOWN, ROLE_ACTIVE, ROLE_PASSIVE };

struct udp_key {
  __u64 cookie;
  __u32 remote[4];
  __u16 remote_port;
  __u16 padding[3];
};

enum event_type { EVENT_CLOSED = 1, EVENT_RELEASED = 2, EVENT_PAYLOAD = 3 };

struct event {
  __u32 type;
  __u32 length; /* of the bytes behind a payload event */
  __u64 cookie;
  __u64 time_ns;
  struct actor actor;
  __u32 rule;
  __u32 padding;
};

struct closed_event {
  struct event event;
  struct flow flow;
};

MAP(events) = {BPF_MAP_TYPE_RINGBUF, 0, 0, 1 << 21, 0};
MAP(tcp_flows) = {BPF_MAP_TYPE_HASH, sizeof(__u64), sizeof(struct flow), 65536, BPF_F_NO_PREALLOC};
MAP(udp_flows) = {BPF_MAP_TYPE_HASH, sizeof(struct udp_key), sizeof(struct flow), 32768, BPF_F_NO_PREALLOC};
MAP(owners) = {BPF_MAP_TYPE_HASH, sizeof(__u64), sizeof(struct owner), 131072, BPF_F_NO_PREALLOC};

/*
 * Where something listens or is bound, by port, at whatever address and in whatever namespace: only packets to other ports can be
 * evidence of a scan.
 */
#define BOUND 1
#define BOUND_BEFORE 2 /* said by the reader; no program saw it yet */
struct port_marks {
  __u32 tcp, udp;
};
MAP(ports) = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct port_marks), 65536, BPF_F_MMAPABLE};

inline_always void mark_port(__u32 port, __u8 protocol, __u32 bound) {
  struct port_marks *marks = bpf_map_lookup_elem(&ports, &port);
  if (!marks) return;
  if (protocol == IPPROTO_TCP && marks->tcp != bound) marks->tcp = bound;
  if (protocol == IPPROTO_UDP && marks->udp != bound) marks->udp = bound;
}

/* The one network namespace whose sockets are wanted, by its cookie; 0 = all. */
MAP(scope) = {BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0};

enum belongs { FOREIGN, OWN, UNTOLD };

/* `cookie` is what bpf_get_netns_cookie() said; the loader makes it 0 where the kernel has none for a kind of program. */
inline_always enum belongs belongs(__u64 cookie) {
  __u32 index = 0;
  __u64 *wanted = bpf_map_lookup_elem(&scope, &index);
  if (!wanted || !*wanted || *wanted == cookie) return OWN;
  return cookie ? FOREIGN : UNTOLD;
}
#define is_foreign(ctx) (belongs(bpf_get_netns_cookie(ctx)) == FOREIGN)

inline_always void copy_address(__u32 *to, const __u32 *from) {
  to[0] = from[0];
  to[1] = from[1];
  to[2] = from[2];
  to[3] = from[3];
}

inline_always void map_ipv4(__u32 *to, __u32 address) {
  to[0] = 0;
  to[1] = 0;
  to[2] = bpf_htonl(0xffff);
  to[3] = address;
}
