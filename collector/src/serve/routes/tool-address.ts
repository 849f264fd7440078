// /api/v1/tools: who of the fleet has to do with an address, out of what is on record; and from which hosts somebody may look.
import type { AddressFacts, ToolHost, ToolHostList } from '@foretop/proto/api';
import { isIP } from 'node:net';
import { Hono } from 'hono';
import { z } from 'zod';
import { whyNot } from '../../command/can-sign.ts';
import type { TrustSource } from '../../command/trust-source.ts';
import type { Store } from '../../store/database.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import { type HostControl, selectHostControls } from '../../store/queries/host-control.ts';
import { selectAddressNames, selectAddressUse } from '../../store/queries/tool-address.ts';
import { mayActOn } from '../auth/access.ts';
import { hostsInSight } from '../auth/sight.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import * as parameters from '../query/parameters.ts';
import { queryOf, type ServeEnv } from './context.ts';

const getFacts = operation({
  method: 'get',
  path: '/tools/address',
  tag: 'Tools',
  role: 'viewer',
  summary: 'Who of the fleet talked to an address in the last day, and by which names; where it is says /places',
  query: {
    address: z
      .string()
      .refine((text) => isIP(text) !== 0 && !text.includes('%'), 'an address is required, such as 192.0.2.7')
      .describe('An IPv4 or IPv6 address.'),
  },
  status: 200,
  response: schemas.addressFacts,
});

const listHosts = operation({
  method: 'get',
  path: '/tools/hosts',
  tag: 'Tools',
  role: 'viewer',
  summary: 'Hosts in sight that are not revoked, and whether one may probe from them; only the host decides',
  query: {},
  status: 200,
  response: schemas.toolHostList,
});

export const toolAddressOperations = [getFacts, listHosts];

const spanMs = 86_400_000;

export function toolAddressRoutes(options: {
  store: Store;
  trust: Pick<TrustSource, 'current'>;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, trust, now } = options;
  const routes = new Hono<ServeEnv>();

  routes.get(routeOf(getFacts), async (context) => {
    const { address } = parameters.parseQuery(getFacts.query, queryOf(context));
    const hosts = await hostsInSight(store.db, context.get('identity'));
    const hostNames = new Map(hosts.map(({ hostId, name }) => [hostId, name]));
    const nowMs = now();
    const question = {
      address,
      hostIds: [...hostNames.keys()],
      from: new Date(nowMs - spanMs),
      to: new Date(nowMs + 60_000),
    };
    const [used, names] = await boundedRead(store.db, async (db) => [
      await selectAddressUse(db, question),
      await selectAddressNames(db, question),
    ]);
    return context.json({
      address,
      knownAs: names,
      hosts: used.map(({ lastSeenAt, ...row }) => ({
        ...row,
        hostName: hostNames.get(row.hostId) ?? '',
        lastSeenAt: lastSeenAt.toISOString(),
      })),
      asOf: new Date(nowMs).toISOString(),
    } satisfies AddressFacts);
  });

  routes.get(routeOf(listHosts), async (context) => {
    parameters.parseQuery({}, queryOf(context));
    const identity = context.get('identity');
    const [hosts, controls] = await Promise.all([hostsInSight(store.db, identity), selectHostControls(store.db)]);
    const roster = trust.current().roster ?? '';
    const whyNotFrom = (labels: readonly string[], control: HostControl | undefined): string => {
      if (!mayActOn(identity, labels)) return 'You may not act on this host.';
      const { policy, keyThumbprint } = control ?? {};
      if (!policy || !keyThumbprint) return 'Its agent is too old for tools, or never connected.';
      const host = { thumbprint: keyThumbprint, labels: policy.labels };
      const asks = { name: identity.name, canSign: identity.canSign, roster, host, nowMs: now() };
      return whyNot({ ...policy, capability: 'probe' }, asks);
    };
    const items = hosts
      .filter(({ revoked }) => !revoked)
      .map(({ hostId, name, labels }): ToolHost => {
        const control = controls.get(hostId);
        const { allowed, weakestSigner } = control?.policy ?? { allowed: null, weakestSigner: null };
        return { hostId, hostName: name, allowed, weakestSigner, why: whyNotFrom(labels, control) };
      });
    return context.json({ items, nextCursor: null, asOf: new Date(now()).toISOString() } satisfies ToolHostList);
  });

  return routes;
}
