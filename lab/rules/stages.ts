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
      wire: ['frame', 'collect', 'host'],
      service: ['config', 'host'],
      commands: ['agent.ts', 'config', 'host', 'inspect', 'collect', 'wire', 'service'],
    },
  },
  collector: {
    roots: ['collector.ts', 'main.ts'],
    stages: {
      config: ['store'],
      store: [],
      live: ['store'],
      ingest: ['store'],
      wire: ['ingest', 'live', 'store'],
      serve: ['config', 'live', 'store', 'wire'],
    },
  },
};
