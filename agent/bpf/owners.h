// Whose a socket is. The strongest observation stays, and of equal ones the first: whoever uses a passed descriptor later changes nothing.
#pragma once

#include "common.h"

/* Creator of a socket; a listener's is inherited by what it accepts. */
MAP(creators) = {BPF_MAP_TYPE_SK_STORAGE, 4, sizeof(struct actor), 0, BPF_F_NO_PREALLOC | BPF_F_CLONE};

inline_always void current_actor(struct actor *actor) {
  actor->pid = bpf_get_current_pid_tgid() >> 32;
  actor->uid = bpf_get_current_uid_gid();
  bpf_get_current_comm(actor->comm, sizeof(actor->comm));
}

inline_always int insert_owner(__u64 cookie, const struct owner *owner) {
  long failed = bpf_map_update_elem(&owners, &cookie, owner, BPF_NOEXIST);
  count(failed ? OWNERS_REFUSED : OWNERS, 1);
  return failed;
}

inline_always void delete_owner(__u64 cookie) {
  if (bpf_map_delete_elem(&owners, &cookie) == 0) count(OWNERS, -1);
}

inline_always void claim(__u64 cookie, const struct actor *actor, __u8 rule) {
  struct owner *known = bpf_map_lookup_elem(&owners, &cookie);
  if (known) {
    if (known->rule && known->rule <= rule) return;
    known->actor = *actor;
    known->rule = rule;
    return;
  }
  struct owner owner = {.actor = *actor, .rule = rule};
  insert_owner(cookie, &owner);
}

inline_always void claim_current(__u64 cookie, __u8 rule) {
  struct owner *known = bpf_map_lookup_elem(&owners, &cookie);
  if (known && known->rule && known->rule <= rule) return;
  struct actor actor = {};
  current_actor(&actor);
  claim(cookie, &actor, rule);
}

inline_always void describe_owner(struct event *event, __u64 cookie) {
  struct owner *owner = bpf_map_lookup_elem(&owners, &cookie);
  event->cookie = cookie;
  event->padding = 0;
  if (owner) {
    event->actor = owner->actor;
    event->rule = owner->rule;
  } else {
    struct actor nobody = {};
    event->actor = nobody;
    event->rule = 0;
  }
}

SEC("cgroup/sock_create")
int socket_created(struct bpf_sock *ctx) {
  if (ctx->type != SOCK_STREAM && ctx->type != SOCK_DGRAM) return 1;
  if (is_foreign(ctx)) return 1;
  struct actor actor = {};
  current_actor(&actor);
  claim(bpf_get_socket_cookie(ctx), &actor, RULE_CREATE);
  if (ctx->type == SOCK_STREAM)
    bpf_sk_storage_get(&creators, ctx, &actor, BPF_SK_STORAGE_GET_F_CREATE);
  return 1;
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx) {
  if (!is_foreign(ctx)) claim_current(bpf_get_socket_cookie(ctx), RULE_CONNECT);
  return 1;
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx) {
  if (!is_foreign(ctx)) claim_current(bpf_get_socket_cookie(ctx), RULE_CONNECT);
  return 1;
}

/* Only for datagrams with an address; what is sent on a connected socket belongs to whoever connected it. */
SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *ctx) {
  if (!is_foreign(ctx)) claim_current(bpf_get_socket_cookie(ctx), RULE_CONNECT);
  return 1;
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *ctx) {
  if (!is_foreign(ctx)) claim_current(bpf_get_socket_cookie(ctx), RULE_CONNECT);
  return 1;
}

/* Called inside accept() when it asks for the peer's address, and by getpeername(). */
SEC("cgroup/getpeername4")
int getpeername4(struct bpf_sock_addr *ctx) {
  if (!is_foreign(ctx)) claim_current(bpf_get_socket_cookie(ctx), RULE_ACCEPT);
  return 1;
}

SEC("cgroup/getpeername6")
int getpeername6(struct bpf_sock_addr *ctx) {
  if (!is_foreign(ctx)) claim_current(bpf_get_socket_cookie(ctx), RULE_ACCEPT);
  return 1;
}
