// The systemd unit of the agent: what it may do, and why each door that stands open does.
import type { Capability } from '@foretop/proto/trust';
import type { CapabilityName } from './capabilities.ts';
import { account, type Places } from './places.ts';

export interface UnitOptions {
  places: Pick<Places, 'program' | 'configFile' | 'certificates'>;
  ceiling: Capability;
  capabilities: readonly CapabilityName[];
  /** Whether a certificate authority of one's own was installed. */
  ownAuthority: boolean;
}

export function unitText({ places, ceiling, capabilities, ownAuthority }: UnitOptions): string {
  const entersNamespaces = capabilities.includes('CAP_SYS_ADMIN');
  const loadsPrograms = capabilities.includes('CAP_BPF');
  const authority = ownAuthority ? `Environment=NODE_EXTRA_CA_CERTS=${places.certificates}\n` : '';
  return `# The Foretop agent. Written by "foretop-agent install", which writes it anew; own settings belong into a drop-in:
# systemctl edit foretop-agent
[Unit]
Description=Foretop agent: shows the connections of this host to its collector
Wants=network-online.target
After=network-online.target
# It never gives up: a host that is back after a long trouble is seen again.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart=${places.program} run --config ${places.configFile} --data /var/lib/${account}
${authority}User=${account}
Group=${account}
StateDirectory=${account}
StateDirectoryMode=0700
UMask=0077
# The C library would keep memory for each of Node's threads.
Environment=MALLOC_ARENA_MAX=1

# The main loop reports every second; one that hangs is replaced. SIGKILL, since a hung process hears nothing else.
WatchdogSec=30
WatchdogSignal=SIGKILL
Restart=always
RestartSec=5
# 3: the collector has refused this host for good; starting again would change nothing.
RestartPreventExitStatus=3
TimeoutStartSec=60
TimeoutStopSec=20

# Limits: no dump of memory that holds keys; descriptors for /proc/PID/stat; before Linux 5.11 BPF maps count as locked memory.
LimitCORE=0
LimitNOFILE=16384
LimitMEMLOCK=infinity
MemoryMax=512M
TasksMax=64

# Ceiling: ${ceiling}. No more than these, and no way to gain any.
AmbientCapabilities=${capabilities.join(' ')}
CapabilityBoundingSet=${capabilities.join(' ')}
NoNewPrivileges=yes

ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service${loadsPrograms ? ' bpf' : ''}
SystemCallFilter=~@resources @privileged${loadsPrograms ? '\nSystemCallFilter=bpf' : ''}
# With these the process that talks to the network takes the agent's files from itself.
SystemCallFilter=landlock_create_ruleset landlock_add_rule landlock_restrict_self
${entersNamespaces ? '# The networks of containers are read from inside: setns(2) into network namespaces, and no others.\nRestrictNamespaces=net' : 'RestrictNamespaces=yes'}
# AF_NETLINK: sockets and process starts are read through it. AF_PACKET: packets that no socket gets.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK${capabilities.includes('CAP_NET_RAW') ? ' AF_PACKET' : ''}

# Open, and why:
# ProtectProc=, ProcSubset=     every process's sockets, and /proc/net, /proc/stat, /proc/meminfo are what it reports.
# PrivateNetwork=, IPAddressDeny=  it watches this network and sends to its collector.
# PrivateUsers=                 capabilities of another user namespace count for nothing in the host's.
# MemoryDenyWriteExecute=       the JavaScript engine compiles while it runs.

[Install]
WantedBy=multi-user.target
`;
}
