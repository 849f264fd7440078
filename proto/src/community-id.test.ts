// Community ID v1 against vectors published with the specification's reference implementations (seed 0).
import { expect, test } from 'vitest';
import { communityId } from './community-id.ts';

test.each<[number, string, number, string, number, string]>([
  [6, '128.232.110.120', 34855, '66.35.250.204', 80, '1:LQU9qZlK+B5F3KDmev6m5PMibrg='],
  [17, '192.168.1.52', 54585, '8.8.8.8', 53, '1:d/FP5EW3wiY1vCndhwleRRKHowQ='],
  [132, '192.168.170.8', 7, '192.168.170.56', 7, '1:MP2EtRCAUIZvTw6MxJHLV7N7JDs='],
  [6, '2001:470:e5bf:dead:4957:2174:e82c:4887', 63943, '2607:f8b0:400c:c03::1a', 25, '1:/qFaeAR+gFe1KYjMzVDsMv+wgU4='],
])('protocol %i, %s:%i and %s:%i, from either end', (protocol, address, port, peer, peerPort, expected) => {
  const flow = { protocol, localAddress: address, localPort: port, remoteAddress: peer, remotePort: peerPort };
  const back = { protocol, localAddress: peer, localPort: peerPort, remoteAddress: address, remotePort: port };
  expect(communityId(flow)).toBe(expected);
  expect(communityId(back)).toBe(expected);
});
