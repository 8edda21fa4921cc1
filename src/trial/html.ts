/** A piece of markup in which every value from outside has been escaped. */
export interface Markup {
  readonly markup: string;
}

type Value = Markup | readonly Markup[] | string | number | undefined;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(value: Value): string {
  if (value === undefined) return '';
  if (typeof value === 'object') return 'markup' in value ? value.markup : value.map(escaped).join('');
  return String(value).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/** Template tag: every value is inserted as text, unless this tag made it. Quote attributes. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return { markup: parts.map((part, index) => part + escaped(values[index])).join('') };
}

const style = `
:root { color-scheme: light dark; --ground: #f2f2f2; --surface: #fff; --text: #1a1a1a; --soft: #4d4d4d; --hair: #ccc; --key: #00316a; --on-key: #fff; --fault: #ce0000; }
@media (prefers-color-scheme: dark) { :root { --ground: #000; --surface: #1a1a1a; --text: #f2f2f2; --soft: #b3b3b3; --hair: #4d4d4d; --key: #97d3ff; --on-key: #00234b; --fault: #ff9696; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.7 "Noto Sans JP", system-ui, sans-serif; overflow-wrap: anywhere; }
header, main { max-width: 46rem; margin: 0 auto; padding: 1rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; justify-content: space-between; color: var(--soft); }
main { background: var(--surface); border: 1px solid var(--hair); border-radius: 1rem; padding: 1.5rem; margin-bottom: 2rem; }
h1 { font-size: 1.5rem; line-height: 1.4; margin: 0 0 1rem; }
h2 { font-size: 1.125rem; margin: 1.5rem 0 .5rem; }
a { color: var(--key); }
.button { display: inline-block; margin: .25rem .5rem .25rem 0; padding: .6rem 1.2rem; border-radius: .5rem; border: 2px solid var(--key); background: var(--key); color: var(--on-key); text-decoration: none; font: inherit; cursor: pointer; }
.quiet { background: transparent; color: var(--key); }
:focus-visible { outline: 3px solid #ffd43d; outline-offset: 2px; box-shadow: 0 0 0 3px #000; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; border-top: 1px solid var(--hair); padding: .35rem .75rem .35rem 0; font-weight: normal; }
th { color: var(--soft); width: 11rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9rem; white-space: pre-wrap; }
pre { background: var(--ground); padding: 1rem; border-radius: .5rem; }
iframe { width: 100%; height: 24rem; border: 1px solid var(--hair); border-radius: .5rem; background: #fff; }
article { border-top: 1px solid var(--hair); padding-top: 1rem; margin-top: 1rem; }
.soft { color: var(--soft); } .fault { color: var(--fault); }
`;

export interface PageParts {
  locale: 'en' | 'ja';
  title: string;
  /** Name of the page for tests and scripts: `<main data-page>`. */
  name: string;
  head: Markup;
  body: Markup;
  /** Address of a script of this server's own. */
  script?: string;
}

/** A whole page of the trial. */
export function page(parts: PageParts): string {
  return html`<!doctype html>
<html lang="${parts.locale}">
<head><meta charset="utf-8"><title>${parts.title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<style>${{ markup: style }}</style>
${parts.script === undefined ? undefined : html`<script type="module" src="${parts.script}"></script>`}</head>
<body><header>${parts.head}</header>
<main data-page="${parts.name}">${parts.body}</main></body></html>
`.markup;
}
