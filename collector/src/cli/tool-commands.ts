// `foretop ping`, `trace`, `dig`, `scan`, `cert`, `http`, `watch`, `capture`: looks from hosts, signed here with the operator's own key.
import { randomBytes } from 'node:crypto';
import type { ToolRequest } from '@foretop/proto/tools';
import { type Command, Option } from 'commander';
import { captureCommand } from './capture-command.ts';
import type { Places } from './places.ts';
import { checked, type ToolOptions, withToolCall } from './tool-call.ts';
import { runTool } from './tool-run.ts';
import { wholeNumber } from './whole-number.ts';

type Family = 'any' | 'ipv4' | 'ipv6';
const port = wholeNumber(1, 65_535);
interface FamilyOptions extends ToolOptions {
  ipv4?: boolean;
  ipv6?: boolean;
}
const familyOf = ({ ipv4, ipv6 }: FamilyOptions): Family => (ipv4 ? 'ipv4' : ipv6 ? 'ipv6' : 'any');
const optional = (number: number | undefined) => (number === undefined ? {} : { port: number });

/** `common`: the options that commands with the operator's key have. */
export function toolCommands(foretop: Command, places: Places, common: (command: Command) => Command): void {
  const tool = (name: string, description: string, target: string): Command =>
    common(foretop.command(name))
      .description(description)
      .argument(`<${target}>`, target === 'url' ? 'http://… or https://…' : 'a name or an address')
      .requiredOption('--from <hosts>', 'names or numbers of hosts, with commas')
      .option('--json', 'the run and all that was said as JSON, at the end', false);

  const run = (options: ToolOptions, wanted: ToolRequest) => {
    const request = checked(wanted);
    return withToolCall(options, places, (call, hosts) => runTool(call, request, hosts));
  };

  families(tool('ping', 'echo requests, or TCP connects with --tcp', 'target'))
    .option('--tcp <port>', 'connect to this port instead of ICMP', port)
    .option('--count <number>', 'how many', wholeNumber(1, 100), 5)
    .option('--interval <ms>', 'milliseconds between two', wholeNumber(200, 10_000), 1_000)
    .option('--size <bytes>', 'payload of an echo request', wholeNumber(0, 1_472), 56)
    .action(
      (target: string, options: FamilyOptions & { tcp?: number; count: number; interval: number; size: number }) => {
        const { tcp, count, interval: intervalMs, size: payloadBytes } = options;
        const protocol = tcp === undefined ? 'icmp' : 'tcp';
        const parameters = {
          target,
          protocol,
          count,
          intervalMs,
          payloadBytes,
          family: familyOf(options),
          ...optional(tcp),
        } as const;
        return run(options, { tool: 'ping', parameters });
      },
    );

  families(tool('trace', 'the way to a target, hop by hop', 'target'))
    .addOption(new Option('--protocol <name>', 'what is sent').choices(['icmp', 'udp', 'tcp']).default('icmp'))
    .option('--port <port>', 'destination (TCP), or the first one (UDP)', port)
    .option('--hops <number>', 'at most', wholeNumber(1, 64), 30)
    .option('--probes <number>', 'a hop', wholeNumber(1, 5), 3)
    .action(
      (
        target: string,
        options: FamilyOptions & { protocol: 'icmp' | 'udp' | 'tcp'; port?: number; hops: number; probes: number },
      ) => {
        const { protocol, hops: maxHops, probes: probesPerHop } = options;
        const parameters = {
          target,
          protocol,
          maxHops,
          probesPerHop,
          family: familyOf(options),
          ...optional(options.port),
        };
        return run(options, { tool: 'trace', parameters });
      },
    );

  tool('dig', 'ask the DNS', 'name')
    .option('--type <types>', 'A, AAAA, MX …, with commas', 'A,AAAA')
    .option('--resolver <address>', "whom to ask; the host's own unless given", '')
    .option('--tcp', 'over TCP', false)
    .option('--dnssec', 'with signatures', false)
    .action(
      (name: string, options: ToolOptions & { type: string; resolver: string; tcp: boolean; dnssec: boolean }) => {
        const { resolver, dnssec, tcp } = options;
        const types = options.type.toUpperCase().split(',').filter(Boolean);
        return run(options, {
          tool: 'dns',
          parameters: { name, types, resolver, transport: tcp ? 'tcp' : 'udp', dnssec },
        });
      },
    );

  tool('scan', 'which ports are open', 'target')
    .option('--ports <list>', '22,80,8000-8100', '22,25,53,80,110,143,443,465,587,993,995,3306,5432,6379,8080,8443')
    .addOption(new Option('--method <name>', 'how').choices(['connect', 'syn', 'udp']).default('connect'))
    .option('--rate <number>', 'probes a second; the host caps it', wholeNumber(1, 1_000), 100)
    .option('--banners', 'read what open ports say first', false)
    .action(
      (
        target: string,
        options: ToolOptions & { ports: string; method: 'connect' | 'syn' | 'udp'; rate: number; banners: boolean },
      ) => {
        const { ports, method, rate, banners } = options;
        return run(options, { tool: 'scan', parameters: { target, method, ports, rate, banners } });
      },
    );

  tool('cert', 'the TLS certificate of a server', 'target')
    .option('--port <port>', 'where it listens', port, 443)
    .option('--name <name>', 'sent as SNI and checked; the target unless given', '')
    .addOption(
      new Option('--starttls <protocol>', 'begin in the clear').choices(['none', 'smtp', 'imap']).default('none'),
    )
    .action(
      (target: string, options: ToolOptions & { port: number; name: string; starttls: 'none' | 'smtp' | 'imap' }) => {
        const { name: serverName, starttls: startTls } = options;
        return run(options, { tool: 'certificate', parameters: { target, port: options.port, serverName, startTls } });
      },
    );

  tool('http', 'a request, and how long each part of it took', 'url')
    .option('--head', 'ask for the head only', false)
    .option('--follow', 'follow at most 5 redirects', false)
    .action((url: string, options: ToolOptions & { head: boolean; follow: boolean }) => {
      const { head, follow: followRedirects } = options;
      return run(options, { tool: 'http', parameters: { url, method: head ? 'HEAD' : 'GET', followRedirects } });
    });

  tool('watch', 'measure a target again and again; it goes on until it is stopped or expires', 'target')
    .option('--tcp <port>', 'connect to this port instead of ICMP', port)
    .option('--every <seconds>', 'between two', wholeNumber(1, 3_600), 10)
    .option('--days <number>', 'until it expires', wholeNumber(1, 89), 30)
    .action((target: string, options: ToolOptions & { tcp?: number; every: number; days: number }) => {
      const { tcp, every: intervalSeconds, days } = options;
      const expiresAt = Math.floor(Date.now() / 1_000) + days * 86_400;
      const [id, protocol] = [randomBytes(8).toString('hex'), tcp === undefined ? 'icmp' : 'tcp'] as const;
      const parameters = { id, target, protocol, intervalSeconds, expiresAt, ...optional(tcp) };
      return run(options, { tool: 'watch', parameters });
    });

  captureCommand(common(foretop.command('capture')), places);
}

const families = (command: Command): Command =>
  command
    .option('-4, --ipv4', 'only to IPv4 addresses', false)
    .addOption(new Option('-6, --ipv6', 'only to IPv6 addresses').conflicts('ipv4'));
