// The environment as the agent sees it. No other file reads process.env; settings.ts names the variables of settings.

export interface Environment {
  /** For the settings. */
  variables: Readonly<Record<string, string | undefined>>;
  /** FORETOP_AGENT_CONFIG: the configuration file, unless --config says so. */
  configFile: string | undefined;
  /** XDG_STATE_HOME and HOME: where an ordinary user's programs keep state. */
  stateHome: string | undefined;
  home: string | undefined;
  /** NOTIFY_SOCKET: where systemd hears how its service is. */
  notifySocket?: string | undefined;
  /** What the process that talks to the network gets of it: certificates, and how names are resolved. */
  network?: Readonly<Record<string, string>>;
}

const networkVariables = [
  'NODE_EXTRA_CA_CERTS',
  'NODE_USE_SYSTEM_CA',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'LOCALDOMAIN',
  'RES_OPTIONS',
  'TMPDIR',
];

/** Empty variables count as not set. */
export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): Environment {
  const read = (name: string) => variables[name] || undefined;
  return {
    variables,
    configFile: read('FORETOP_AGENT_CONFIG'),
    stateHome: read('XDG_STATE_HOME'),
    home: read('HOME'),
    notifySocket: read('NOTIFY_SOCKET'),
    network: Object.fromEntries(networkVariables.flatMap((name) => (variables[name] ? [[name, variables[name]]] : []))),
  };
}

/** Of this host as it is set now: as the IANA database names it, or by an older name of the same zone; empty = not known. */
export function readTimeZone(): string {
  // Node keeps the zone that it saw first, and looks again when the variable is touched.
  if (process.env['TZ'] === undefined) delete process.env['TZ'];
  return Intl.DateTimeFormat().resolvedOptions().timeZone ?? '';
}
