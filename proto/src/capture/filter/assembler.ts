// Puts instructions together: jumps go to labels, which come later, as the kernel wants it; far ones take a step between.
import { type Instruction, JUMP } from './instructions.ts';

/** A place in the program. */
export type Label = { readonly name: 'label' };

type Item =
  | { kind: 'plain'; code: number; k: number }
  | { kind: 'branch'; code: number; k: number; ifTrue: Label; ifFalse: Label }
  | { kind: 'go'; to: Label }
  | { kind: 'place'; label: Label };

/** The instruction behind a branch: that way the program goes on. */
export const next: Label = { name: 'label' };

/** `jt` and `jf` have eight bits. */
const farthest = 255;

export class Assembler {
  readonly #items: Item[] = [];

  label(): Label {
    return { name: 'label' };
  }

  emit(code: number, k = 0): void {
    this.#items.push({ kind: 'plain', code, k: k >>> 0 });
  }

  /** Each way leads to a label or `next`. */
  branch(code: number, k: number, ifTrue: Label, ifFalse: Label): void {
    this.#items.push({ kind: 'branch', code, k: k >>> 0, ifTrue, ifFalse });
  }

  go(to: Label): void {
    this.#items.push({ kind: 'go', to });
  }

  place(label: Label): void {
    this.#items.push({ kind: 'place', label });
  }

  assemble(): Instruction[] {
    const far = new Set<Item>();
    for (;;) {
      const places = this.#places(far);
      const before = far.size;
      let at = 0;
      for (const item of this.#items) {
        if (item.kind === 'branch' && !far.has(item)) {
          const labels = [item.ifTrue, item.ifFalse].filter((label) => label !== next);
          if (labels.some((label) => places.get(label)! - at - 1 > farthest)) far.add(item);
        }
        at += sizeOf(item, far);
      }
      if (far.size === before) return this.#write(places, far);
    }
  }

  #places(far: ReadonlySet<Item>): Map<Label, number> {
    const places = new Map<Label, number>();
    let at = 0;
    for (const item of this.#items) {
      if (item.kind === 'place') places.set(item.label, at);
      at += sizeOf(item, far);
    }
    return places;
  }

  #write(places: ReadonlyMap<Label, number>, far: ReadonlySet<Item>): Instruction[] {
    const code: Instruction[] = [];
    let end = 0;
    const distance = (label: Label) => (label === next ? end : places.get(label)!) - code.length - 1;
    const step = (to: Label) => code.push({ code: JUMP, jt: 0, jf: 0, k: distance(to) });
    for (const item of this.#items) {
      end = code.length + sizeOf(item, far);
      if (item.kind === 'plain') code.push({ code: item.code, jt: 0, jf: 0, k: item.k });
      else if (item.kind === 'go') step(item.to);
      else if (item.kind === 'branch' && far.has(item)) {
        code.push({ code: item.code, jt: 0, jf: 1, k: item.k });
        step(item.ifTrue);
        step(item.ifFalse);
      } else if (item.kind === 'branch') {
        const { ifTrue, ifFalse, k } = item;
        code.push({ code: item.code, jt: distance(ifTrue), jf: distance(ifFalse), k });
      }
    }
    return code;
  }
}

function sizeOf(item: Item, far: ReadonlySet<Item>): number {
  if (item.kind === 'place') return 0;
  return item.kind === 'branch' && far.has(item) ? 3 : 1;
}
