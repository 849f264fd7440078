// What the suites of commands over REST share: a fleet with one host, somebody with a key, and somebody else signed in for each test.
import type { CommandOffer } from '@foretop/proto/api';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import * as schemas from '../src/serve/openapi/schemas.ts';
import { answerOffer, signCommand, testSigner, type TestSigner } from './commandable.ts';
import { type TestFleet, testFleet, type TestHost } from './commanded-fleet.ts';

/** Call at the top of a test file; what it gives is there once tests run. */
export function commandSuite() {
  let fleet: TestFleet;
  let host: TestHost;
  let alice: TestSigner;
  let me: Record<string, string>;

  beforeAll(async () => {
    fleet = await testFleet();
    host = await fleet.host();
    alice = await testSigner();
  });
  afterAll(() => fleet[Symbol.asyncDispose]());
  beforeEach(async () => {
    me = await fleet.signIn();
  });

  const processPath = () => `/processes/${host.processId}`;
  return {
    get fleet() {
      return fleet;
    },
    get host() {
      return host;
    },
    get alice() {
      return alice;
    },
    /** A session; each of them is an operator of its own. */
    get me() {
      return me;
    },
    processPath,
    /** An offer of the host for what is asked. */
    async offered(path = processPath(), headers = me): Promise<CommandOffer> {
      const [answer] = await Promise.all([fleet.ask<CommandOffer>('DELETE', path, headers), answerOffer(host.agent)]);
      expect(answer.status).toBe(202);
      expect(schemas.commandOffer.safeParse(answer.body).error?.issues).toBeUndefined();
      return answer.body;
    },
    async bodyFor(offer: CommandOffer) {
      return { requestId: offer.requestId, signature: { statement: await signCommand(alice, offer) } };
    },
  };
}
