// Counters of each UDP socket with each peer.
#pragma once

#include "flows.h"

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

inline_always struct flow *meet_udp(struct __sk_buff *skb, const struct udp_key *key, __u16 local_port, int tx) {
  struct bpf_sock *sk = skb->sk;
  if (sk) sk = bpf_sk_fullsock(sk);
  if (!sk || sk->type != SOCK_DGRAM || sk->protocol != IPPROTO_UDP) {
    count_other(skb, tx);
    return 0;
  }
  if (!is_wanted_socket(skb, key->cookie)) return 0;
  mark_port(local_port, IPPROTO_UDP, BOUND);
  __u64 cookie = key->cookie;
  struct owner *owner = bpf_map_lookup_elem(&owners, &cookie);
  struct flow fresh = {};
  fresh.first_ns = bpf_ktime_get_boot_ns();
  fresh.last_ns = fresh.first_ns;
  fresh.tick = bpf_jiffies64();
  fresh.protocol = IPPROTO_UDP;
  fresh.local_port = local_port;
  fresh.remote_port = key->remote_port;
  /* Of a socket whose first deed was not seen it is unknown who spoke first. */
  fresh.role = owner && owner->rule ? (tx ? ROLE_ACTIVE : ROLE_PASSIVE) : ROLE_UNKNOWN;
  read_address(skb, fresh.local, !tx, 1);
  copy_address(fresh.remote, key->remote);
  watch(&fresh);
  struct flow *flow = insert_flow(&udp_flows, key, &fresh);
  if (flow) add_peer(cookie, key, local_port);
  else count_other(skb, tx);
  return flow;
}

#define EXACT_WITHIN 16 /* packets: an exchange of few may be shorter than a tick */

/* As on_tcp(). */
inline_always struct flow *on_udp(struct __sk_buff *skb, __u32 transport, __u64 cookie, int tx, int with_payload,
                                  struct extract *extract) {
  __u32 room;
  const __u32 *header;
  struct udp_key key = {.cookie = cookie};
  if (transport_header(skb, transport, &room, sizeof(room), &header) || read_address(skb, key.remote, tx, 1)) {
    count_other(skb, tx);
    return 0;
  }
  __u16 source = bpf_ntohs(*header & 0xffff), destination = bpf_ntohs(*header >> 16);
  __u16 local_port = tx ? source : destination;
  key.remote_port = tx ? destination : source;
  struct flow *flow = bpf_map_lookup_elem(&udp_flows, &key);
  if (rarely(!flow)) flow = meet_udp(skb, &key, local_port, tx);
  if (!flow) return 0;
  __u32 payload = transport + 8;
  __u32 length = skb->len > payload ? skb->len - payload : 0;
  __u32 segments = segments_of(skb);
  __sync_fetch_and_add(tx ? &flow->tx_bytes : &flow->rx_bytes, length);
  __sync_fetch_and_add(tx ? &flow->tx_packets : &flow->rx_packets, segments);
  __sync_fetch_and_add(tx ? &flow->tx_ip_bytes : &flow->rx_ip_bytes, ip_bytes(skb, payload, segments));
  /* Another socket of this port may have gone meanwhile, and taken the mark along. */
  if (stamp(flow, flow->rx_packets + flow->tx_packets <= EXACT_WITHIN)) mark_port(local_port, IPPROTO_UDP, BOUND);

  __u8 watched = tx ? flow->watch_tx : flow->watch_rx;
  if (!with_payload || !watched || length == 0) return 0;
  __u32 step = skb->gso_size;
  if (step == 0) step = length;
  if (watched == PAYLOAD_DNS) extract_dns(extract, payload, length, step, 0);
  else if (tx) extract_quic(skb, flow, payload, length, step, extract);
  return flow;
}
