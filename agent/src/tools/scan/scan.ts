// Scan: which ports of an address are open, closed or filtered, as nmap says it.
import { formatAddress } from '@foretop/proto';
import { portsOf, toolLimits } from '@foretop/proto/tools';
import { aimAt } from '../aim.ts';
import { missesProbes, requireProbes } from '../needs.ts';
import { counted } from '../text.ts';
import type { Tool } from '../tool.ts';
import { scanByConnect } from './connect-scan.ts';
import { PortsTold } from './ports-told.ts';
import { scanBySyn } from './syn-scan.ts';
import { scanByUdp } from './udp-scan.ts';

const scans = { connect: scanByConnect, syn: scanBySyn, udp: scanByUdp };

export const scan: Tool<'scan'> = {
  target: ({ target }) => target,
  async aim({ target, method }, aid) {
    const addresses = await aimAt({ target, use: 'scan' }, aid);
    if (method === 'udp') requireProbes('udp', addresses[0]!);
    return addresses;
  },
  async run(context) {
    const { parameters, addresses, say } = context;
    const ports = portsOf(parameters.ports);
    const perSecond = Math.min(parameters.rate, toolLimits.scanRate);
    const missing = parameters.method === 'syn' ? missesProbes('tcp', addresses[0]!) : '';
    const method = missing === '' ? parameters.method : 'connect';
    const told = new PortsTold(context, method === 'udp' ? 'udp' : 'tcp', ports.length);
    const how = `${counted(ports.length, 'port')} of ${formatAddress(addresses[0]!)}, ${perSecond} a second, by ${method}`;
    const why = missing === '' ? '' : ` instead of SYN, since for ${missing}`;
    say({ kind: 'progress', done: 0, of: ports.length, text: `${how}${why}` });
    await scans[method](context, { ports, perSecond, told });
    const { detail, summary } = told.ending();
    return { detail: missing === '' ? detail : `${detail} (by connections: for ${missing})`, summary };
  },
};
