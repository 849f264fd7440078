// What the counters of TCP and UDP share: a flow in its map, its time, and what a packet adds.
#pragma once

#include "owners.h"
#include "packet.h"
#include "payload.h"

/* Inserts a flow and gives back the map's copy. */
inline_always struct flow *insert_flow(void *map, const void *key, const struct flow *flow) {
  long failed = bpf_map_update_elem(map, key, flow, BPF_NOEXIST);
  if (!failed) count(FLOWS, 1);
  struct flow *inserted = bpf_map_lookup_elem(map, key);
  if (!inserted) count(FLOWS_REFUSED, 1);
  return inserted;
}

/* Reading the time costs more than anything else that is done for a packet: once a tick of the kernel's own clock is enough. */
inline_always int stamp(struct flow *flow, int exactly) {
  __u32 tick = bpf_jiffies64();
  if (flow->tick == tick && !exactly) return 0;
  flow->tick = tick;
  flow->last_ns = bpf_ktime_get_boot_ns();
  return 1;
}

/* On the wire, where each segment of a large packet has headers of its own. */
inline_always __u64 ip_bytes(struct __sk_buff *skb, __u32 headers, __u32 segments) {
  return skb->len + (segments - 1) * headers;
}

inline_always __u32 segments_of(struct __sk_buff *skb) {
  __u32 segments = skb->gso_segs;
  return segments ? segments : 1;
}

inline_always int count_other(struct __sk_buff *skb, int tx) {
  count(tx ? OTHER_TX_IP_BYTES : OTHER_RX_IP_BYTES, skb->len);
  return 1;
}

/* Whether a flow may be opened for a socket. Where the kernel does not tell the namespace, only for those with an owner. */
inline_always int is_wanted_socket(struct __sk_buff *skb, __u64 cookie) {
  enum belongs to = belongs(bpf_get_netns_cookie(skb));
  return to == OWN || (to == UNTOLD && bpf_map_lookup_elem(&owners, &cookie));
}
