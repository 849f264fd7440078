// Payment card numbers in text: found by the agent in what a host sends, by the collector in captures; given out masked only.
export { CardScanner, type CardHit } from './card-scanner.ts';
export { isMaskedCard } from './card-brands.ts';
