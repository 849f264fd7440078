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
      tools: ['host', 'inspect'],
      trust: ['host', 'tools'],
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
      detect: ['ingest', 'store'],
      enrich: ['store'],
      notify: ['detect', 'store'],
      trust: ['store'],
      audit: ['store'],
      command: ['audit', 'store'],
      tools: ['command', 'store'],
      wire: ['command', 'ingest', 'live', 'store'],
      serve: ['audit', 'command', 'config', 'detect', 'enrich', 'live', 'notify', 'store', 'tools', 'trust', 'wire'],
      cli: ['audit', 'config', 'detect', 'serve', 'store', 'trust'],
    },
  },
};
