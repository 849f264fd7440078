// Parts of cells that rows draw without components: nodes made once, touched only when what they show changes.
import type { Figure } from '../format/figures.ts';

/** A span; the function it comes with sets its text. */
export function text(parent: HTMLElement, className = ''): (value: string) => void {
  const element = document.createElement('span');
  if (className) element.className = className;
  const node = document.createTextNode('');
  element.append(node);
  parent.append(element);
  let shown = '';
  return (value) => {
    if (value !== shown) node.data = shown = value;
  };
}

/** Sets an attribute, or takes it away; only when it changes. */
export function attribute(element: Element, name: string): (value: string | undefined) => void {
  let shown: string | undefined;
  return (value) => {
    if (value === shown) return;
    shown = value;
    if (value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, value);
  };
}

/** Adds and removes a class. */
export function mark(element: Element, name: string): (on: boolean) => void {
  let shown = false;
  return (on) => {
    if (on !== shown) element.classList.toggle(name, (shown = on));
  };
}

/** Digits and unit as `Quantity` shows them. */
export function quantity(parent: HTMLElement, free = false): (figure: Figure) => void {
  const element = document.createElement('span');
  element.className = free ? 'quantity free' : 'quantity';
  const digits = text(element);
  const unit = text(element, 'unit');
  const zero = mark(element, 'zero');
  parent.append(element);
  return (figure) => {
    digits(figure.digits);
    unit(figure.unit);
    zero(figure.digits === '0' || figure.digits === '–');
  };
}

/** Percent of the cell: a bar never reaches the digits. */
const longestBar = 34;

/** A rate with its bar as `Meter` shows it: length by the square root of the share of the largest in sight. */
export function meter(
  parent: HTMLElement,
  kind: 'rx' | 'tx',
  rate: (value: number | null) => Figure,
): (value: number | null, max: number) => void {
  const element = document.createElement('span');
  element.className = `meter ${kind}`;
  const figure = quantity(element);
  parent.append(element);
  let shown = 0;
  return (value, max) => {
    const share = value ? Math.max(1.5, Math.sqrt(value / Math.max(max, value)) * 100) : 0;
    const width = Math.min(longestBar, Math.round(share * 3.8) / 10);
    // A background takes no part in layout, as an element for the bar would.
    if (width !== shown) element.style.backgroundSize = `${(shown = width)}% calc(100% - 2px)`;
    figure(rate(value));
  };
}
