// Evidence of scans: packets to places where nothing answers have no socket, so a filter on a packet socket counts them.
#pragma once

#include "packet.h"

#define PACKET_HOST 0
#define PACKET_OUTGOING 4

/* foretop.v1.ScanKind */
enum scan_kind { SCAN_SYN = 1, SCAN_FIN = 2, SCAN_NULL = 3, SCAN_XMAS = 4, SCAN_UDP = 5 };

struct scan_key {
  __u32 source[4], local[4];
  __u16 local_port;
  __u8 kind, padding;
};

struct scan {
  __u64 packets;
  __u64 first_ns, last_ns;
};

struct address {
  __u32 words[4];
};

MAP(scans) = {BPF_MAP_TYPE_HASH, sizeof(struct scan_key), sizeof(struct scan), 4096, BPF_F_NO_PREALLOC};
/* Addresses of this network namespace; what is only passing through is no evidence. */
MAP(addresses) = {BPF_MAP_TYPE_HASH, sizeof(struct address), 4, 1024, BPF_F_NO_PREALLOC};

inline_always void record_scan(struct __sk_buff *skb, __u16 port, __u8 kind) {
  struct address local;
  if (read_address(skb, local.words, 1, 0) || !bpf_map_lookup_elem(&addresses, &local)) return;
  struct scan_key key = {.local_port = port, .kind = kind};
  copy_address(key.local, local.words);
  if (read_address(skb, key.source, 0, 0)) return;
  __u64 now = bpf_ktime_get_boot_ns();
  struct scan *known = bpf_map_lookup_elem(&scans, &key);
  if (known) {
    __sync_fetch_and_add(&known->packets, 1);
    known->last_ns = now;
    return;
  }
  struct scan scan = {.packets = 1, .first_ns = now, .last_ns = now};
  if (bpf_map_update_elem(&scans, &key, &scan, BPF_NOEXIST)) count(SCANS_REFUSED, 1);
}

/* No TCP sends FIN without ACK, no flag at all, or FIN, PSH and URG alone; a SYN is evidence where nobody listens. */
inline_always __u8 suspicion(__u8 flags) {
  if (flags == TCP_SYN) return SCAN_SYN;
  if (flags == TCP_FIN) return SCAN_FIN;
  if (flags == 0) return SCAN_NULL;
  if (flags == (TCP_FIN | TCP_PSH | TCP_URG)) return SCAN_XMAS;
  return 0;
}

SEC("socket/scans")
int watch_scans(struct __sk_buff *skb) {
  __u32 type = skb->pkt_type;
  if (type != PACKET_HOST && type != PACKET_OUTGOING) return 0;
  struct packet packet = {};
  if (parse_network(skb, &packet, 0) || packet.fragment) return 0;
  if (packet.protocol != IPPROTO_TCP && packet.protocol != IPPROTO_UDP) return 0;
  __be16 header[7] = {};
  if (bpf_skb_load_bytes(skb, packet.transport, header, packet.protocol == IPPROTO_TCP ? 14 : 4)) return 0;
  __u8 flags = bpf_ntohs(header[6]) & 0x3f;
  if (type == PACKET_OUTGOING) {
    /* An answer that another namespace gave through address translation opens a port as well as a listener does. */
    if (packet.protocol == IPPROTO_UDP || flags == (TCP_SYN | TCP_ACK)) mark_port(bpf_ntohs(header[0]), packet.protocol, BOUND);
    return 0;
  }
  __u32 port = bpf_ntohs(header[1]);
  __u8 kind = packet.protocol == IPPROTO_UDP ? SCAN_UDP : suspicion(flags);
  if (!kind) return 0;
  struct port_marks *marks = bpf_map_lookup_elem(&ports, &port);
  if (!marks || (kind == SCAN_UDP && marks->udp) || (kind == SCAN_SYN && marks->tcp)) return 0;
  record_scan(skb, port, kind);
  return 0;
}
