// Dark, light, or as the system says; kept for the next visit.

export type Choice = 'system' | 'dark' | 'light';
const key = 'foretop.theme';
const systemDark = matchMedia('(prefers-color-scheme: dark)');

const isChoice = (value: string | null): value is Choice => value === 'dark' || value === 'light' || value === 'system';

class Theme {
  choice = $state<Choice>('system');
  #system = $state<'dark' | 'light'>(systemDark.matches ? 'dark' : 'light');

  constructor() {
    const kept = localStorage.getItem(key);
    if (isChoice(kept)) this.choice = kept;
    systemDark.addEventListener('change', () => {
      this.#system = systemDark.matches ? 'dark' : 'light';
      this.#apply();
    });
    this.#apply();
  }

  get shown(): 'dark' | 'light' {
    return this.choice === 'system' ? this.#system : this.choice;
  }

  choose(choice: Choice): void {
    this.choice = choice;
    localStorage.setItem(key, choice);
    this.#apply();
  }

  /** Set at once and not by an effect: canvases read the tokens in the same turn. */
  #apply(): void {
    document.documentElement.dataset['theme'] = this.shown;
  }
}

export const theme = new Theme();
