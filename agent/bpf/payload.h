// Copies of payload: DNS, the TLS ClientHello, and the client's QUIC Initials. Only what parsers in user space need.
#pragma once

#include "owners.h"
#include "packet.h"

enum payload_kind { PAYLOAD_DNS = 1, PAYLOAD_TLS = 2, PAYLOAD_QUIC = 4 };

#define MAX_COPY 8192
#define HELLO_WITHIN 16384 /* a ClientHello may follow a plain beginning (STARTTLS, proxies) */
#define MAX_HELLO 8192
#define MAX_HELLO_COPIES 8
#define MAX_QUIC_COPIES 6
#define QUIC_WITHIN 16 /* packets */

/* Which kinds are wanted: one word of enum payload_kind. */
MAP(wanted) = {BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0};

struct payload_event {
  struct event event;
  __u32 local[4], remote[4];
  __u16 local_port, remote_port;
  __u8 protocol, kind, transmitted, padding;
  __u32 sequence;
  __u32 payload_bytes; /* in the packet; more than event.length when cut */
  __u32 step;          /* bytes a datagram, when the packet holds several */
  __u32 padding_end;
  __u8 bytes[];
};

/* Part of a packet that is to be copied. */
struct extract {
  __u32 kind; /* 0 = nothing */
  __u32 offset, length;
  __u32 step; /* of the datagrams in a GSO packet, otherwise the length */
  __u32 sequence;
};

inline_always int is_wanted(__u32 kind) {
  __u32 index = 0;
  __u32 *kinds = bpf_map_lookup_elem(&wanted, &index);
  return kinds && (*kinds & kind);
}

inline_always int is_dns_port(__u16 port) { return port == 53 || port == 5353 || port == 5355; }

/* What to look for in a new flow. */
inline_always void watch(struct flow *flow) {
  if (is_dns_port(flow->local_port) || is_dns_port(flow->remote_port)) {
    flow->watch_rx = PAYLOAD_DNS;
    flow->watch_tx = PAYLOAD_DNS;
  } else if (flow->protocol == IPPROTO_UDP && flow->role != ROLE_PASSIVE) {
    flow->watch_tx = PAYLOAD_QUIC;
  }
}

inline_always void fill_payload(struct payload_event *event, const struct flow *flow, __u64 cookie) {
  describe_owner(&event->event, cookie);
  event->event.type = EVENT_PAYLOAD;
  event->event.time_ns = bpf_ktime_get_boot_ns();
  copy_address(event->local, flow->local);
  copy_address(event->remote, flow->remote);
  event->local_port = flow->local_port;
  event->remote_port = flow->remote_port;
  event->protocol = flow->protocol;
  event->padding = 0;
  event->padding_end = 0;
}

/* One class of record size, since the ring buffer wants a constant. */
#define COPY_AT_MOST(limit)                                                                                            \
  {                                                                                                                    \
    struct payload_event *event = bpf_ringbuf_reserve(&events, sizeof(*event) + (limit), 0);                           \
    if (!event) {                                                                                                      \
      count(EVENTS_LOST, 1);                                                                                           \
      return;                                                                                                          \
    }                                                                                                                  \
    fill_payload(event, flow, cookie);                                                                                 \
    event->event.length = copied;                                                                                      \
    event->kind = extract->kind;                                                                                       \
    event->transmitted = transmitted;                                                                                  \
    event->sequence = extract->sequence;                                                                               \
    event->payload_bytes = extract->length;                                                                            \
    event->step = extract->step;                                                                                       \
    if (bpf_skb_load_bytes(skb, extract->offset, event->bytes, copied))                                                \
      bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);                                                                    \
    else                                                                                                               \
      bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);                                                                     \
  }

inline_always void copy_payload(struct __sk_buff *skb, const struct flow *flow, __u64 cookie,
                                const struct extract *extract, int transmitted) {
  __u64 copied = extract->length < MAX_COPY ? extract->length : MAX_COPY;
  opaque(copied);
  if (copied == 0) return;
  if (copied <= 128) COPY_AT_MOST(128)
  else if (copied <= 512) COPY_AT_MOST(512)
  else if (copied <= 2048) COPY_AT_MOST(2048)
  else if (copied <= MAX_COPY) COPY_AT_MOST(MAX_COPY)
}

inline_always void extract_dns(struct extract *extract, __u32 offset, __u32 length, __u32 step, __u32 sequence) {
  if (!is_wanted(PAYLOAD_DNS)) return;
  extract->kind = PAYLOAD_DNS;
  extract->offset = offset;
  extract->length = length;
  extract->step = step;
  extract->sequence = sequence;
}

/* Bytes behind the beginning of a segment at which its ClientHello ends; 0 = none begins here. */
inline_always __u32 find_hello(struct __sk_buff *skb, const struct segment *segment, __u32 position) {
  __u8 header[9];
  if (segment->length < sizeof(header)) {
    /* Cut before its head: only believed where a connection begins. */
    if (position != 0 || bpf_skb_load_bytes(skb, segment->payload, header, 1)) return 0;
    return header[0] == 0x16 ? MAX_HELLO : 0;
  }
  if (bpf_skb_load_bytes(skb, segment->payload, header, sizeof(header))) return 0;
  if (header[0] != 0x16 || header[1] != 3 || header[5] != 1) return 0; /* handshake, TLS, client_hello */
  __u32 record = header[3] << 8 | header[4];
  __u32 hello = 4 + (header[6] << 16 | header[7] << 8 | header[8]);
  return hello <= record && hello + 5 <= MAX_HELLO ? hello + 5 : MAX_HELLO;
}

inline_always void extract_hello(struct __sk_buff *skb, struct flow *flow, const struct segment *segment,
                                 struct extract *extract) {
  __u32 position = segment->sequence - flow->tx_start;
  if (position >= HELLO_WITHIN + MAX_HELLO) {
    flow->watch_tx = 0;
    return;
  }
  if (!is_wanted(PAYLOAD_TLS)) return;
  if (!flow->hello_end) {
    __u32 length = position < HELLO_WITHIN ? find_hello(skb, segment, position) : 0;
    if (length == 0) return;
    flow->hello_end = position + length;
  }
  if (position < flow->hello_end) {
    __u32 left = flow->hello_end - position;
    extract->kind = PAYLOAD_TLS;
    extract->offset = segment->payload;
    extract->length = segment->length < left ? segment->length : left;
    extract->step = extract->length;
    extract->sequence = segment->sequence;
  }
  if (position + segment->length >= flow->hello_end || ++flow->copies >= MAX_HELLO_COPIES) flow->watch_tx = 0;
}

#define QUIC_V1 0x00000001
#define QUIC_V2 0x6b3343cf

inline_always int is_quic_initial(struct __sk_buff *skb, __u32 offset) {
  __u8 header[5];
  if (bpf_skb_load_bytes(skb, offset, header, sizeof(header))) return 0;
  __u32 version = (__u32)header[1] << 24 | header[2] << 16 | header[3] << 8 | header[4];
  __u8 long_type = header[0] & 0xf0; /* long header, fixed bit, type: RFC 9000 17.2, RFC 9369 3.2 */
  return (version == QUIC_V1 && long_type == 0xc0) || (version == QUIC_V2 && long_type == 0xd0);
}

inline_always void extract_quic(struct __sk_buff *skb, struct flow *flow, __u32 offset, __u32 length, __u32 step,
                                struct extract *extract) {
  if (flow->tx_packets > QUIC_WITHIN || flow->copies >= MAX_QUIC_COPIES) {
    flow->watch_tx = 0;
    return;
  }
  if (!is_wanted(PAYLOAD_QUIC) || !is_quic_initial(skb, offset)) return;
  flow->copies++;
  extract->kind = PAYLOAD_QUIC;
  extract->offset = offset;
  extract->length = length;
  extract->step = step;
}
