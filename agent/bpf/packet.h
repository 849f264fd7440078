// Where the layers of a packet begin. Read through bpf_skb_load_bytes, so that no part of it needs to be linear.
#pragma once

#include "common.h"

struct packet {
  __u32 source[4], destination[4];
  __u32 transport; /* offset of its header */
  __u8 protocol;
  __u8 fragment; /* not the first one: it has no transport header */
};

#define MAX_EXTENSION_HEADERS 4
#define NEXTHDR_HOP 0
#define NEXTHDR_ROUTING 43
#define NEXTHDR_FRAGMENT 44
#define NEXTHDR_DEST 60

inline_always int walk_ipv6(struct __sk_buff *skb, struct packet *packet, __u8 next) {
  __u32 at = 40;
#pragma unroll
  for (int i = 0; i < MAX_EXTENSION_HEADERS; i++) {
    if (next != NEXTHDR_HOP && next != NEXTHDR_ROUTING && next != NEXTHDR_DEST && next != NEXTHDR_FRAGMENT) break;
    __u8 header[4];
    if (bpf_skb_load_bytes(skb, at, header, sizeof(header))) return -1;
    if (next == NEXTHDR_FRAGMENT) {
      packet->fragment = header[2] != 0 || (header[3] & 0xf8) != 0;
      at += 8;
    } else {
      at += (header[1] + 1) * 8;
    }
    next = header[0];
  }
  packet->protocol = next;
  packet->transport = at;
  return 0;
}

/* The network layer of a packet that begins with it. Returns 0, or -1 for what is neither IPv4 nor IPv6. */
inline_always int parse_network(struct __sk_buff *skb, struct packet *packet) {
  packet->fragment = 0;
  if (skb->protocol == bpf_htons(ETH_P_IP)) {
    __u32 header[5];
    if (bpf_skb_load_bytes(skb, 0, header, sizeof(header))) return -1;
    packet->transport = (header[0] & 0xf) * 4;
    packet->fragment = (bpf_ntohl(header[1]) & 0x1fff) != 0;
    packet->protocol = bpf_ntohl(header[2]) >> 16;
    map_ipv4(packet->source, header[3]);
    map_ipv4(packet->destination, header[4]);
    return 0;
  }
  if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
    __u32 header[10];
    if (bpf_skb_load_bytes(skb, 0, header, sizeof(header))) return -1;
    copy_address(packet->source, header + 2);
    copy_address(packet->destination, header + 6);
    return walk_ipv6(skb, packet, bpf_ntohl(header[1]) >> 8);
  }
  return -1;
}

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20

struct segment {
  __u32 sequence, acknowledged;
  __u32 payload; /* offset */
  __u32 length;
  __u8 flags;
};

inline_always int parse_segment(struct __sk_buff *skb, __u32 transport, struct segment *segment) {
  __u32 header[4];
  if (bpf_skb_load_bytes(skb, transport, header, sizeof(header))) return -1;
  __u32 third = bpf_ntohl(header[3]);
  segment->sequence = bpf_ntohl(header[1]);
  segment->acknowledged = bpf_ntohl(header[2]);
  segment->flags = (third >> 16) & 0x3f;
  segment->payload = transport + (third >> 28) * 4;
  __u32 length = skb->len;
  segment->length = length > segment->payload ? length - segment->payload : 0;
  return 0;
}
