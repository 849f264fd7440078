// Each packet of a control group's sockets: to its flow's counters, and what of it is wanted to the reader.
#pragma once

#include "tcp.h"
#include "udp.h"

inline_always int on_packet(struct __sk_buff *skb, int tx, int with_payload) {
  struct packet packet = {};
  if (parse_network(skb, &packet, 1)) return count_other(skb, tx);
  __u64 cookie = bpf_get_socket_cookie(skb);
  struct extract extract = {};
  struct flow *flow;
  if (packet.protocol == IPPROTO_TCP) flow = on_tcp(skb, packet.transport, cookie, tx, with_payload, &extract);
  else if (packet.protocol == IPPROTO_UDP) flow = on_udp(skb, packet.transport, cookie, tx, with_payload, &extract);
  else return count_other(skb, tx);
  if (with_payload && flow && extract.kind) copy_payload(skb, flow, cookie, &extract, tx);
  return 1;
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
