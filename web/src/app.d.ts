// Types that Kit asks an app for.
declare global {
  namespace App {}
}

export {};
