// How connections begin and end: the TCP state machine, and the release of a socket by its last holder.
#pragma once

#include "tcp.h"

/*
 * Hands over the last counters and forgets the flow. Without room in the ring buffer it stays, marked: the reader finds it, and
 * its owner must stay too. Returns 0 when it is gone.
 */
inline_always int end_flow(void *map, const void *key, __u64 cookie, struct flow *flow, const struct actor *closer) {
  struct closed_event *closed = bpf_ringbuf_reserve(&events, sizeof(*closed), 0);
  if (!closed) {
    flow->ended = 1;
    flow->last_ns = bpf_ktime_get_boot_ns();
    return -1;
  }
  describe_owner(&closed->event, cookie);
  if (closer && closed->event.rule == 0) {
    closed->event.actor = *closer;
    closed->event.rule = RULE_CLOSE;
  }
  closed->event.type = EVENT_CLOSED;
  closed->event.length = 0;
  closed->event.time_ns = bpf_ktime_get_boot_ns();
  __builtin_memcpy(&closed->flow, flow, sizeof(*flow));
  bpf_ringbuf_submit(closed, BPF_RB_NO_WAKEUP);
  if (bpf_map_delete_elem(map, key) == 0) count(FLOWS, -1);
  return 0;
}

inline_always void opened(struct bpf_sock_ops *ctx, __u8 role) {
  struct bpf_sock *sk = ctx->sk;
  if (!sk) return;
  struct bpf_tcp_sock *tcp = bpf_tcp_sock(sk);
  if (!tcp) return;
  bpf_sock_ops_cb_flags_set(ctx, ctx->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
  __u64 cookie = bpf_get_socket_cookie(ctx);
  open_tcp(sk, tcp, cookie, role);
  if (role != ROLE_PASSIVE) return;
  struct actor *creator = bpf_sk_storage_get(&creators, sk, 0, 0);
  if (creator) claim(cookie, creator, RULE_LISTENER);
}

/* Now the first sequence numbers are known. */
inline_always void established(struct bpf_sock_ops *ctx) {
  __u64 cookie = bpf_get_socket_cookie(ctx);
  struct flow *flow = bpf_map_lookup_elem(&tcp_flows, &cookie);
  if (!flow) return;
  /* With Fast Open some payload is acknowledged already. */
  flow->tx_start = ctx->snd_una - (__u32)(ctx->bytes_acked - 1);
  if (!flow->watch_tx) flow->watch_tx = PAYLOAD_TLS;
}

inline_always void closed(struct bpf_sock_ops *ctx) {
  struct bpf_sock *sk = ctx->sk;
  if (!sk) return;
  struct bpf_tcp_sock *tcp = bpf_tcp_sock(sk);
  if (!tcp) return;
  __u64 cookie = bpf_get_socket_cookie(ctx);
  struct flow *flow = bpf_map_lookup_elem(&tcp_flows, &cookie);
  if (flow) {
    /* Nothing runs beside this any more: exact, whatever an unordered reading left. */
    flow->rx_bytes = 0;
    flow->tx_bytes = 0;
    measure_tcp(flow, tcp);
    flow->last_ns = bpf_ktime_get_boot_ns();
    if (end_flow(&tcp_flows, &cookie, cookie, flow, 0)) return;
  }
  struct owner *owner = bpf_map_lookup_elem(&owners, &cookie);
  /* What was never accepted is never released either. */
  if (owner && (owner->released || owner->rule == RULE_LISTENER)) delete_owner(cookie);
}

inline_always void listening(struct bpf_sock_ops *ctx) {
  __u64 cookie = bpf_get_socket_cookie(ctx);
  mark_port(ctx->local_port & 0xffff, IPPROTO_TCP, BOUND);
  struct owner *owner = bpf_map_lookup_elem(&owners, &cookie);
  if (!owner) return;
  owner->bound_port = ctx->local_port;
  owner->protocol = IPPROTO_TCP;
}

SEC("sockops")
int connection_states(struct bpf_sock_ops *ctx) {
  __u32 begins = ctx->op == BPF_SOCK_OPS_TCP_CONNECT_CB || ctx->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB;
  if ((begins || ctx->op == BPF_SOCK_OPS_TCP_LISTEN_CB) && is_foreign(ctx)) return 1;
  switch (ctx->op) {
    case BPF_SOCK_OPS_TCP_CONNECT_CB:
      opened(ctx, ROLE_ACTIVE);
      break;
    case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
      established(ctx);
      break;
    case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
      opened(ctx, ROLE_PASSIVE);
      break;
    case BPF_SOCK_OPS_TCP_LISTEN_CB:
      listening(ctx);
      break;
    case BPF_SOCK_OPS_STATE_CB:
      if (ctx->args[1] == BPF_TCP_CLOSE) closed(ctx);
      break;
  }
  return 1;
}

/* For what only the reader can do: to end all flows of a UDP socket, or a connection whose states are not followed. */
inline_always void tell_released(__u64 cookie, const struct actor *closer) {
  struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) {
    count(EVENTS_LOST, 1);
    return;
  }
  describe_owner(event, cookie);
  if (event->rule == 0 || event->rule > RULE_CLOSE) {
    event->actor = *closer;
    event->rule = RULE_CLOSE;
  }
  event->type = EVENT_RELEASED;
  event->length = 0;
  event->time_ns = bpf_ktime_get_boot_ns();
  bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

/* Returns 0 when nothing needs the owner any more. */
inline_always int release_udp(__u64 cookie, struct owner *owner, const struct actor *closer) {
  if (owner->peers == 1) {
    struct udp_key key = {.cookie = cookie, .remote_port = owner->first_peer_port};
    copy_address(key.remote, owner->first_peer);
    struct flow *flow = bpf_map_lookup_elem(&udp_flows, &key);
    if (flow) return end_flow(&udp_flows, &key, cookie, flow, closer);
  } else if (owner->peers > 1) {
    tell_released(cookie, closer);
  }
  return 0;
}

SEC("cgroup/sock_release")
int socket_released(struct bpf_sock *ctx) {
  if (ctx->type != SOCK_STREAM && ctx->type != SOCK_DGRAM) return 1;
  __u64 cookie = bpf_get_socket_cookie(ctx);
  struct actor closer = {};
  current_actor(&closer);
  struct flow *flow = 0;
  if (ctx->type == SOCK_STREAM) flow = bpf_map_lookup_elem(&tcp_flows, &cookie);
  if (flow) claim(cookie, &closer, RULE_CLOSE); /* it lives on until its FINs are exchanged */
  struct owner *owner = bpf_map_lookup_elem(&owners, &cookie);
  if (!owner) return 1;
  if (owner->bound_port) mark_port(owner->bound_port, owner->protocol, 0);
  if (flow) {
    owner->released = 1;
    if (flow->role == ROLE_UNKNOWN) tell_released(cookie, &closer); /* its states are not followed */
    return 1;
  }
  if (ctx->type == SOCK_DGRAM && release_udp(cookie, owner, &closer)) return 1;
  delete_owner(cookie);
  return 1;
}
