// The environment as the collector sees it. No other file reads process.env; settings.ts names the variables of settings.

export interface Environment {
  /** For the settings. */
  variables: Readonly<Record<string, string | undefined>>;
  /** FORETOP_CONFIG: the configuration file, unless --config says so. */
  configFile: string | undefined;
  dataHome: string | undefined;
  home: string | undefined;
  /** A person sits before a screen of this machine, and no build server runs us. */
  canOpenBrowser: boolean;
}

/** Empty variables count as not set, as `FORETOP_PORT= npm start` means. */
export function readEnvironment(
  source: Record<string, string | undefined> = process.env,
  platform: NodeJS.Platform = process.platform,
): Environment {
  const get = (name: string) => source[name] || undefined;
  const screen = platform !== 'linux' || get('DISPLAY') !== undefined || get('WAYLAND_DISPLAY') !== undefined;
  return {
    variables: source,
    configFile: get('FORETOP_CONFIG'),
    dataHome: get('XDG_DATA_HOME'),
    home: get('HOME') ?? get('USERPROFILE'),
    canOpenBrowser: screen && get('CI') === undefined,
  };
}
