// The dashboard's script turned evil, for each kind of signer; and a touch or a signature used for something else than it was made for.
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import type { Child } from '../harness/child.ts';
import { test as acting } from './acting-foretop.ts';
import { addAuthenticator, registerKey } from './administrator.ts';
import type { FarHost } from './far-host.ts';
import { expect } from './running-foretop.ts';

interface Offered {
  path: string;
  requestId: string;
  /** The statement of the host. */
  text: string;
  /** Thumbprint of its key. */
  host: string;
}
type Signature = object;

interface Evil {
  /** Whether the dashboard can name the process. */
  knows(hostId: number, pid: number): Promise<boolean>;
  /** Asks the host what it would do to a process, and shows it to nobody. */
  offer(hostId: number, pid: number): Promise<Offered>;
  digest(offer: Pick<Offered, 'text' | 'host'>): Promise<string>;
  /** With the key that the browser holds. */
  sign(offer: Pick<Offered, 'text' | 'host'>): Promise<Signature>;
  /** What an authenticator signs for this challenge; null when nobody touches it within 3 s. */
  touch(challenge: string, verification: 'required' | 'discouraged'): Promise<Signature | null>;
  /** A refusal code, or another problem; and what came of it. */
  send(offer: Pick<Offered, 'path' | 'requestId'>, signature: Signature): Promise<{ said: string; outcome: string }>;
  /** In how many forms the browser gives the private key away. */
  steal(): Promise<number>;
}
/** In the page: see evil-script.js. */
declare const evil: Evil;

const script = fileURLToPath(new URL('evil-script.js', import.meta.url));
const program = `console.log('up'); setInterval(() => undefined, 1000)`;

const test = acting.extend({
  page: async ({ page }, use) => {
    await page.addInitScript({ path: script });
    await use(page);
  },
});

/** A process of the host that the dashboard can name. */
async function startVictim(page: Page, host: FarHost): Promise<Child> {
  const victim = host.start(program);
  await victim.waitFor(/^up$/m);
  const known = () => page.evaluate(([id, pid]) => evil.knows(id, pid), [host.id, victim.pid] as const);
  await expect.poll(known, { timeout: 30_000 }).toBe(true);
  return victim;
}

test('browser key: script signs, but cannot take the key away, nor use a signature for another process', async ({
  page,
  all,
}) => {
  await registerKey(page, 'This browser', 'stolen laptop');
  expect(await page.evaluate(() => evil.steal())).toBe(0);
  const [shown, meant] = [await startVictim(page, all.lab), await startVictim(page, all.lab)];
  const swapped = await page.evaluate(
    async ([id, one, other]) => {
      const [first, second] = [await evil.offer(id, one), await evil.offer(id, other)];
      return evil.send(second, await evil.sign(first));
    },
    [all.lab.id, shown.pid, meant.pid] as const,
  );
  expect(swapped).toMatchObject({ said: 'signature-invalid' });
  const elsewhere = await page.evaluate(
    async ([id, pid, host]) => {
      const offer = await evil.offer(id, pid);
      return evil.send(offer, await evil.sign({ text: offer.text, host: host.host }));
    },
    [all.lab.id, shown.pid, { host: randomBytes(32).toString('base64url') }] as const,
  );
  expect(elsewhere.said).not.toBe('');
  expect(elsewhere.outcome).not.toBe('gone');
  expect([shown.running, meant.running]).toEqual([true, true]);
});

test('browser key: a signature works once', async ({ page, all }) => {
  await registerKey(page, 'This browser', 'replaying laptop');
  const victim = await startVictim(page, all.lab);
  const answers = await page.evaluate(
    async ([id, pid]) => {
      const offer = await evil.offer(id, pid);
      const signature = await evil.sign(offer);
      return [await evil.send(offer, signature), await evil.send(offer, signature)];
    },
    [all.lab.id, victim.pid] as const,
  );
  expect(answers.map(({ outcome }) => outcome)).toEqual(['gone', '']);
  expect(answers[1]!.said).toBe('offer-unknown');
});

test('browser key: a host that asks for a passkey, or for approve, does not take it', async ({ page, all }) => {
  await registerKey(page, 'This browser', 'weak laptop');
  for (const host of [all.prod, all.vault]) {
    const victim = await startVictim(page, host);
    const answer = await page.evaluate(
      async ([id, pid]) => {
        const offer = await evil.offer(id, pid);
        return evil.send(offer, await evil.sign(offer));
      },
      [host.id, victim.pid] as const,
    );
    expect(answer.said).toBe('signer-too-weak');
    expect(victim.running).toBe(true);
  }
});

test('passkey: a touch made for something else, and a touch made for another offer, let nothing happen', async ({
  page,
  all,
}) => {
  await addAuthenticator(page);
  await registerKey(page, 'Passkey', 'reused touch');
  const victim = await startVictim(page, all.prod);
  const login = await page.evaluate(
    async ([id, pid, challenge]) => {
      const signature = await evil.touch(challenge, 'required');
      return evil.send(await evil.offer(id, pid), signature!);
    },
    [all.prod.id, victim.pid, randomBytes(32).toString('base64url')] as const,
  );
  expect(login.said).toBe('signature-invalid');
  const other = await page.evaluate(
    async ([id, pid]) => {
      const [first, second] = [await evil.offer(id, pid), await evil.offer(id, pid)];
      return evil.send(second, (await evil.touch(await evil.digest(first), 'required'))!);
    },
    [all.prod.id, victim.pid] as const,
  );
  expect(other.said).toBe('signature-invalid');
  expect(victim.running).toBe(true);
});

test('passkey: nothing is signed without a touch, and a touch without PIN or finger does not count', async ({
  page,
  all,
}) => {
  const { id: authenticatorId, session } = await addAuthenticator(page);
  await registerKey(page, 'Passkey', 'silent touch');
  const victim = await startVictim(page, all.prod);
  const offer = await page.evaluate(([id, pid]) => evil.offer(id, pid), [all.prod.id, victim.pid] as const);
  const touch = (verification: 'required' | 'discouraged') =>
    page.evaluate(async ([offered, wanted]) => evil.touch(await evil.digest(offered), wanted), [
      offer,
      verification,
    ] as const);

  await session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: false });
  expect(await touch('required')).toBeNull();
  await session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: true });
  await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  expect(await touch('required')).toBeNull();
  const unverified = await touch('discouraged');
  const answer = await page.evaluate(([offered, signature]) => evil.send(offered, signature), [
    offer,
    unverified!,
  ] as const);
  expect(answer.said).toBe('signature-invalid');
  expect(victim.running).toBe(true);
});
