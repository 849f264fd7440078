// Triage on the page of findings: which ones are chosen, what is done with them, and the last thing that can be taken back.
import type { Finding, FindingState } from '@foretop/proto/api';
import { SvelteSet } from 'svelte/reactivity';
import { messageOf } from '#lib/api/session.svelte.ts';
import type { FindingList } from '#lib/findings/finding-list.svelte.ts';
import { openFindings } from '#lib/findings/open-findings.svelte.ts';
import { carryOut, saidOf, setAll, takeBack, type Step } from '#lib/findings/triage.ts';

export class Triage {
  /** Keys of rows. */
  readonly chosen = new SvelteSet<number>();
  said = $state('');
  failed = $state(false);
  undo = $state.raw<Step[] | undefined>();
  /** Counts up with every change, so that what is shown in full is read anew. */
  changes = $state(0);
  readonly #list: FindingList;
  /** One act after the other, however fast the keys come. */
  #acts: Promise<void> = Promise.resolve();

  constructor(list: FindingList) {
    this.#list = list;
  }

  toggle(key: number): void {
    if (!this.chosen.delete(key)) this.chosen.add(key);
  }

  set(findings: readonly Finding[], state: FindingState): Promise<void> {
    return this.#inTurn(() => this.#set(findings, state));
  }

  takeBack(): Promise<void> {
    return this.#inTurn(async () => {
      const steps = this.undo;
      if (!steps) return;
      this.undo = undefined;
      if (await this.#carryOut(steps)) this.say('Taken back');
    });
  }

  say(words: string): void {
    this.said = words;
    this.undo = undefined;
    this.failed = false;
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    return (this.#acts = this.#acts.then(act, act));
  }

  /** As the list has it, which is read after each act, where what is shown in full was read before the last one. */
  #current(finding: Finding): Finding {
    const row = this.#list.rows.get(this.#list.keyOf(finding.id) ?? 0)?.finding;
    return row && row.state !== finding.state ? row : finding;
  }

  async #set(findings: readonly Finding[], state: FindingState): Promise<void> {
    const current = findings.map((finding) => this.#current(finding));
    const changing = current.filter((finding) => finding.hosts.some((host) => host.state !== state));
    if (changing.length === 0) {
      if (findings.length > 0) this.say(`${findings.length === 1 ? 'It is' : 'They are'} ${state} already`);
      return;
    }
    const steps = setAll(
      changing.map(({ id }) => id),
      state,
    );
    const done = await this.#carryOut(steps);
    if (!done) return;
    this.undo = takeBack(changing);
    this.said = saidOf(changing.length, state);
    for (const { id } of findings) this.chosen.delete(this.#list.keyOf(id) ?? 0);
  }

  async #carryOut(steps: readonly Step[]): Promise<boolean> {
    try {
      await carryOut(steps);
      this.failed = false;
      return true;
    } catch (error) {
      this.said = messageOf(error);
      this.undo = undefined;
      this.failed = true;
      return false;
    } finally {
      await Promise.all([this.#list.refresh(), openFindings.read()]);
      this.changes++;
    }
  }
}
