// The lines that bring an agent onto a host, by the way it is done.

export const ways = ['script', 'docker', 'hand'] as const;
export type Way = (typeof ways)[number];

/** What a host may ever be asked to do, least first; each includes the ones before. */
export const ceilings = ['observe', 'probe', 'capture-headers', 'capture-payload', 'terminate'] as const;
export type Ceiling = (typeof ceilings)[number];

export interface Enrolment {
  /** Origin of the collector as this page was opened. */
  collector: string;
  /** What the token is before it is made. */
  token: string;
  ceiling: Ceiling;
}

const tokenFile = 'foretop.token';

/** The token goes into a file that only its owner reads: a command line can be read by every user of the host. */
const keepToken = (token: string) => `(umask 077; echo '${token}' > ${tokenFile})`;

/** Of several lines, in their order; each is run on the host. */
export function linesOf(way: Way, { collector, token, ceiling }: Enrolment): string[] {
  const most = ceiling === 'observe' ? '' : ` --ceiling ${ceiling}`;
  if (way === 'script')
    return [
      keepToken(token),
      `curl -fsSL ${collector}/install.sh | sudo sh -s -- --token-file ${tokenFile}${most}`,
      `rm ${tokenFile}`,
    ];
  if (way === 'docker')
    return [
      'docker build -f deploy/docker/agent.Dockerfile -t foretop-agent .',
      keepToken(token),
      [
        'docker run -d --name foretop-agent --restart unless-stopped --read-only',
        '  --network host --pid host --cgroupns host',
        '  --cap-drop ALL --cap-add BPF --cap-add PERFMON --cap-add NET_ADMIN --cap-add NET_RAW --cap-add SYS_PTRACE --cap-add DAC_READ_SEARCH --cap-add SYS_ADMIN',
        '  --security-opt no-new-privileges:true --security-opt apparmor=unconfined',
        '  -v foretop-agent:/var/lib/foretop-agent -v /etc/machine-id:/etc/machine-id:ro -v /sys/fs/cgroup:/sys/fs/cgroup:ro',
        `  -v "$PWD/${tokenFile}:/run/foretop.token:ro"`,
        `  -e FORETOP_COLLECTOR=${collector} -e FORETOP_AGENT_TOKEN_FILE=/run/foretop.token foretop-agent`,
      ].join(' \\\n'),
    ];
  return [
    keepToken(token),
    `sudo npx foretop-agent run --collector ${collector} --token-file ${tokenFile} --data /var/lib/foretop-agent`,
  ];
}

/** Other machines cannot reach this machine's loopback. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
