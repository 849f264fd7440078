// The agent's programs in the kernel: flows, owners, ends, copies of payload, evidence of scans. Only UAPI contexts, no BTF.
#include "owners.h"
#include "packets.h"
#include "ends.h"
#include "scans.h"

const char licence[] SEC("license") = "Dual MIT/GPL";
