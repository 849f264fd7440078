// Where the layers of a packet begin. Programs of control groups may look at headers in place (`direct`), and the kernel has made
// those of TCP and UDP linear by then; a socket filter takes copies.
#pragma once

#include "common.h"

struct packet {
  __u32 transport; /* offset of its header */
  __u8 protocol;
  __u8 fragment; /* not the first one: it has no transport header */
};

#define IPV4_HEADER 20
#define IPV6_HEADER 40

/*
 * So many bytes from the constant `at` on. Without CAP_PERFMON a pointer into a packet can neither be made with an offset that varies
 * nor be compared to 0, so the pointer comes through `found`. Returns 0, or -1 when they are not there; so do those that follow.
 */
inline_always int in_place(struct __sk_buff *skb, __u32 at, __u32 bytes, const __u32 **found) {
  const void *data = (void *)(long)skb->data;
  if (rarely(data + at + bytes > (void *)(long)skb->data_end)) return -1;
  *found = data + at;
  return 0;
}

inline_always int copied(struct __sk_buff *skb, __u32 at, __u32 *room, __u32 bytes, const __u32 **found) {
  *found = room;
  return bpf_skb_load_bytes(skb, at, room, bytes) ? -1 : 0;
}

/* Behind options and extensions it is copied to `room`. */
inline_always int transport_header(struct __sk_buff *skb, __u32 at, __u32 *room, __u32 bytes, const __u32 **found) {
  if (at == IPV4_HEADER) return in_place(skb, IPV4_HEADER, bytes, found);
  if (at == IPV6_HEADER) return in_place(skb, IPV6_HEADER, bytes, found);
  return copied(skb, at, room, bytes, found);
}

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

inline_always int header_at(struct __sk_buff *skb, __u32 at, __u32 *room, __u32 bytes, const __u32 **found, int direct) {
  return direct ? in_place(skb, at, bytes, found) : copied(skb, at, room, bytes, found);
}

/* The network layer of a packet that begins with it. Returns 0, or -1 for what is neither IPv4 nor IPv6. */
inline_always int parse_network(struct __sk_buff *skb, struct packet *packet, int direct) {
  __u32 room[3];
  const __u32 *header;
  packet->fragment = 0;
  if (skb->protocol == bpf_htons(ETH_P_IP)) {
    if (header_at(skb, 0, room, sizeof(room), &header, direct)) return -1;
    packet->transport = (header[0] & 0xf) * 4;
    packet->fragment = (bpf_ntohl(header[1]) & 0x1fff) != 0;
    packet->protocol = bpf_ntohl(header[2]) >> 16;
    return 0;
  }
  if (skb->protocol != bpf_htons(ETH_P_IPV6) || header_at(skb, 4, room, 4, &header, direct)) return -1;
  return walk_ipv6(skb, packet, bpf_ntohl(header[0]) >> 8);
}

/* Of the sender, or of the destination. Returns 0 or -1. */
inline_always int read_address(struct __sk_buff *skb, __u32 *to, int of_destination, int direct) {
  __u32 room[4];
  const __u32 *address;
  if (skb->protocol == bpf_htons(ETH_P_IP)) {
    if (header_at(skb, of_destination ? 16 : 12, room, 4, &address, direct)) return -1;
    map_ipv4(to, address[0]);
    return 0;
  }
  if (header_at(skb, of_destination ? 24 : 8, room, 16, &address, direct)) return -1;
  copy_address(to, address);
  return 0;
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
  __u32 room[4];
  const __u32 *header;
  if (transport_header(skb, transport, room, sizeof(room), &header)) return -1;
  __u32 third = bpf_ntohl(header[3]);
  segment->sequence = bpf_ntohl(header[1]);
  segment->acknowledged = bpf_ntohl(header[2]);
  segment->flags = (third >> 16) & 0x3f;
  segment->payload = transport + (third >> 28) * 4;
  __u32 length = skb->len;
  segment->length = length > segment->payload ? length - segment->payload : 0;
  return 0;
}
