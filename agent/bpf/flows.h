// Counters of each TCP connection and of each UDP socket with each peer, and the event when one has ended.
#pragma once

#include "owners.h"
#include "packet.h"
#include "payload.h"

/* include/net/tcp_states.h */
#define TCP_TIME_WAIT 6
#define TCP_CLOSE 7
#define TCP_LISTEN 10
#define TCP_NEW_SYN_RECV 12

/* The verifier allows each field of a socket only by its own constant offset: the compiler must not compute a pointer to it. */
#define field(name)                                                                                                    \
  ({                                                                                                                   \
    __u64 value;                                                                                                       \
    asm volatile("%0 = *(u32 *)(%1 + %2)" : "=r"(value) : "r"(sk), "i"(__builtin_offsetof(struct bpf_sock, name)));    \
    (__u32)value;                                                                                                      \
  })

inline_always void read_socket(struct flow *flow, struct bpf_sock *sk) {
  flow->local_port = sk->src_port;
  flow->remote_port = bpf_ntohs(sk->dst_port);
  if (sk->family == AF_INET) {
    map_ipv4(flow->local, field(src_ip4));
    map_ipv4(flow->remote, field(dst_ip4));
    return;
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    flow->local[i] = field(src_ip6[i]);
    flow->remote[i] = field(dst_ip6[i]);
  }
}

/* Inserts a flow and gives back the map's copy. */
inline_always struct flow *insert_flow(void *map, const void *key, const struct flow *flow) {
  long failed = bpf_map_update_elem(map, key, flow, BPF_NOEXIST);
  if (!failed) count(FLOWS, 1);
  struct flow *inserted = bpf_map_lookup_elem(map, key);
  if (!inserted) count(FLOWS_REFUSED, 1);
  return inserted;
}

inline_always struct flow *open_tcp(struct bpf_sock *sk, struct bpf_tcp_sock *tcp, __u64 cookie, __u8 role, __u64 now) {
  struct flow flow = {};
  flow.first_ns = now;
  flow.last_ns = now;
  flow.protocol = IPPROTO_TCP;
  flow.role = role;
  flow.tracked = role != ROLE_UNKNOWN;
  read_socket(&flow, sk);
  watch(&flow);
  if (role == ROLE_ACTIVE) {
    flow.tx_base = 1; /* bytes_acked will count the SYN */
  } else if (role == ROLE_UNKNOWN) {
    flow.tx_base = tcp->bytes_acked;
    flow.rx_base = tcp->bytes_received;
    flow.segments_in_base = tcp->segs_in;
    flow.segments_out_base = tcp->segs_out;
    flow.retransmissions_base = tcp->total_retrans;
  }
  return insert_flow(&tcp_flows, &cookie, &flow);
}

/*
 * Payload from the kernel's counters, which also count SYN and FIN where those took a sequence number. `pending` is what the
 * packet at hand acknowledges, before TCP has handled it.
 */
inline_always void measure_tcp(struct flow *flow, struct bpf_tcp_sock *tcp, __u32 pending, __u32 arriving) {
  __u32 una = tcp->snd_una + pending;
  __u64 transmitted = tcp->bytes_acked + pending - flow->tx_base;
  if (flow->fin_tx_seen && una == flow->fin_tx_end) transmitted--;
  __u64 received = tcp->bytes_received - flow->rx_base;
  if (flow->fin_rx_seen && tcp->rcv_nxt == flow->fin_rx_end) received--;
  /* The two directions run at the same time: the later one's counters stay. */
  if ((__s64)(transmitted - flow->tx_bytes) > 0 && (__s64)transmitted > 0) flow->tx_bytes = transmitted;
  if ((__s64)(received - flow->rx_bytes) > 0 && (__s64)received > 0) flow->rx_bytes = received;
  flow->rx_packets = tcp->segs_in - flow->segments_in_base + arriving;
  flow->tx_packets = tcp->segs_out - flow->segments_out_base;
  flow->rtt_us = tcp->srtt_us >> 3;
  flow->retransmissions = tcp->total_retrans - flow->retransmissions_base;
}

inline_always void count_ip(struct flow *flow, int tx, __u64 bytes) {
  __sync_fetch_and_add(tx ? &flow->tx_ip_bytes : &flow->rx_ip_bytes, bytes);
}

inline_always int count_other(struct __sk_buff *skb, int tx) {
  count(tx ? OTHER_TX_IP_BYTES : OTHER_RX_IP_BYTES, skb->len);
  return 1;
}

/* A SYN or the end of a handshake came to a listener: its port is open. */
inline_always void heard(struct bpf_sock *sk, __u64 cookie) {
  __u32 port = sk->src_port;
  struct port_marks *marks = bpf_map_lookup_elem(&ports, &port);
  if (!marks || marks->tcp == BOUND) return;
  marks->tcp = BOUND;
  struct owner *owner = bpf_map_lookup_elem(&owners, &cookie);
  if (owner) {
    owner->bound_port = port;
    owner->protocol = IPPROTO_TCP;
    return;
  }
  struct owner unknown = {.bound_port = port, .protocol = IPPROTO_TCP};
  insert_owner(cookie, &unknown);
}

/* Whether a flow may be opened for a socket. Where the kernel does not tell the namespace, only for those with an owner. */
inline_always int is_wanted_socket(struct __sk_buff *skb, __u64 cookie) {
  enum belongs to = belongs(bpf_get_netns_cookie(skb));
  return to == OWN || (to == UNTOLD && bpf_map_lookup_elem(&owners, &cookie));
}

inline_always int on_tcp(struct __sk_buff *skb, struct bpf_sock *sk, int tx, int with_payload) {
  __u64 cookie = bpf_get_socket_cookie(skb);
  struct flow *flow = bpf_map_lookup_elem(&tcp_flows, &cookie);
  struct bpf_tcp_sock *tcp = bpf_tcp_sock(sk);
  if (!tcp) return count_other(skb, tx);
  __u64 now = bpf_ktime_get_boot_ns();
  if (!flow) {
    __u32 state = sk->state;
    if (!is_wanted_socket(skb, cookie)) return 1;
    if (state == TCP_LISTEN && !tx) heard(sk, cookie);
    if (state == TCP_LISTEN || state == TCP_CLOSE || state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV)
      return count_other(skb, tx);
    flow = open_tcp(sk, tcp, cookie, ROLE_UNKNOWN, now);
    if (!flow) return count_other(skb, tx);
  }
  struct packet packet = {};
  struct segment segment = {};
  if (parse_network(skb, &packet) || parse_segment(skb, packet.transport, &segment)) return count_other(skb, tx);

  __u32 segments = skb->gso_segs;
  if (segments == 0) segments = 1;
  count_ip(flow, tx, skb->len + (segments - 1) * segment.payload);
  if (segment.flags & TCP_FIN) {
    __u32 end = segment.sequence + segment.length + 1;
    if (tx) {
      flow->fin_tx_end = end;
      flow->fin_tx_seen = 1;
    } else {
      flow->fin_rx_end = end;
      flow->fin_rx_seen = 1;
    }
  }
  __u32 pending = 0;
  if (tx) {
    flow->sent_end = segment.sequence + segment.length + !!(segment.flags & (TCP_SYN | TCP_FIN));
  } else if (segment.flags & TCP_ACK) {
    pending = segment.acknowledged - tcp->snd_una;
    /* Over loopback the answer is here before TCP has moved snd_nxt. */
    __s32 unsent = segment.acknowledged - tcp->snd_nxt;
    if ((__s32)pending < 0 || (unsent > 0 && (__s32)(segment.acknowledged - flow->sent_end) > 0)) pending = 0;
  }
  measure_tcp(flow, tcp, pending, tx ? 0 : segments);
  flow->last_ns = now;

  __u8 watched = tx ? flow->watch_tx : flow->watch_rx;
  if (!with_payload || !watched || segment.length == 0) return 1;
  struct extract extract = {};
  if (watched == PAYLOAD_DNS) extract_dns(&extract, segment.payload, segment.length, segment.length, segment.sequence);
  else if (tx && watched == PAYLOAD_TLS) extract_hello(skb, flow, &segment, &extract);
  if (extract.kind) copy_payload(skb, flow, cookie, now, &extract, tx);
  return 1;
}

/* Remembers the first peer, so that the release of a socket with only one ends its flow at once. */
inline_always void add_peer(__u64 cookie, const struct udp_key *key, __u16 local_port) {
  struct owner *owner = bpf_map_lookup_elem(&owners, &cookie);
  if (owner) {
    if (owner->peers == 0) {
      copy_address(owner->first_peer, key->remote);
      owner->first_peer_port = key->remote_port;
    }
    if (owner->peers < 255) owner->peers++;
    owner->bound_port = local_port;
    owner->protocol = IPPROTO_UDP;
    return;
  }
  struct owner unknown = {.bound_port = local_port, .protocol = IPPROTO_UDP, .peers = 1};
  unknown.first_peer_port = key->remote_port;
  copy_address(unknown.first_peer, key->remote);
  insert_owner(cookie, &unknown);
}

inline_always int on_udp(struct __sk_buff *skb, int tx, int with_payload) {
  struct packet packet = {};
  if (parse_network(skb, &packet) || packet.protocol != IPPROTO_UDP) return count_other(skb, tx);
  __be16 header[2];
  if (bpf_skb_load_bytes(skb, packet.transport, header, sizeof(header))) return count_other(skb, tx);
  __u64 cookie = bpf_get_socket_cookie(skb);
  __u16 local_port = bpf_ntohs(header[tx ? 0 : 1]);
  struct udp_key key = {.cookie = cookie, .remote_port = bpf_ntohs(header[tx ? 1 : 0])};
  copy_address(key.remote, tx ? packet.destination : packet.source);
  __u64 now = bpf_ktime_get_boot_ns();
  struct flow *flow = bpf_map_lookup_elem(&udp_flows, &key);
  if (!flow && !is_wanted_socket(skb, cookie)) return 1;
  mark_port(local_port, IPPROTO_UDP, BOUND);
  if (!flow) {
    struct owner *owner = bpf_map_lookup_elem(&owners, &cookie);
    struct flow fresh = {};
    fresh.first_ns = now;
    fresh.protocol = IPPROTO_UDP;
    fresh.local_port = local_port;
    fresh.remote_port = key.remote_port;
    /* Of a socket whose first deed was not seen it is unknown who spoke first. */
    fresh.role = owner && owner->rule ? (tx ? ROLE_ACTIVE : ROLE_PASSIVE) : ROLE_UNKNOWN;
    copy_address(fresh.local, tx ? packet.source : packet.destination);
    copy_address(fresh.remote, key.remote);
    watch(&fresh);
    flow = insert_flow(&udp_flows, &key, &fresh);
    if (!flow) return count_other(skb, tx);
    add_peer(cookie, &key, local_port);
  }
  __u32 payload = packet.transport + 8;
  __u32 length = skb->len > payload ? skb->len - payload : 0;
  __u32 segments = skb->gso_segs;
  if (segments == 0) segments = 1;
  __sync_fetch_and_add(tx ? &flow->tx_bytes : &flow->rx_bytes, length);
  __sync_fetch_and_add(tx ? &flow->tx_packets : &flow->rx_packets, segments);
  count_ip(flow, tx, skb->len + (segments - 1) * payload);
  flow->last_ns = now;

  __u8 watched = tx ? flow->watch_tx : flow->watch_rx;
  if (!with_payload || !watched || length == 0) return 1;
  struct extract extract = {};
  __u32 step = skb->gso_size;
  if (step == 0) step = length;
  if (watched == PAYLOAD_DNS) extract_dns(&extract, payload, length, step, 0);
  else if (tx) extract_quic(skb, flow, payload, length, step, &extract);
  if (extract.kind) copy_payload(skb, flow, cookie, now, &extract, tx);
  return 1;
}

inline_always int on_packet(struct __sk_buff *skb, int tx, int with_payload) {
  struct bpf_sock *sk = skb->sk;
  if (sk) sk = bpf_sk_fullsock(sk);
  if (!sk) return count_other(skb, tx);
  if (sk->type == SOCK_STREAM && sk->protocol == IPPROTO_TCP) return on_tcp(skb, sk, tx, with_payload);
  if (sk->type == SOCK_DGRAM && sk->protocol == IPPROTO_UDP) return on_udp(skb, tx, with_payload);
  return count_other(skb, tx);
}

SEC("cgroup_skb/ingress")
int received(struct __sk_buff *skb) { return on_packet(skb, 0, 1); }

SEC("cgroup_skb/egress")
int transmitted(struct __sk_buff *skb) { return on_packet(skb, 1, 1); }

/* For kernels whose verifier refuses the copies. */
SEC("cgroup_skb/ingress/plain")
int received_plain(struct __sk_buff *skb) { return on_packet(skb, 0, 0); }

SEC("cgroup_skb/egress/plain")
int transmitted_plain(struct __sk_buff *skb) { return on_packet(skb, 1, 0); }
