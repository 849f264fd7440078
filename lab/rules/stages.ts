// Which stage may import which: the flow of data as a table. A new folder needs a place in it.

/** The roots see everything below them; whoever imports a root stands beside it. */
export interface Package {
  roots: string[];
  /** A stage and the stages below it that it may import. Stages get what they need passed; only `serve` shows the configuration. */
  stages: Record<string, string[]>;
}

export const packages: Record<string, Package> = {
  agent: {
    roots: ['agent.ts', 'main.ts'],
    stages: {
      config: [],
      host: [],
      inspect: [],
      collect: ['host', 'inspect'],
      frame: ['collect', 'host'],
      trust: ['host'],
      wire: ['frame', 'collect', 'host'],
      broker: ['config', 'host', 'wire'],
      service: ['config', 'host', 'trust'],
      commands: ['agent.ts', 'config', 'host', 'inspect', 'collect', 'trust', 'wire', 'service'],
    },
  },
  collector: {
    roots: ['collector.ts', 'main.ts'],
    stages: {
      config: ['store'],
      store: [],
      live: ['store'],
      ingest: ['store'],
      trust: ['store'],
      audit: ['store'],
      command: ['audit', 'store'],
      wire: ['command', 'ingest', 'live', 'store'],
      serve: ['audit', 'command', 'config', 'live', 'store', 'trust', 'wire'],
      cli: ['audit', 'config', 'serve', 'store', 'trust'],
    },
  },
};
