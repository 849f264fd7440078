// Where far ends are, by the codes of their addresses: what cells, orders, filters and the search read, each different place once.
import type { RowPlace } from '@foretop/proto/api';
import { visible } from '../format/visible.ts';
import { networkText, placeText, whereText } from '../map/place-words.ts';
import { Dictionary } from '../table/dictionary.ts';

/** A place in the words of a row. */
export interface RowPlaceWords {
  /** ISO 3166-1 alpha-2; empty where it is not known. */
  country: string;
  /** 0: not known. */
  asn: number;
  /** "DE · Falkenstein" */
  where: string;
  organisation: string;
  /** "AS24940" */
  system: string;
  /** All of it. */
  title: string;
}

interface Indexed {
  /** The place as the collector gave it. */
  key: string;
  words: RowPlaceWords | undefined;
  /** Codes in the dictionaries of the two orders. */
  where: number;
  network: number;
  /** Lower case, for the search. */
  search: string;
}

const notKnown = 0;
const nowhere = 1;
const blank: Indexed = { key: '', words: undefined, where: 0, network: 0, search: '' };

export class PlaceIndex {
  /** By an address's code: not known, nowhere, or which of the places. */
  #of = new Uint32Array(256);
  #places: Indexed[] = [blank, blank];
  #numbers = new Map<string, number>();
  #wheres = new Dictionary();
  #networks = new Dictionary();
  readonly #filtered: boolean;

  /** @param filtered the collector has filtered the rows: those of unknown place are let through. */
  constructor(filtered: boolean) {
    this.#filtered = filtered;
  }

  isKnown(address: number): boolean {
    return (this.#of[address] ?? notKnown) !== notKnown;
  }

  /** undefined: it has none, or it is not known yet. */
  words(address: number): RowPlaceWords | undefined {
    return this.#places[this.#of[address] ?? notKnown]!.words;
  }

  /** null: it has none. */
  set(address: number, place: RowPlace | null): void {
    if (address >= this.#of.length) {
      const of = new Uint32Array(Math.max(address + 1, this.#of.length * 2));
      of.set(this.#of);
      this.#of = of;
    }
    this.#of[address] = place === null ? nowhere : this.#numberOf(place);
  }

  /** Whether any address has something in this column. */
  fills(column: 'country' | 'network'): boolean {
    return (column === 'country' ? this.#wheres : this.#networks).size > 1;
  }

  /** The places that come with a page of rows: of each address that it has, by the address's code here. */
  learn(addresses: readonly number[], places: readonly (RowPlace | null)[]): void {
    for (let i = 0; i < addresses.length; i++)
      if (places[i] && !this.words(addresses[i]!)) this.set(addresses[i]!, places[i]!);
  }

  /** Whether an address's place is in this country, or announced by this system. `exclude`: it is asked for what is not. */
  test(field: 'country' | 'asn', value: string, exclude: boolean): (address: number) => boolean {
    const number = Number(value);
    const bits = Uint8Array.from(this.#places, ({ words }) =>
      words && (field === 'country' ? words.country === value : words.asn === number) ? 1 : 0,
    );
    bits[notKnown] = this.#filtered && !exclude ? 1 : 0;
    return (address) => bits[this.#of[address] ?? notKnown] === 1;
  }

  /** Whether a word in lower case stands in what a place is called. */
  containing(word: string): (address: number) => boolean {
    const bits = Uint8Array.from(this.#places, ({ search }) => (search.includes(word) ? 1 : 0));
    return (address) => bits[this.#of[address] ?? notKnown] === 1;
  }

  /** A number to sort by; NaN where there is no place. */
  rank(column: 'country' | 'network'): (address: number) => number {
    const ranks = (column === 'country' ? this.#wheres : this.#networks).ranks();
    const keys = Float64Array.from(this.#places, (place) =>
      column === 'country' ? ranks[place.where]! : ranks[place.network]!,
    );
    return (address) => keys[this.#of[address] ?? notKnown]!;
  }

  /** Addresses have new codes; those that are gone have 0. Places of theirs alone go too. */
  moved(codes: Uint32Array): void {
    const [before, places] = [this.#of, this.#places];
    this.#of = new Uint32Array(Math.max(256, codes.length));
    this.#places = [blank, blank];
    this.#numbers = new Map();
    [this.#wheres, this.#networks] = [new Dictionary(), new Dictionary()];
    for (let code = 1; code < codes.length; code++) {
      const number = before[code] ?? notKnown;
      if (codes[code] === 0 || number === notKnown) continue;
      const { key, words } = places[number]!;
      this.#of[codes[code]!] = words ? (this.#numbers.get(key) ?? this.#add(key, words)) : nowhere;
    }
  }

  #numberOf(place: RowPlace): number {
    const key = `${place.country}\n${place.asn}\n${place.city}\n${place.organisation}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const organisation = visible(place.organisation ?? '');
    return this.#add(key, {
      country: visible(place.country ?? ''),
      asn: place.asn ?? 0,
      where: whereText(place),
      organisation,
      system: networkText({ asn: place.asn, organisation: null }),
      title: placeText(place),
    });
  }

  #add(key: string, words: RowPlaceWords): number {
    const { where, organisation, system, title } = words;
    const number = this.#places.push({
      key,
      words,
      where: this.#wheres.codeOf(where),
      network: this.#networks.codeOf(`${organisation} ${system}`.trim()),
      search: `${where}\n${title}`.toLowerCase(),
    });
    this.#numbers.set(key, number - 1);
    return number - 1;
  }
}
