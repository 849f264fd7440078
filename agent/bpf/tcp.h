// Counters of each TCP connection, by what the kernel's own say and each packet adds.
#pragma once

#include "flows.h"

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

inline_always struct flow *open_tcp(struct bpf_sock *sk, struct bpf_tcp_sock *tcp, __u64 cookie, __u8 role) {
  struct flow flow = {};
  flow.first_ns = bpf_ktime_get_boot_ns();
  flow.last_ns = flow.first_ns;
  flow.tick = bpf_jiffies64();
  flow.protocol = IPPROTO_TCP;
  flow.role = role;
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
 * packet at hand acknowledges, before TCP has handled it. The two directions run at the same time: the later one's counters stay.
 */
inline_always void measure_acknowledged(struct flow *flow, struct bpf_tcp_sock *tcp, __u32 pending) {
  __u32 una = tcp->snd_una + pending;
  __u64 transmitted = tcp->bytes_acked + pending - flow->tx_base;
  if (flow->fin_tx_seen && una == flow->fin_tx_end) transmitted--;
  if ((__s64)(transmitted - flow->tx_bytes) > 0 && (__s64)transmitted > 0) flow->tx_bytes = transmitted;
}

/* All of it, by what TCP has handled so far. */
inline_always void measure_tcp(struct flow *flow, struct bpf_tcp_sock *tcp) {
  measure_acknowledged(flow, tcp, 0);
  __u64 received = tcp->bytes_received - flow->rx_base;
  if (flow->fin_rx_seen && tcp->rcv_nxt == flow->fin_rx_end) received--;
  if ((__s64)(received - flow->rx_bytes) > 0 && (__s64)received > 0) flow->rx_bytes = received;
  flow->rx_packets = tcp->segs_in - flow->segments_in_base;
  flow->tx_packets = tcp->segs_out - flow->segments_out_base;
  flow->rtt_us = tcp->srtt_us >> 3;
  flow->retransmissions = tcp->total_retrans - flow->retransmissions_base;
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

/* The first packet that is seen of a connection older than these programs, or one that belongs to no connection. */
inline_always struct flow *meet_tcp(struct __sk_buff *skb, __u64 cookie, int tx) {
  struct bpf_sock *sk = skb->sk;
  if (sk) sk = bpf_sk_fullsock(sk);
  struct bpf_tcp_sock *tcp = sk && sk->type == SOCK_STREAM ? bpf_tcp_sock(sk) : 0;
  if (!tcp) {
    count_other(skb, tx);
    return 0;
  }
  __u32 state = sk->state;
  if (!is_wanted_socket(skb, cookie)) return 0;
  if (state == TCP_LISTEN && !tx) heard(sk, cookie);
  struct flow *flow = 0;
  if (state != TCP_LISTEN && state != TCP_CLOSE && state != TCP_TIME_WAIT && state != TCP_NEW_SYN_RECV)
    flow = open_tcp(sk, tcp, cookie, ROLE_UNKNOWN);
  if (!flow) count_other(skb, tx);
  return flow;
}

inline_always void note_fin(struct flow *flow, __u32 end, int tx) {
  if (tx) {
    flow->fin_tx_end = end;
    flow->fin_tx_seen = 1;
  } else {
    flow->fin_rx_end = end;
    flow->fin_rx_seen = 1;
  }
}

/* How many bytes this segment acknowledges that were not before. */
inline_always __u32 newly_acknowledged(const struct flow *flow, struct bpf_tcp_sock *tcp, __u32 acknowledged) {
  __u32 pending = acknowledged - tcp->snd_una;
  /* Over loopback the answer is here before TCP has moved snd_nxt. */
  __s32 unsent = acknowledged - tcp->snd_nxt;
  if ((__s32)pending < 0 || (unsent > 0 && (__s32)(acknowledged - flow->sent_end) > 0)) return 0;
  return pending;
}

/* Returns the flow if something of the packet is to be copied. */
inline_always struct flow *on_tcp(struct __sk_buff *skb, __u32 transport, __u64 cookie, int tx, int with_payload,
                                  struct extract *extract) {
  struct flow *flow = bpf_map_lookup_elem(&tcp_flows, &cookie);
  if (rarely(!flow)) flow = meet_tcp(skb, cookie, tx);
  if (!flow) return 0;
  struct bpf_sock *sk = skb->sk;
  struct bpf_tcp_sock *tcp = sk ? bpf_tcp_sock(sk) : 0;
  struct segment segment = {};
  if (rarely(!tcp || parse_segment(skb, transport, &segment))) {
    count_other(skb, tx);
    return 0;
  }
  __u32 segments = segments_of(skb);
  __u64 bytes = ip_bytes(skb, segment.payload, segments);
  if (rarely(segment.flags & TCP_FIN)) note_fin(flow, segment.sequence + segment.length + 1, tx);
  if (tx) {
    flow->tx_ip_bytes += bytes; /* TCP sends under its socket's lock */
    flow->sent_end = segment.sequence + segment.length + !!(segment.flags & (TCP_SYN | TCP_FIN));
    measure_tcp(flow, tcp);
  } else {
    __sync_fetch_and_add(&flow->rx_ip_bytes, bytes);
    /* What arrives is counted when it is acknowledged, by a packet of the other direction. */
    __u32 pending = segment.flags & TCP_ACK ? newly_acknowledged(flow, tcp, segment.acknowledged) : 0;
    measure_acknowledged(flow, tcp, pending);
    flow->rx_packets = tcp->segs_in - flow->segments_in_base + segments;
  }
  stamp(flow, 0);

  __u8 watched = tx ? flow->watch_tx : flow->watch_rx;
  if (!with_payload || !watched || segment.length == 0) return 0;
  if (watched == PAYLOAD_DNS) extract_dns(extract, segment.payload, segment.length, segment.length, segment.sequence);
  else if (tx && watched == PAYLOAD_TLS) extract_hello(skb, flow, &segment, extract);
  return flow;
}
